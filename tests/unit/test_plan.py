"""Plans: which requests make up a run, which months an order may name, which a new release brings."""

from datetime import date

import numpy as np
import pytest

from services.fetcher.plan import (
    Knowledge,
    Slice,
    check_forces,
    check_month,
    describe_months,
    everybody,
    halves,
    months_to_order,
    plan_slices,
    publishers,
)
from services.fetcher.tiles import UNITED_KINGDOM, Points, Tile
from shared.areas import ForceAreas
from shared.errors import PermanentError
from shared.model import Dataset, SliceKind, month_range

LISTED = ("kent", "city-of-london", "essex")
LONDON = Tile(51.2, -0.6, 51.8, 0.4)
EXETER = Tile(50.6, -3.6, 50.8, -3.4)
NOBODY = Points(*np.empty((3, 0)))


def points(*rows: tuple[float, float, float]) -> Points:
    return Points(*np.array(rows, dtype=np.float64).T)


CITIES = Knowledge(
    "some cities", points((51.5, -0.1, 900), (51.6, 0.1, 900), (50.7, -3.5, 900), (54, -2, 900))
)


def months(text: str) -> list[date]:
    return month_range(text)


@pytest.mark.parametrize("dataset", [Dataset.STREET, Dataset.OUTCOMES])
def test_an_area_is_covered_by_tiles_of_at_most_the_target(dataset: Dataset) -> None:
    slices = [one for one in plan_slices(dataset, (), None, CITIES, 1000) if one.kind is SliceKind.TILE]
    assert [one.id for one in slices] == ["t0", "t1", "t2", "t3"]
    assert [one.expected for one in slices] == [900] * 4
    for lat, lon in [(50.7, -3.5), (58.0, -4.0), (51.5, -0.1), (49.81, 1.8)]:
        owners = [
            tile
            for tile in (one.tile for one in slices)
            if tile and tile.south <= lat < tile.north and tile.west <= lon < tile.east
        ]
        assert len(owners) == 1


def test_street_crimes_without_a_location_are_asked_of_everybody_and_outcomes_have_no_such_route() -> None:
    street = plan_slices(Dataset.STREET, everybody(LISTED), None, CITIES, 1000)
    asked = [one for one in street if one.kind is SliceKind.UNLOCATED]
    assert [(one.id, one.force) for one in asked] == [
        ("u-btp", "btp"),
        ("u-city-of-london", "city-of-london"),
        ("u-essex", "essex"),
        ("u-kent", "kent"),
    ]
    outcomes = plan_slices(Dataset.OUTCOMES, everybody(LISTED), None, CITIES, 1000)
    assert {one.kind for one in outcomes} == {SliceKind.TILE}
    assert outcomes == [one for one in street if one.kind is SliceKind.TILE]


def test_stops_are_asked_force_by_force_and_once_each() -> None:
    slices = plan_slices(Dataset.STOPS, ("kent", "btp", "kent"), None, None, 1000)
    assert slices == [
        Slice("f-btp", SliceKind.FORCE, force="btp"),
        Slice("f-kent", SliceKind.FORCE, force="kent"),
    ]


def test_an_order_for_forces_asks_only_their_rectangles() -> None:
    areas = ForceAreas.load().bounds(["city-of-london", "surrey"])
    slices = plan_slices(Dataset.OUTCOMES, (), areas, Knowledge("nothing", NOBODY), 1000)
    assert sorted(one.tile for one in slices if one.tile) == sorted(areas)
    apart = plan_slices(Dataset.OUTCOMES, (), [EXETER, LONDON], CITIES, 1000)
    assert [(one.id, one.expected) for one in apart] == [("t0", 900), ("t1", 900), ("t2", 900)]
    assert apart[0].tile == EXETER
    for one in apart[1:]:
        assert one.tile is not None
        assert one.tile.overlaps(LONDON)
        assert one.tile.union(LONDON) == LONDON


def test_without_records_the_whole_country_is_one_tile() -> None:
    (one,) = plan_slices(Dataset.OUTCOMES, (), None, Knowledge("nothing", NOBODY), 1000)
    assert (one.tile, one.expected) == (UNITED_KINGDOM, 0)


@pytest.mark.parametrize("dataset", [Dataset.STREET, Dataset.OUTCOMES])
def test_an_area_without_knowledge_is_never_planned(dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="without any knowledge"):
        plan_slices(dataset, LISTED, None, None, 1000)


def test_the_halves_of_a_slice_are_its_whole_tile_and_expect_nothing() -> None:
    whole = Slice("t3", SliceKind.TILE, tile=LONDON, expected=900)
    one, two = halves(whole, CITIES.points)
    assert (one.id, two.id) == ("t3.0", "t3.1")
    assert (one.kind, one.expected, two.expected) == (SliceKind.TILE, None, None)
    assert one.tile is not None
    assert two.tile is not None
    assert not one.tile.overlaps(two.tile)
    assert one.tile.union(two.tile) == LONDON
    assert [half.id for half in halves(two, NOBODY)] == ["t3.1.0", "t3.1.1"]


def test_what_cannot_be_cut_is_refused_for_good() -> None:
    speck = Slice("t0.1.1", SliceKind.TILE, tile=Tile(51.5, -0.1, 51.5001, -0.0999))
    with pytest.raises(PermanentError, match=r"slice t0\.1\.1: tile .* too small to be cut"):
        halves(speck, NOBODY)
    with pytest.raises(PermanentError, match="slice f-kent has too many records"):
        halves(Slice("f-kent", SliceKind.FORCE, force="kent"), NOBODY)


def test_a_month_that_the_source_does_not_serve_is_refused_with_those_it_does() -> None:
    served = months("2018-10..2018-12,2022-01")
    check_month(date(2018, 12, 1), served)
    with pytest.raises(PermanentError) as refused:
        check_month(date(2019, 1, 1), served)
    assert str(refused.value) == "the source has no 2019-01; it has 2018-10 to 2018-12, 2022-01"


def test_unknown_forces_are_refused_with_those_there_are() -> None:
    check_forces((), everybody(LISTED))
    check_forces(("btp", "kent"), everybody(LISTED))
    with pytest.raises(PermanentError) as refused:
        check_forces(("kent", "rutland", "atlantis"), everybody(LISTED))
    assert str(refused.value) == "no force atlantis, rutland; there are btp, city-of-london, essex, kent"


def test_stops_are_asked_of_those_who_published_and_of_those_we_hold() -> None:
    month = date(2018, 10, 1)
    published: dict[date, tuple[str, ...] | None] = {month: ("kent", "btp"), date(2018, 11, 1): ("essex",)}
    assert publishers(month, published, LISTED, ()) == ("btp", "kent")
    assert publishers(month, published, LISTED, ("essex", "kent")) == ("btp", "essex", "kent")


def test_where_the_source_does_not_say_who_published_stops_everybody_is_asked() -> None:
    month = date(2018, 10, 1)
    assert publishers(month, {month: None}, LISTED, ()) == ("btp", "city-of-london", "essex", "kent")
    assert publishers(month, {month: ()}, LISTED, ()) == ()


@pytest.mark.parametrize(
    ("served", "words"),
    [
        ("2018-10", "2018-10"),
        ("2018-12..2019-02", "2018-12 to 2019-02"),
        ("2018-10,2018-12,2022-01..2022-02", "2018-10, 2018-12, 2022-01 to 2022-02"),
    ],
)
def test_months_are_told_as_ranges_whatever_their_order(served: str, words: str) -> None:
    assert describe_months(months(served)) == words
    assert describe_months(months(served)[::-1]) == words


def test_no_months_are_no_words() -> None:
    assert describe_months([]) == ""


@pytest.mark.parametrize(
    ("loaded", "refresh", "ordered"),
    [
        ("", 0, "2018-10..2019-03"),
        ("2018-10..2019-02", 0, "2019-03"),
        ("2018-10..2019-02", 2, "2019-01..2019-03"),
        ("2018-10..2019-02", 36, "2018-10..2019-03"),
        ("2018-11..2019-02", 1, "2018-10,2019-02..2019-03"),
    ],
)
def test_a_release_brings_what_is_not_loaded_and_as_many_older_months_as_is_set(
    loaded: str, refresh: int, ordered: str
) -> None:
    found = months_to_order(months("2018-10..2019-03"), months(loaded) if loaded else [], refresh)
    assert found == sorted(months(ordered), reverse=True)
