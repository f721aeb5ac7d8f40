"""Tiles: cut from one rectangle they hold every point once, and none is fuller than it may be."""

from collections import Counter
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fetcher.tiles import UNITED_KINGDOM, Points, Tile, kd_tiles, poly, prior_points, split, spread
from tests.points import read_points

ROOT = Tile(50.0, -3.0, 54.0, 1.0)
# Few decimals, so that points often share a latitude, a longitude or both.
latitudes = st.integers(50_000, 53_999).map(lambda value: value / 1000)
longitudes = st.integers(-3000, 999).map(lambda value: value / 1000)
records = st.lists(st.tuples(latitudes, longitudes, st.integers(1, 50)), max_size=60)


def as_points(rows: list[tuple[float, float, int]]) -> Points:
    lat, lon, weight = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Points(lat, lon, weight)


def real_points() -> Points:
    lon, lat, _ = read_points()
    return Points(lat, lon, np.ones_like(lat))


def owners(tiles: list[Tile], lat: float, lon: float) -> list[Tile]:
    return [tile for tile in tiles if tile.south <= lat < tile.north and tile.west <= lon < tile.east]


def area(tile: Tile) -> float:
    return (tile.north - tile.south) * (tile.east - tile.west)


@given(records, st.integers(1, 200), st.lists(st.tuples(latitudes, longitudes), max_size=20))
def test_every_place_has_exactly_one_tile(
    rows: list[tuple[float, float, int]], target: int, places: list[tuple[float, float]]
) -> None:
    tiles = [piece.tile for piece in kd_tiles(as_points(rows), ROOT, target)]
    for lat, lon in [(lat, lon) for lat, lon, _ in rows] + places + [(50.0, -3.0), (53.999999, 0.999999)]:
        assert len(owners(tiles, lat, lon)) == 1
    assert sum(map(area, tiles)) == pytest.approx(area(ROOT))
    assert all(round(side, 6) == side for tile in tiles for side in tile)


@given(records, st.integers(1, 200))
def test_a_tile_is_fuller_than_the_target_only_if_all_its_points_are_in_one_place(
    rows: list[tuple[float, float, int]], target: int
) -> None:
    for piece in kd_tiles(as_points(rows), ROOT, target):
        inside = [row for row in rows if owners([piece.tile], row[0], row[1])]
        assert piece.expected == sum(weight for _, _, weight in inside)
        assert piece.expected <= target or len({(lat, lon) for lat, lon, _ in inside}) == 1


@given(records)
def test_a_split_tile_becomes_two_that_hold_the_same(rows: list[tuple[float, float, int]]) -> None:
    points = as_points(rows)
    halves = split(ROOT, points)
    assert sum(map(area, halves)) == pytest.approx(area(ROOT))
    for lat, lon, _ in rows:
        assert len(owners(list(halves), lat, lon)) == 1
    if len({(lat, lon) for lat, lon, _ in rows}) > 1:
        assert all(points.inside(half).weight.sum() > 0 for half in halves)


def test_a_tile_is_split_where_half_of_the_records_are() -> None:
    points = as_points([(52.0, lon, 1) for lon in (-2.5, -2.4, -2.3, -2.2)])
    west, east = split(Tile(51.0, -3.0, 53.0, 1.0), points)
    assert (west.east, east.west) == (-2.35, -2.35)


def test_a_tile_without_known_points_is_split_in_the_middle_of_its_longer_side() -> None:
    nothing = as_points([])
    tall = split(Tile(50.0, -1.0, 54.0, 0.0), nothing)
    assert tall == (Tile(50.0, -1.0, 52.0, 0.0), Tile(52.0, -1.0, 54.0, 0.0))
    # At 60° north a degree of longitude is half as long as one of latitude.
    wide = split(Tile(59.5, -1.0, 60.5, 2.0), nothing)
    assert wide == (Tile(59.5, -1.0, 60.5, 0.5), Tile(59.5, 0.5, 60.5, 2.0))


def test_splitting_on_and_on_ends_with_a_clear_error() -> None:
    def split_around(lat: float, lon: float) -> None:
        tile, points = UNITED_KINGDOM, as_points([(lat, lon, 20_000)])
        for _ in range(200):
            tile = next(half for half in split(tile, points) if owners([half], lat, lon))

    with pytest.raises(ValueError, match=r"tile 52\.12.*:52\.12.* is too small to be cut"):
        split_around(52.123456, -1.234567)


def test_real_points_give_about_equally_full_tiles() -> None:
    points = real_points()
    pieces = kd_tiles(points, UNITED_KINGDOM, 200)
    tiles = [piece.tile for piece in pieces]
    counts = Counter(owners(tiles, lat, lon)[0] for lat, lon, _ in zip(*points, strict=True))
    assert {piece.tile: piece.expected for piece in pieces} == counts
    assert len(tiles) <= ceil(len(points.lat) / 200) + 1
    assert min(counts.values()) > 150


def test_the_order_of_the_points_does_not_change_the_tiles() -> None:
    points = real_points()
    backwards = Points(*(column[::-1] for column in points))
    assert kd_tiles(points, UNITED_KINGDOM, 300) == kd_tiles(backwards, UNITED_KINGDOM, 300)


def test_without_points_the_rectangle_is_one_tile() -> None:
    assert kd_tiles(as_points([]), ROOT, 100) == [(ROOT, 0)]


def test_points_outside_the_rectangle_do_not_count() -> None:
    points = as_points([(52.0, -1.0, 7), (58.0, -1.0, 1000)])
    assert kd_tiles(points, ROOT, 100) == [(ROOT, 7)]


def test_a_target_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        kd_tiles(as_points([]), ROOT, 0)


def test_a_polygon_has_four_corners_latitude_first_and_overlaps_by_a_hair() -> None:
    expected = "51.499999,-0.200001:51.499999,0.100001:51.600001,0.100001:51.600001,-0.200001"
    assert poly(Tile(51.5, -0.2, 51.6, 0.1)) == expected


def test_the_united_kingdom_holds_every_real_point() -> None:
    points = real_points()
    assert len(points.inside(UNITED_KINGDOM).lat) == len(points.lat)


def test_the_prior_knows_where_people_are_and_northern_ireland() -> None:
    prior = prior_points(400_000)
    assert prior.weight.sum() == pytest.approx(400_000)
    assert len(prior.inside(UNITED_KINGDOM).lat) == len(prior.lat)
    # Northern Ireland publishes some 12,000 crimes a month, London has a seventh of the country's people.
    assert prior.inside(Tile(54.0, -8.2, 55.4, -5.4)).weight.sum() == pytest.approx(12_400, rel=0.05)
    assert 30_000 < prior.inside(Tile(51.3, -0.5, 51.7, 0.3)).weight.sum() < 80_000


def test_planned_from_the_prior_real_crimes_need_few_splits() -> None:
    # The sample of real points stands for a month: as many times scaled down as the cap.
    points = real_points()
    cap = len(points.lat) / 36
    prior = prior_points(len(points.lat) * 450 / 350)
    waiting = [piece.tile for piece in kd_tiles(prior, UNITED_KINGDOM, 0.83 * cap)]
    requests = 0
    while waiting:
        tile = waiting.pop()
        too_full = len(points.inside(tile).lat) > cap
        requests += 2 if too_full else 1  # the probe after a 503 is a request too
        waiting += split(tile, prior) if too_full else ()
    assert requests <= 3 * 36


def test_tiles_of_which_only_the_number_is_known_are_planned_as_if_it_lay_evenly_in_them() -> None:
    learned = np.array([(50.0, -1.0, 52.0, 0.0, 8_000.0), (52.0, -1.0, 54.0, 0.0, 1_600.0)])
    points = spread(learned)
    assert points.weight.sum() == pytest.approx(9_600)
    for south, west, north, east, records in learned:
        assert points.inside(Tile(south, west, north, east)).weight.sum() == pytest.approx(records)
    planned = kd_tiles(points, Tile(50.0, -1.0, 54.0, 0.0), 2_500)
    assert [piece.expected for piece in planned] == [2_000] * 4 + [1_600]
