"""Areas: real points land where their force says, and the edges are decided the same way every time."""

import numpy as np
import pytest
import shapely

from shared import reference
from shared.areas import UNITED_KINGDOM, ForceAreas
from tests.points import read_points


@pytest.fixture(scope="module")
def areas() -> ForceAreas:
    return ForceAreas.load()


def assign_one(areas: ForceAreas, lat: float, lon: float) -> str | None:
    (force,) = areas.assign(np.array([lon]), np.array([lat]))
    return force


def test_every_territorial_force_has_one_area(areas: ForceAreas) -> None:
    assert areas.force_ids == tuple(force.id for force in reference.forces() if force.id != "btp")


@pytest.mark.parametrize(
    ("lat", "lon", "force"),
    [
        (51.5138, -0.0984, "city-of-london"),  # St Paul's Cathedral
        (51.4994, -0.1248, "metropolitan"),  # Westminster
        (53.4794, -2.2453, "greater-manchester"),  # Manchester town hall
        (52.4797, -1.9026, "west-midlands"),  # Birmingham
        (50.3714, -4.1422, "devon-and-cornwall"),  # Plymouth
        (51.4816, -3.1791, "south-wales"),  # Cardiff
        (54.5964, -5.9302, "northern-ireland"),  # Belfast
        (55.8590, -4.2570, None),  # Glasgow Central
        (55.0010, -3.0650, None),  # Gretna Green station, a kilometre and a half north of the border
        (49.1868, -2.1098, None),  # Jersey
        (54.0000, 3.0000, None),  # the North Sea
    ],
)
def test_known_places_lie_where_they_should(
    areas: ForceAreas, lat: float, lon: float, force: str | None
) -> None:
    assert assign_one(areas, lat, lon) == force


def test_every_point_of_a_territorial_force_gets_an_area_and_nearly_always_its_own(areas: ForceAreas) -> None:
    lon, lat, reported_by = read_points()
    territorial = [nth for nth, force in enumerate(reported_by) if force != "btp"]
    assigned = areas.assign(lon, lat)
    different = [nth for nth in territorial if assigned[nth] != reported_by[nth]]
    assert [nth for nth in territorial if assigned[nth] is None] == []
    assert len(territorial) > 7000
    assert len(different) < 0.01 * len(territorial)


def test_only_stations_of_scotland_have_no_area(areas: ForceAreas) -> None:
    lon, lat, reported_by = read_points()
    nowhere = [nth for nth, force in enumerate(areas.assign(lon, lat)) if force is None]
    assert nowhere != []
    assert {reported_by[nth] for nth in nowhere} == {"btp"}
    assert all(lat[nth] > 54.9 for nth in nowhere)


def test_a_point_on_a_shared_border_goes_to_the_first_in_the_alphabet() -> None:
    west, east = shapely.box(-2, 52, -1, 53), shapely.box(-1, 52, 0, 53)
    assert ForceAreas(["a", "b"], [west, east]).assign(np.array([-1.0]), np.array([52.0])) == ["a"]
    assert ForceAreas(["a", "b"], [east, west]).assign(np.array([-1.0]), np.array([52.0])) == ["a"]


def test_a_point_off_the_coast_goes_to_the_area_within_half_a_kilometre_and_no_further() -> None:
    # A hundredth of a degree of latitude is 1,112 m.
    areas = ForceAreas(["a"], [shapely.box(-1.51, 52, -1.49, 53)])
    assert areas.assign(np.array([-1.5, -1.5]), np.array([51.996, 51.995])) == ["a", None]


def test_the_order_of_the_points_does_not_matter(areas: ForceAreas) -> None:
    lon, lat, _ = read_points()
    assert areas.assign(lon[::-1], lat[::-1])[::-1] == areas.assign(lon, lat)


def test_no_points_give_no_areas(areas: ForceAreas) -> None:
    empty = np.array([], dtype=np.float64)
    assert areas.assign(empty, empty) == []


def test_the_bounds_of_a_force_hold_every_point_assigned_to_it(areas: ForceAreas) -> None:
    lon, lat, _ = read_points()
    assigned = areas.assign(lon, lat)
    for force in areas.force_ids:
        (box,) = areas.bounds([force])
        inside = (lat >= box.south) & (lat <= box.north) & (lon >= box.west) & (lon <= box.east)
        assert all(inside[nth] for nth, name in enumerate(assigned) if name == force)


def test_bounds_that_touch_become_one_and_none_overlaps_another(areas: ForceAreas) -> None:
    assert areas.bounds(["city-of-london", "metropolitan"]) == areas.bounds(["metropolitan"])
    some = areas.bounds(["kent", "surrey", "north-wales", "cumbria", "norfolk", "northern-ireland"])
    assert len(some) > 2
    assert not any(one.overlaps(other) for one in some for other in some if one is not other)


@pytest.mark.parametrize(
    ("outline", "forces"),
    [
        # Inside Greater Manchester, 300 m from Cheshire
        (shapely.box(-2.2426, 53.4800, -2.2420, 53.4808), ["greater-manchester"]),
        (shapely.box(-0.0922, 51.5140, -0.0920, 51.5141), ["city-of-london"]),
        (shapely.box(-0.09, 51.51, -0.09, 51.51), ["city-of-london", "metropolitan"][:1]),
        (shapely.box(-2.3, 53.3, -2.2, 53.5), ["cheshire", "greater-manchester"]),
        (shapely.box(2.9, 53.9, 3.0, 54.0), []),
    ],
)
def test_an_outline_meets_the_areas_that_its_points_can_be_given_to(
    areas: ForceAreas, outline: shapely.Geometry, forces: list[str]
) -> None:
    assert areas.meeting(outline) == forces


def test_no_point_of_a_rectangle_is_given_to_an_area_that_it_does_not_meet(areas: ForceAreas) -> None:
    lon, lat, _ = read_points()
    for place in range(0, len(lon), 997):
        west, south = lon[place] - 0.01, lat[place] - 0.006
        box = shapely.box(west, south, west + 0.02, south + 0.012)
        inside = (lon >= west) & (lon <= west + 0.02) & (lat >= south) & (lat <= south + 0.012)
        given = set(areas.assign(lon[inside], lat[inside])) - {None}
        assert given <= set(areas.meeting(box)), box


def test_the_transport_police_is_looked_for_everywhere(areas: ForceAreas) -> None:
    assert areas.bounds(["btp", "kent"]) == [UNITED_KINGDOM]


def test_an_unknown_force_is_refused_by_naming_the_known_ones(areas: ForceAreas) -> None:
    with pytest.raises(ValueError, match=r"no area for police-scotland: known are btp, avon-and-somerset"):
        areas.bounds(["police-scotland", "kent"])
