"""Cells as GeoJSON hexagons, and which of them a rectangle touches. Pure."""

from collections.abc import Iterable
from itertools import groupby

import numpy as np
import shapely
from numpy.typing import NDArray

from services.gateway.parameters import Bbox
from services.gateway.schemas import HexFeature, HexProperties, Polygon
from shared.hexgrid import CellRange, rings

# Cell numbers are kept as smallint; far more than the British Isles on the finest level.
LOWEST, HIGHEST = -(2**15), 2**15 - 1


def within_smallint(area: CellRange) -> CellRange:
    """The part of a range that can have records at all."""
    return CellRange(
        max(area.i_min, LOWEST), min(area.i_max, HIGHEST), max(area.j_min, LOWEST), min(area.j_max, HIGHEST)
    )


def touching(level: int, cells: NDArray[np.int32], bbox: Bbox) -> NDArray[np.int32]:
    """Those of the cells (i, j), shape (n, 2), whose hexagon shares a point with the rectangle.

    Borders count. The hexagon is the one that the answer shows: straight edges between corners in degrees.
    """
    if not len(cells):
        return cells
    hexagons = shapely.polygons(rings(level, cells[:, 0], cells[:, 1]))
    touched: NDArray[np.int32] = cells[shapely.intersects(hexagons, shapely.box(*bbox))]
    return touched


def columns(cells: NDArray[np.int32]) -> list[tuple[int, int, int]]:
    """Each column with its first and last row: (i, j_min, j_max)."""
    ordered = cells[np.lexsort((cells[:, 1], cells[:, 0]))].tolist()
    by_column = [(i, [j for _, j in part]) for i, part in groupby(ordered, lambda cell: cell[0])]
    return [(i, rows[0], rows[-1]) for i, rows in by_column]


def features(
    level: int,
    cells: NDArray[np.int32],
    counts: Iterable[tuple[int, int, int, int, int]],
    words: dict[int, str],
    groups: dict[int, str],
) -> list[HexFeature]:
    """A hexagon for each of the cells, in the order of i and j; counts are (i, j, category, group, n)."""
    wanted = set(map(tuple, cells.tolist()))
    ordered = sorted(row for row in counts if row[:2] in wanted)
    by_cell = [(cell, list(rows)) for cell, rows in groupby(ordered, lambda row: row[:2])]
    if not by_cell:
        return []
    i, j = np.array([cell for cell, _ in by_cell], np.int32).T
    corners = rings(level, i, j).tolist()
    return [
        HexFeature(f"{level}.{cell[0]}.{cell[1]}", Polygon([ring]), summed(level, rows, words, groups))
        for (cell, rows), ring in zip(by_cell, corners, strict=True)
    ]


def summed(
    level: int, rows: list[tuple[int, int, int, int, int]], words: dict[int, str], groups: dict[int, str]
) -> HexProperties:
    """The counts of one cell; what would be 0 is left out."""
    by_group: dict[str, int] = {}
    by_category: dict[str, int] = {}
    for _, _, category, group, n in rows:
        by_group[groups[group]] = by_group.get(groups[group], 0) + n
        by_category[words[category]] = by_category.get(words[category], 0) + n
    return HexProperties(level, rows[0][0], rows[0][1], sum(by_group.values()), by_group, by_category)
