"""The grid's geometry: one cell a point, the nearest one, in a mesh without holes."""

from math import hypot, isclose, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from shared import hexgrid

edges = st.sampled_from(hexgrid.EDGES_M)
eastings = st.floats(-300_000, 900_000)
northings = st.floats(-300_000, 1_400_000)
longitudes = st.floats(-12, 6)
latitudes = st.floats(48, 62)


@st.composite
def british_cells(draw: st.DrawFn) -> tuple[int, int, int]:
    """A level and a cell of it anywhere around the British Isles."""
    edge_m = draw(edges)
    return edge_m, *cell_of(draw(eastings), draw(northings), edge_m)


def centre(edge_m: int, i: int, j: int) -> tuple[float, float]:
    return 1.5 * edge_m * i, sqrt(3) * edge_m * (j + 0.5 * (i % 2))


def cell_of(easting: float, northing: float, edge_m: int) -> tuple[int, int]:
    i, j = hexgrid.cells(np.array([easting]), np.array([northing]), edge_m)
    assert i.dtype == j.dtype == np.int32
    return int(i[0]), int(j[0])


def neighbours(i: int, j: int) -> list[tuple[int, int]]:
    up = j if i % 2 else j - 1
    return [(i, j - 1), (i, j + 1), (i - 1, up), (i - 1, up + 1), (i + 1, up), (i + 1, up + 1)]


@given(eastings, northings, edges)
def test_no_centre_is_nearer_than_that_of_the_own_cell(easting: float, northing: float, edge_m: int) -> None:
    i, j = cell_of(easting, northing, edge_m)

    def distance(cell: tuple[int, int]) -> float:
        x, y = centre(edge_m, *cell)
        return hypot(easting - x, northing - y)

    around = [(i + a, j + b) for a in (-2, -1, 0, 1, 2) for b in (-2, -1, 0, 1, 2)]
    assert distance((i, j)) <= min(distance(cell) for cell in around) + 1e-6


@given(british_cells())
def test_a_centre_lies_in_its_own_cell(cell: tuple[int, int, int]) -> None:
    edge_m, i, j = cell
    assert cell_of(*centre(edge_m, i, j), edge_m) == (i, j)


@given(british_cells())
def test_neighbours_share_two_corners_to_the_last_digit(cell: tuple[int, int, int]) -> None:
    edge_m, i, j = cell
    own = set(hexgrid.ring(edge_m, i, j))
    for neighbour in neighbours(i, j):
        assert len(own & set(hexgrid.ring(edge_m, *neighbour))) == 2


@given(longitudes, latitudes, edges)
def test_the_ring_contains_its_point(lon: float, lat: float, edge_m: int) -> None:
    easting, northing = hexgrid.project(np.array([lon]), np.array([lat]))
    i, j = hexgrid.cells(easting, northing, edge_m)
    # Rounding moves a corner by half a millionth of a degree, and a long side bends between its corners.
    bend = 2e-6 + 1e-12 * edge_m**2
    assert Polygon(hexgrid.ring(edge_m, int(i[0]), int(j[0]))).distance(Point(lon, lat)) <= bend


@given(british_cells())
def test_a_ring_is_closed_counter_clockwise_and_has_six_corners(cell: tuple[int, int, int]) -> None:
    edge_m, i, j = cell
    ring = hexgrid.ring(edge_m, i, j)
    assert ring[0] == ring[-1]
    assert len(ring) == 7
    assert len(set(ring)) == 6
    assert Polygon(ring).exterior.is_ccw
    assert all(round(value, 6) == value for corner in ring for value in corner)


def test_the_area_of_a_cell_is_that_of_its_edge_length() -> None:
    for edge_m in hexgrid.EDGES_M:
        lon, lat = hexgrid.rings(edge_m, np.array([30]), np.array([20]))[0].T
        area = Polygon(np.stack(hexgrid.project(lon, lat), axis=1)).area
        assert isclose(area, 1.5 * sqrt(3) * edge_m**2, rel_tol=2e-3)


def test_a_point_on_a_shared_edge_belongs_to_one_cell_by_a_fixed_rule() -> None:
    height = sqrt(3) * 275
    assert cell_of(0.0, height / 2, 275) == (0, 1)
    assert cell_of(0.0, -height / 2, 275) == (0, 0)
    # The corner between (0, 0), (1, 0) and (1, -1): the western cell wins.
    assert cell_of(275.0, 0.0, 275) == (0, 0)


def test_a_known_place_is_where_the_ordnance_survey_has_it() -> None:
    # The worked example of the Ordnance Survey's guide to coordinate systems, the water tower at Caister:
    # 52°39'28.8282"N 1°42'57.8663"E is 651409.804 E 313177.450 N; Helmert is good to some 5 m.
    easting, northing = hexgrid.project(np.array([1.716073973]), np.array([52.658007833]))
    assert hypot(easting[0] - 651_409.804, northing[0] - 313_177.450) < 5


@given(longitudes, latitudes)
def test_unprojecting_undoes_projecting(lon: float, lat: float) -> None:
    back = hexgrid.unproject(*hexgrid.project(np.array([lon]), np.array([lat])))
    # A millimetre: the transformation back starts without the height that the one there ended with.
    assert np.allclose(back, [[lon], [lat]], rtol=0, atol=1e-7)


# Up to 15° E and 70° N: a box is cut where the grid is of no use any more.
@given(longitudes, latitudes, st.floats(0, 9), st.floats(0, 8), st.floats(0, 1), st.floats(0, 1), edges)
def test_the_range_of_a_box_holds_the_cell_of_every_point_inside(
    west: float, south: float, width: float, height: float, across: float, up: float, edge_m: int
) -> None:
    box = hexgrid.cells_in_bbox(edge_m, west, south, west + width, south + height)
    easting, northing = hexgrid.project(np.array([west + across * width]), np.array([south + up * height]))
    i, j = hexgrid.cells(easting, northing, edge_m)
    assert box.i_min <= i[0] <= box.i_max
    assert box.j_min <= j[0] <= box.j_max


def test_the_range_of_the_whole_world_holds_the_british_isles_and_the_range_of_australia_nothing() -> None:
    world = hexgrid.cells_in_bbox(17600, -180, -90, 180, 90)
    assert world.i_min < -10 < 30 < world.i_max
    assert world.j_min < -5 < 45 < world.j_max
    australia = hexgrid.cells_in_bbox(17600, 110, -45, 155, -10)
    assert australia.i_min > australia.i_max


def test_a_box_turned_round_is_refused() -> None:
    with pytest.raises(ValueError, match="not a rectangle"):
        hexgrid.cells_in_bbox(275, 1, 50, 0, 51)


def test_a_point_without_coordinates_has_no_cell() -> None:
    with pytest.raises(ValueError, match="finite"):
        hexgrid.cells(np.array([np.nan]), np.array([0.0]), 275)


def test_no_points_give_no_cells() -> None:
    empty = np.array([], dtype=np.float64)
    i, j = hexgrid.cells(*hexgrid.project(empty, empty), 275)
    assert i.shape == j.shape == (0,)
    assert hexgrid.rings(275, i, j).shape == (0, 7, 2)
