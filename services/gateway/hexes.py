"""Cells of the hexagon grid with their counts: what is asked for, and what is held for it.

The API answers with it, and the map pages show it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from services.gateway.cells import columns, features, touching, within_smallint
from services.gateway.context import of_grid
from services.gateway.coverage import Facts
from services.gateway.errors import ParameterError
from services.gateway.parameters import Bbox, among, read_months, read_words
from services.gateway.schemas import HexCollection, HexFilters
from services.gateway.search_parameters import read_slugs
from services.gateway.store import CellQuery, Group, Snapshot
from services.gateway.vocabulary import NOT_RECORDED
from shared.areas import ForceAreas
from shared.coverage import BTP
from shared.hexgrid import EDGES_M, cells_in_bbox
from shared.model import Dataset, format_month

RESERVE = 10
"""So many times more cells than allowed are looked at: the range searched is larger than the rectangle."""


@dataclass(frozen=True)
class Asked:
    """Filters as they were understood; None lets everything through."""

    facts: Facts
    query: CellQuery
    asked: list[date]
    """The months, held or not."""
    words: dict[int, str]
    groups: list[Group]
    categories: list[str] | None
    outcome_groups: list[str] | None

    @property
    def slugs(self) -> dict[int, str]:
        """The public groups of outcomes by number."""
        return {group.id: group.slug for group in self.groups}

    def filters(self, bbox: Sequence[float]) -> HexFilters:
        """What was asked for, as the answer says it."""
        months = [format_month(month) for month in self.asked]
        return HexFilters(
            self.query.dataset, self.query.level, list(bbox), months, self.categories, self.outcome_groups
        )


async def read_asked(
    snapshot: Snapshot,
    dataset: Dataset,
    level: int,
    month: str | None,
    category: str | None,
    outcome_group: str | None,
) -> Asked:
    """Filters as the address has them; without `month` all that are held.

    Raises:
        ParameterError: a filter has a value that does not exist, NotFoundError: no month is held.
    """
    facts = await snapshot.facts()
    held = [one for one in facts.months(dataset) if facts.loaded[dataset, one].grid]
    asked = held if month is None else read_months(month)
    months = among(asked, held, dataset)
    words, groups = await snapshot.words(dataset), await snapshot.outcome_groups(dataset)
    categories = read_slugs("category", category, await valid_categories(snapshot, dataset, words))
    outcome_groups = read_words("outcome_group", outcome_group, [group.slug for group in groups])
    query = CellQuery(
        dataset,
        level,
        months,
        None if categories is None else [n for n, word in words.items() if word in categories],
        None if outcome_groups is None else [group.id for group in groups if group.slug in outcome_groups],
    )
    return Asked(facts, query, asked, words, groups, categories, outcome_groups)


async def valid_categories(snapshot: Snapshot, dataset: Dataset, words: dict[int, str]) -> set[str]:
    """What may be asked for: what is known, and what was ever published."""
    published = set(words.values())
    return published | (set(await snapshot.categories()) if dataset is Dataset.STREET else {NOT_RECORDED})


async def collect(
    snapshot: Snapshot, asked: Asked, bbox: Bbox, areas: ForceAreas, most: int
) -> HexCollection:
    """The cells that share a point with a rectangle.

    Raises:
        ParameterError: they are too many for one answer.
    """
    query = asked.query
    cells = await find_cells(snapshot, query, bbox, most)
    counts = await snapshot.cell_counts(query, columns(cells)) if len(cells) else []
    found = await asyncio.to_thread(features, query.level, cells, counts, asked.words, asked.slugs)
    forces = [*areas.meeting(shapely.box(*bbox)), BTP]
    answer = collection(asked, bbox, forces)
    answer.features = found
    answer.total = sum(feature.properties.total for feature in found)
    return answer


async def find_cells(snapshot: Snapshot, query: CellQuery, bbox: Bbox, most: int) -> NDArray[np.int32]:
    """The cells that touch the rectangle and have records.

    Raises:
        ParameterError: they are too many for one answer.
    """
    area = within_smallint(cells_in_bbox(query.level, *bbox))
    cells = np.empty((0, 2), np.int32)
    # The newest month alone nearly always shows what is too much; to learn it from all takes much longer.
    for months in (query.months[-1:], query.months):
        candidates = await snapshot.cells(replace(query, months=months), area, RESERVE * most)
        cells = await asyncio.to_thread(touching, query.level, candidates, bbox)
        if len(cells) > most or len(candidates) == RESERVE * most:
            coarser = [str(edge) for edge in EDGES_M if edge > query.level]
            advice = f"take level {coarser[0]} or a smaller bbox" if coarser else "take a smaller bbox"
            raise ParameterError(
                "bbox", f"more than {most} cells of level {query.level} have records here: {advice}"
            )
        if len(query.months) == 1:
            break
    return cells


def collection(asked: Asked, bbox: Bbox, forces: list[str]) -> HexCollection:
    """The answer without its cells: what they stand for, and what they lack."""
    dataset = asked.query.dataset
    held = of_grid(asked.facts, dataset, asked.asked, forces)
    grids = {month: grid for month in asked.query.months if (grid := asked.facts.loaded[dataset, month].grid)}
    nowhere = [
        f"{format_month(month)}: {grid.without_cell} records without a location are in no cell"
        for month, grid in grids.items()
        if grid.without_cell
    ]
    return HexCollection(
        data_version=held.data_version,
        missing_months=held.missing_months,
        filters=asked.filters(bbox),
        outcome_groups={group.slug: group.label for group in asked.groups},
        mapping_version=max(grid.mapping_version for grid in grids.values()),
        total=0,
        gaps=held.gaps,
        notes=held.notes + nowhere,
        features=[],
    )
