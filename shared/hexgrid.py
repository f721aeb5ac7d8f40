"""The hexagon grid: flat metres of the British National Grid, cells numbered as PostGIS numbers them.

Pure arithmetic. A cell is (edge length, i, j) and is the hexagon that `ST_HexagonGrid(edge, bounds)` returns
with the same i and j (PostGIS 3.3, `lwgeom_generate_grid.c`): flat-topped, centre of (0, 0) at the origin of
EPSG:27700, columns 1.5 edges apart, odd columns half a cell further north. A component test proves it.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

EDGES_M = (275, 1100, 4400, 17600)
"""Edge lengths of the levels in metres, finest first."""

# The Helmert transformation EPSG:1314, written out. Asked for by code, PROJ would silently prefer the OSTN15
# grid on a machine that has it (metres away), and the same crime would fall into another cell there.
_WGS84_TO_BRITISH_GRID = """
    proj=pipeline
    step proj=unitconvert xy_in=deg xy_out=rad
    step proj=push v_3
    step proj=cart ellps=WGS84
    step inv proj=helmert x=446.448 y=-125.157 z=542.06 rx=0.15 ry=0.247 rz=0.842 s=-20.489
         convention=position_vector
    step inv proj=cart ellps=airy
    step proj=pop v_3
    step proj=tmerc lat_0=49 lon_0=-2 k=0.9996012717 x_0=400000 y_0=-100000 ellps=airy
"""
_CENTRAL_MERIDIAN = -2.0
_SQRT3 = 3.0**0.5

# Corners counter-clockwise from the west, in half edges (x) and half heights (y) from the centre: whole
# numbers, so that neighbours compute bit for bit the same corner.
_CORNER_X = np.array([-2, -1, 1, 2, 1, -1, -2], dtype=np.int64)
_CORNER_Y = np.array([0, -1, -1, 0, 1, 1, 0], dtype=np.int64)

# Where the projection is monotone enough for `cells_in_bbox`; far more than the British Isles.
_WEST, _SOUTH, _EAST, _NORTH = -20.0, 40.0, 15.0, 70.0


class CellRange(NamedTuple):
    """Columns i_min..i_max and rows j_min..j_max, both ends included; empty if i_min > i_max."""

    i_min: int
    i_max: int
    j_min: int
    j_max: int


def project(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """WGS 84 degrees, shape (n,), to easting and northing in metres of EPSG:27700, shape (n,) each."""
    easting, northing = _transformer().transform(np.asarray(lon, float), np.asarray(lat, float))
    return easting, northing


def unproject(
    easting: NDArray[np.floating], northing: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres of EPSG:27700 to WGS 84 degrees: longitude and latitude, of the same shape."""
    lon, lat = _transformer().transform(easting, northing, direction="INVERSE")
    return lon, lat


def cells(
    easting: NDArray[np.float64], northing: NDArray[np.float64], edge_m: float
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The one cell (i, j) of every point, shape (n,) each: the cell with the nearest centre.

    On a shared edge the western cell wins, and of two cells in one column the northern one. `ValueError`
    for a coordinate that is not finite.
    """
    if not (np.isfinite(easting).all() and np.isfinite(northing).all()):
        raise ValueError("a point without finite coordinates has no cell")
    west = np.floor(easting / (1.5 * edge_m))
    j_west, distance_west = _nearest_in_column(easting, northing, west, edge_m)
    j_east, distance_east = _nearest_in_column(easting, northing, west + 1, edge_m)
    is_east = distance_east < distance_west
    return (west + is_east).astype(np.int32), np.where(is_east, j_east, j_west).astype(np.int32)


def rings(edge_m: float, i: NDArray[np.int32], j: NDArray[np.int32]) -> NDArray[np.float64]:
    """Closed counter-clockwise rings, shape (n, 7, 2): longitude and latitude in degrees, 6 decimals."""
    return np.stack(corner_degrees(edge_m, *corners(i, j)), axis=-1).round(6)


def corners(i: NDArray[np.int32], j: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Closed counter-clockwise rings on the lattice of all corners, shape (n, 7) each.

    Whole half edges east and half heights north of the grid's origin, the same numbers for each neighbour.
    """
    column, row = np.asarray(i, np.int64)[:, None], np.asarray(j, np.int64)[:, None]
    return 3 * column + _CORNER_X, 2 * row + column % 2 + _CORNER_Y


def corner_degrees(
    edge_m: float, x: NDArray[np.int64 | np.float64], y: NDArray[np.int64 | np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of places on the lattice of corners, of the same shape."""
    return unproject(x * (edge_m / 2), y * (edge_m * _SQRT3 / 2))


def ring(edge_m: float, i: int, j: int) -> list[tuple[float, float]]:
    """One closed ring of seven (lon, lat), as a GeoJSON polygon wants it."""
    corners = rings(edge_m, np.array([i], np.int32), np.array([j], np.int32))[0]
    return [(float(lon), float(lat)) for lon, lat in corners]


def cells_in_bbox(edge_m: float, west: float, south: float, east: float, north: float) -> CellRange:
    """A range that holds every cell touching the rectangle of WGS 84 degrees, and some around it.

    `ValueError` if west > east or south > north. A rectangle far from the British Isles gives an empty
    range.
    """
    if not (west <= east and south <= north):
        raise ValueError(f"not a rectangle: west {west}, south {south}, east {east}, north {north}")
    west, east = max(west, _WEST), min(east, _EAST)
    south, north = max(south, _SOUTH), min(north, _NORTH)
    if west > east or south > north:
        return CellRange(0, -1, 0, -1)
    # A rectangle of degrees is widest and highest at a corner or where the central meridian crosses it.
    middle = min(max(_CENTRAL_MERIDIAN, west), east)
    easting, northing = project(
        np.array([west, middle, east, west, middle, east]), np.array([south] * 3 + [north] * 3)
    )
    column, row = 1.5 * edge_m, _SQRT3 * edge_m
    return CellRange(
        int(np.floor(easting.min() / column)) - 1,
        int(np.ceil(easting.max() / column)) + 1,
        int(np.floor(northing.min() / row)) - 1,
        int(np.ceil(northing.max() / row)) + 1,
    )


def _nearest_in_column(
    x: NDArray[np.float64], y: NDArray[np.float64], column: NDArray[np.float64], edge_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Row of the nearest centre within a column, and the squared distance to it."""
    height = _SQRT3 * edge_m
    shift = 0.5 * (column % 2)
    row = np.floor(y / height - shift + 0.5)
    distance: NDArray[np.float64] = (x - 1.5 * edge_m * column) ** 2 + (y - height * (row + shift)) ** 2
    return row, distance


@cache
def _transformer() -> Transformer:
    return Transformer.from_pipeline(_WGS84_TO_BRITISH_GRID)
