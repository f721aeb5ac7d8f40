"""Maps: everything at its place, circles in proportion, everybody named who is to be named."""

import csv
import lzma
import re
from collections import Counter
from math import hypot
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from services.reporter import basemap, maps, palette
from services.reporter.basemap import Drawn, bundled
from services.reporter.frame import Frame
from services.reporter.lettering import Label, place
from services.reporter.maps import coverage_map, density_map
from services.reporter.marks import round_counts
from shared.areas import ForceAreas

SAMPLE = Path(__file__).parents[2] / "deploy/local/sample/police"
LIVERPOOL_STREET = (51.5186, -0.0813)
COVENT_GARDEN = (51.5115, -0.1222)
DOVER = (51.1275, 1.3134)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def published() -> tuple[list[tuple[float, float, int]], list[tuple[float, float, str]]]:
    """Map points of the City of London in 2019-10 with their crimes, and with their names."""
    with lzma.open(SAMPLE / "2019-10/2019-10-city-of-london-street.csv.xz", "rt") as lines:
        rows = [row for row in csv.DictReader(lines) if row["Longitude"]]
    counts = Counter((float(row["Latitude"]), float(row["Longitude"])) for row in rows)
    names = {(float(row["Latitude"]), float(row["Longitude"])): row["Location"] for row in rows}
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(*at, n) for at, n in ordered], [(*at, names[at]) for at, _ in ordered]


def circles(svg: str, opacity: str) -> list[tuple[float, float, float]]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    return [
        (float(node.attrib["cx"]), float(node.attrib["cy"]), float(node.attrib["r"]))
        for node in found
        if node.get("fill-opacity") == opacity
    ]


def words(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def expected_pixels(lat: float, lon: float) -> tuple[float, float]:
    """Where a point belongs, by PROJ's own definition of the British National Grid."""
    grid = Transformer.from_crs(4326, 27700, always_xy=True)
    (east, north), (x, y) = grid.transform(*LIVERPOOL_STREET[::-1]), grid.transform(lon, lat)
    per_metre = 640 / (3.5 * 500)
    return 320 + (x - east) * per_metre, 196 - (y - north) * per_metre


def test_circles_stand_where_the_crimes_are_with_areas_in_proportion(
    published: tuple[list[tuple[float, float, int]], list[tuple[float, float, str]]],
) -> None:
    points, _ = published
    svg = density_map(*LIVERPOOL_STREET, 500, points, bundled())
    expected = [(*expected_pixels(lat, lon), n) for lat, lon, n in points]
    inside = [spot for spot in expected if 0 < spot[0] < 640 and 0 < spot[1] < 392]
    drawn = circles(svg, "0.45")
    legend = round_counts(points[0][2])
    assert len(drawn) == len(inside) + len(legend)
    most = points[0][2]
    for x, y, n in inside:
        _, _, radius = min(
            drawn, key=lambda c: (round(hypot(c[0] - x, c[1] - y)), abs(c[2] ** 2 * most / 400 - n))
        )
        assert radius**2 * most / 400 == pytest.approx(n, rel=0.02)
    for n, (_, _, radius) in zip(legend, drawn[-len(legend) :], strict=True):
        assert radius**2 * most / 400 == pytest.approx(n, rel=0.02)
        assert f"{n:,}" in words(svg)


def test_the_ring_has_the_radius_at_the_scale_of_the_bar() -> None:
    svg = coverage_map(*LIVERPOOL_STREET, 500, bundled())
    ((x, y, radius),) = circles(svg, "0.06")
    assert (x, y) == (320, 196)
    bar = re.search(r"V[\d.]+H([\d.]+)V", svg)
    start = re.search(r'<path d="M([\d.]+) [\d.]+V', svg)
    assert bar
    assert start
    assert radius / (float(bar[1]) - float(start[1])) == pytest.approx(500 / 200, rel=0.01)
    assert {"200 m", "500 m", "N"} <= set(words(svg))


def test_streets_are_labelled_by_their_published_names_once(
    published: tuple[list[tuple[float, float, int]], list[tuple[float, float, str]]],
) -> None:
    labels = [(51.5186, -0.0833, "On or near Moor Lane"), (51.5196, -0.0833, "On or near Moor Lane")]
    assert words(coverage_map(*LIVERPOOL_STREET, 500, bundled(), labels)).count("Moor Lane") == 1
    said = words(coverage_map(*LIVERPOOL_STREET, 500, bundled(), published[1], "EC2M 7PY"))
    assert "EC2M 7PY" in said
    names = {name.removeprefix("On or near ") for *_, name in published[1]}
    assert len([word for word in said if word in names]) >= 20
    assert not [word for word in said if word.startswith("On or near")]


def test_labels_never_cover_each_other() -> None:
    frame = Frame(0, 0, 640, 0, 0, 640, 480)
    labels = [Label(300 + index, 200 + index, f"Street {index}") for index in range(40)]
    taken: list[tuple[float, float, float, float]] = []
    place(labels, frame, taken)
    boxes = [shapely.box(*box) for box in taken]
    assert 4 <= len(boxes) < 40
    assert not [(a, b) for a in boxes for b in boxes if a is not b and a.intersects(b)]


def test_who_is_named_depends_on_what_is_drawn() -> None:
    bare = " ".join(words(density_map(*LIVERPOOL_STREET, 500, [], bundled())))
    streets = " ".join(words(density_map(*COVENT_GARDEN, 500, [], bundled())))
    assert basemap.OPENSTREETMAP in streets
    assert "OpenStreetMap" not in bare
    assert "mySociety, OGL v3.0" in bare
    assert maps.POLICE_DATA in bare
    assert basemap.STREETS_END not in streets
    assert basemap.STREETS_END in " ".join(words(density_map(51.5138, -0.0984, 500, [], bundled())))
    region = " ".join(words(coverage_map(*DOVER, 500, bundled())))
    assert basemap.NATURAL_EARTH in region
    assert basemap.GEONAMES in region
    assert maps.POLICE_DATA not in region


def test_the_coast_is_drawn_and_the_town_named() -> None:
    svg = coverage_map(*DOVER, 500, bundled())
    assert "Dover" in words(svg)
    frame = Frame(632_500, 141_000, 30_000, 0, 0, 640, 480)
    land = re.search(rf'<path d="([^"]*)" fill="{palette.LAND}"', bundled().draw(frame).svg)
    assert land
    rings = re.findall("M([^Z]*)Z", land[1])
    areas = [
        shapely.Polygon([tuple(map(float, at.split())) for at in ring.split("L")]).area for ring in rings
    ]
    assert 0.2 < sum(areas) / (640 * 480) < 0.8


def test_no_crimes_is_said_and_not_drawn() -> None:
    svg = density_map(*LIVERPOOL_STREET, 500, [], bundled())
    assert circles(svg, "0.45") == []
    assert "No published crimes to draw" in words(svg)


def test_the_same_map_twice_is_the_same_text(
    published: tuple[list[tuple[float, float, int]], list[tuple[float, float, str]]],
) -> None:
    points, labels = published
    for at in (LIVERPOOL_STREET, COVENT_GARDEN, DOVER):
        first = [coverage_map(*at, 500, bundled(), labels), density_map(*at, 500, points, bundled(), labels)]
        second = [coverage_map(*at, 500, bundled(), labels), density_map(*at, 500, points, bundled(), labels)]
        assert first == second


def test_names_with_markup_are_text() -> None:
    svg = coverage_map(*LIVERPOOL_STREET, 500, bundled(), [(51.5186, -0.0833, "On or near <b>R&D</b>")])
    assert "<b>R&D</b>" in words(svg)


def test_an_operators_own_basemap_takes_the_place_of_the_bundled_one() -> None:
    class Tiles:
        def draw(self, frame: Frame) -> Drawn:
            return Drawn('<rect id="tile"/>', (), ("Tiles of the operator",))

    svg = density_map(*DOVER, 500, [], Tiles())
    assert 'id="tile"' in svg
    assert any("Tiles of the operator" in word for word in words(svg))
    assert "mySociety" not in svg


@pytest.mark.parametrize(
    ("most", "counts"),
    [(1, [1]), (3, [2, 1]), (50, [50, 10, 2]), (585, [500, 100, 20]), (1000, [1000, 200, 50])],
)
def test_the_legend_has_round_numbers(most: int, counts: list[int]) -> None:
    assert round_counts(most) == counts


def test_a_text_is_drawn_once_at_the_first_place_that_is_free() -> None:
    frame = Frame(0, 0, 640, 0, 0, 640, 392)
    at = [Label(x, 100, "Strand", 8, 0) for x in (100, 300, 500)]
    assert place(at, frame, [(90, 90, 110, 110)]) == place(at[1:2], frame, [])


def strokes(svg: str) -> list[tuple[float, float]]:
    """Middles of the hatching's lines."""
    found = re.findall(rf'<path d="([^"]*)" fill="none" stroke="{palette.MUTED}" stroke-width="0.9"', svg)
    data, _swatch = found
    lines = [[float(n) for n in re.findall(r"-?[\d.]+", one)] for one in data.split("M") if one]
    return [((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in lines]


def test_the_part_of_the_radius_without_data_is_hatched_and_explained() -> None:
    metropolitan = ForceAreas.load().outlines(["metropolitan"])
    for drawn in (
        coverage_map(*LIVERPOOL_STREET, 500, bundled(), silent=metropolitan),
        density_map(*LIVERPOOL_STREET, 500, [], bundled(), silent=metropolitan),
    ):
        middles = strokes(drawn)
        assert len(middles) > 20
        radius = 500 * 640 / (3.5 * 500)
        assert all(hypot(x - 320, y - 196) < radius for x, y in middles)
        assert "Data missing, or of some months only" in words(drawn)
        degrees = [lon_lat(x, y) for x, y in middles]
        areas = ForceAreas.load().assign(*np.array(degrees).T)
        assert set(areas) == {"metropolitan"}


def test_nothing_is_hatched_where_nothing_is_missing() -> None:
    far = ForceAreas.load().outlines(["kent"])
    for silent in ([], far):
        drawn = density_map(*LIVERPOOL_STREET, 500, [], bundled(), silent=silent)
        assert "Data missing, or of some months only" not in words(drawn)
        assert 'stroke-width="0.9"' not in drawn


def lon_lat(x: float, y: float) -> tuple[float, float]:
    """The point of a pixel, by PROJ's own definition of the British National Grid."""
    grid = Transformer.from_crs(4326, 27700, always_xy=True)
    east, north = grid.transform(*LIVERPOOL_STREET[::-1])
    metres = 3.5 * 500 / 640
    lon, lat = grid.transform(east + (x - 320) * metres, north - (y - 196) * metres, direction="INVERSE")
    return lon, lat
