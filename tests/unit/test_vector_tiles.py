"""Maps drawn of vector tiles: everything at its place, of both schemas, and never without end."""

import re
from math import hypot
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from services.reporter import palette
from services.reporter.basemap import Drawn, PreparedBasemap, bundled
from services.reporter.frame import Frame
from services.reporter.maps import coverage_map, density_map, frames
from services.reporter.tile_grid import choose, in_tiles, out_of_tiles
from services.reporter.vector_basemap import MOST_POINTS, MOST_STREETS, TILE_PIXELS, bounded, painted
from services.reporter.vector_rules import Look, look_of
from services.reporter.vector_tile import read_features
from shared.errors import PermanentError
from tests.vector_tiles import Shape, encode, tiles_under

PLACES = {
    "London": (51.5115, -0.1222),
    "Dover": (51.1275, 1.3134),
    "Penzance": (50.1188, -5.537),
    "Berwick": (55.7710, -2.0070),
}
GRID = Transformer.from_crs(4326, 27700, always_xy=True)
Words = dict[str, tuple[str, dict[str, Any]]]
"""Layer and properties of what is drawn, in the words of a schema."""

PROTOMAPS: Words = {
    "main_street": ("roads", {"kind": "major_road", "kind_detail": "primary"}),
    "street": ("roads", {"kind": "minor_road", "kind_detail": "residential"}),
    "park": ("landuse", {"kind": "park"}),
    "water": ("water", {"kind": "lake"}),
    "place": ("places", {"kind": "neighbourhood", "kind_detail": "suburb"}),
}
OPENMAPTILES: Words = {
    "main_street": ("transportation", {"class": "primary"}),
    "street": ("transportation", {"class": "minor"}),
    "park": ("landcover", {"class": "grass", "subclass": "park"}),
    "water": ("water", {"class": "lake"}),
    "place": ("place", {"class": "suburb", "rank": 12}),
}


def of_lon_lat(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Metres of EPSG:27700, by PROJ's own definition."""
    return [GRID.transform(*point) for point in points]


def draw(frame: Frame, *shapes: Shape, deepest: int = 15) -> Drawn:
    cut = choose(frame, TILE_PIXELS, range(deepest + 1))
    assert cut
    return painted(frame, cut, {tile: encode(tile, shapes) for tile in tiles_under(frame, deepest)})


def paths(svg: str, colour: str, kind: str = "stroke") -> list[str]:
    return re.findall(rf'<path d="([^"]*)"[^>]* {kind}="{colour}"', svg)


def lines(path: str) -> shapely.MultiLineString:
    """The lines of an SVG path, in pixels."""
    parts = [part.removesuffix("Z").split("L") for part in path.split("M")[1:]]
    return shapely.MultiLineString([[tuple(map(float, at.split())) for at in part] for part in parts])


def covered(path: str) -> shapely.Geometry:
    """The ground of an SVG path, holes filled."""
    return shapely.make_valid(
        shapely.union_all([shapely.Polygon(ring).buffer(0) for ring in lines(path).geoms])
    )


def of_london(frame: Frame, words: Words) -> list[Shape]:
    """The bundled streets and parks, as far as any tile of the frame reaches."""
    wider = Frame(frame.easting, frame.northing, 1.8 * frame.width_m, 0, 0, frame.width, frame.height)
    layers = bundled()._layers
    return [
        Shape(*words[layer], shape)
        for layer in ("main_street", "street", "park")
        for _, shape in layers[layer].within(wider)
    ]


@pytest.mark.parametrize("deepest", [15, 13])
@pytest.mark.parametrize("name", PLACES)
def test_what_is_at_a_known_coordinate_is_drawn_there(name: str, deepest: int) -> None:
    lat, lon = PLACES[name]
    frame, _ = frames(lat, lon, 500)
    road = shapely.LineString(of_lon_lat((lon - 0.004, lat + 0.001), (lon + 0.003, lat - 0.002)))
    pond = shapely.box(*of_lon_lat((lon + 0.001, lat + 0.001))[0], *of_lon_lat((lon + 0.002, lat + 0.002))[0])
    place = shapely.Point(of_lon_lat((lon - 0.002, lat - 0.001))[0])
    drawn = draw(
        frame,
        Shape("roads", {"kind": "highway"}, road),
        Shape("water", {"kind": "lake"}, pond),
        Shape("places", {"kind": "neighbourhood", "name": "Here"}, place),
        deepest=deepest,
    )
    tolerance = 0.2 if deepest == 15 else 0.5  # a tile's own unit is 0.07 pixels at zoom 15
    [label] = drawn.labels
    center = GRID.transform(lon, lat)

    def pixel(east: float, north: float) -> tuple[float, float]:
        return 320 + (east - center[0]) * 640 / 1750, 196 - (north - center[1]) * 640 / 1750

    ends = lines(paths(drawn.svg, palette.STREET)[0]).bounds
    (left, top), (right, bottom) = (pixel(*at) for at in road.coords)
    assert ends == pytest.approx((left, top, right, bottom), abs=tolerance)
    (left, bottom), (right, top) = pixel(*pond.bounds[:2]), pixel(*pond.bounds[2:])
    [water] = paths(drawn.svg, palette.SEA, "fill")
    assert lines(water).bounds == pytest.approx((left, top, right, bottom), abs=tolerance)
    x, y = pixel(place.x, place.y)
    assert (label.text, hypot(label.x - x, label.y - y) < tolerance) == ("Here", True)


@pytest.mark.parametrize("words", [PROTOMAPS, OPENMAPTILES], ids=["Protomaps", "OpenMapTiles"])
def test_the_streets_of_london_lie_where_the_bundled_map_has_them(
    words: Words,
) -> None:
    frame, _ = frames(*PLACES["London"], 500)
    ours, theirs = draw(frame, *of_london(frame, words)).svg, bundled().draw(frame).svg
    assert ours.count("M") > 500
    for colour in (palette.STREET, palette.STREET_EDGE):
        drawn, expected = paths(ours, colour), paths(theirs, colour)
        assert len(drawn) == len(expected) == 2
        for one, other in zip(drawn, expected, strict=True):
            assert shapely.hausdorff_distance(lines(one), lines(other)) < 1
    [parks], [expected_parks] = (paths(svg, palette.PARK, "fill") for svg in (ours, theirs))
    assert covered(parks).symmetric_difference(covered(expected_parks)).area < 0.01 * covered(parks).area


def test_both_schemas_give_the_same_map() -> None:
    frame, _ = frames(*PLACES["London"], 500)
    middle = shapely.Point(frame.easting, frame.northing)
    maps = []
    for words in (PROTOMAPS, OPENMAPTILES):
        layer, properties = words["place"]
        place = Shape(layer, {**properties, "name": "Covent Garden"}, middle)
        pond = Shape(*words["water"], middle.buffer(100))
        maps.append(draw(frame, *of_london(frame, words), place, pond))
    assert maps[0] == maps[1]
    assert [label.text for label in maps[0].labels] == ["Covent Garden"]


def test_an_area_over_many_tiles_has_no_seams() -> None:
    frame, _ = frames(*PLACES["Dover"], 500)
    assert len(tiles_under(frame)) > 4
    all_sea = shapely.Point(frame.easting, frame.northing).buffer(9_000)
    [water] = paths(draw(frame, Shape("water", {"kind": "ocean"}, all_sea)).svg, palette.SEA, "fill")
    assert water.count("M") == 1
    assert lines(water).bounds == (0, 0, 640, 392)
    assert lines(water).length == 2 * (640 + 392)


def test_the_sea_shows_where_tiles_say_what_is_land() -> None:
    frame, _ = frames(*PLACES["Dover"], 500)
    west, south, east, north = frame.bounds
    land = Shape(
        "earth", {"kind": "earth"}, shapely.box(west - 1500, south - 1500, frame.easting, north + 1500)
    )
    assert f'fill="{palette.SEA}"/>' in draw(frame, land).svg
    [drawn] = paths(draw(frame, land).svg, palette.LAND, "fill")
    assert lines(drawn).bounds == pytest.approx((0, 0, 320, 392), abs=0.2)
    bare = draw(
        frame, Shape("roads", {"kind": "highway"}, shapely.LineString([(west, south), (east, north)]))
    )
    assert f'fill="{palette.SEA}"' not in bare.svg


def test_few_streets_are_named_each_once_and_the_widest_first() -> None:
    frame, _ = frames(*PLACES["London"], 500)
    east, north = frame.easting, frame.northing

    def street(name: str, detail: str, row: int, length: float = 800) -> Shape:
        at = shapely.LineString([(east - length, north + row * 40), (east + length, north + row * 40)])
        kind = "minor_road" if detail in ("service", "residential") else "major_road"
        return Shape("roads", {"kind": kind, "kind_detail": detail, "name": name}, at)

    drawn = draw(
        frame,
        *(street(f"Side {n}", "tertiary", n, 100 + 60 * n) for n in range(9)),
        street("Strand", "primary", -3),
        street("Mews", "service", -4),
        street("Lane", "residential", -5),
    )
    named = list(dict.fromkeys(label.text for label in drawn.labels))
    assert named == ["Strand", *(f"Side {n}" for n in range(8, 1, -1))]
    assert len(named) == MOST_STREETS
    assert (drawn.labels[0].x, drawn.labels[0].y) == pytest.approx(
        (320, 196 + 120 * frame.per_metre), abs=0.5
    )
    names = [(51.5117, -0.1230, "On or near Strand"), (51.5130, -0.1250, "On or near Moor Lane")]
    ground = PreparedBasemap({frame: drawn})
    for svg in (
        coverage_map(*PLACES["London"], 500, ground, names, "WC2E 9DD"),
        density_map(*PLACES["London"], 500, [(*at[:2], 5) for at in names], ground, names),
    ):
        assert svg.count(">Moor Lane<") == svg.count(">Strand<") == 1


def test_places_are_named_by_importance_and_a_region_names_no_quarters() -> None:
    frame, region = frames(*PLACES["London"], 500)
    at = shapely.Point(frame.easting + 100, frame.northing)
    of_kind: dict[str, dict[str, Any]] = {
        "London": {"kind": "locality", "kind_detail": "city", "population_rank": 13},
        "Croydon": {"kind": "locality", "kind_detail": "town", "population_rank": 10},
        "Barnet": {"kind": "locality", "kind_detail": "town", "population_rank": 11},
        "Soho": {"kind": "neighbourhood"},
        "\u0007Bell": {"kind": "locality", "kind_detail": "city"},
        "": {"kind": "locality", "kind_detail": "city"},
        "L" * 41: {"kind": "locality", "kind_detail": "city"},
    }
    shapes = [Shape("places", {**of_kind[name], "name": name}, at) for name in sorted(of_kind)]
    named = [[label.text for label in draw(each, *shapes).labels] for each in (frame, region)]
    assert named == [["London", "Barnet", "Croydon", "Soho"], ["London", "Barnet", "Croydon"]]


def test_a_region_shows_land_water_and_borders_only() -> None:
    _, region = frames(*PLACES["London"], 500)
    west, south, east, north = region.bounds
    across = shapely.LineString([(west, south), (east, north)])
    svg = draw(
        region,
        Shape("roads", {"kind": "highway"}, across),
        Shape("boundaries", {"kind": "region", "kind_detail": 4}, across),
        Shape("boundaries", {"kind": "county", "kind_detail": 6}, across),
        Shape("landuse", {"kind": "park"}, across.buffer(5_000)),
        Shape("water", {"kind": "river"}, across),
    ).svg
    assert len(paths(svg, palette.BORDER)) == len(paths(svg, palette.RIVER)) == 1
    assert not paths(svg, palette.STREET)
    assert not paths(svg, palette.PARK, "fill")


@pytest.mark.parametrize(
    ("layer", "properties", "dimension", "look"),
    [
        ("roads", {"kind": "highway", "kind_detail": "motorway"}, 1, Look.MAIN),
        ("roads", {"pmap:kind": "major_road"}, 1, Look.MAIN),
        ("roads", {"pmap:kind": "major_road", "pmap:level": -1}, 1, None),
        ("roads", {"kind": "major_road", "kind_detail": "tertiary"}, 1, Look.MIDDLE),
        ("roads", {"kind": "minor_road", "kind_detail": "service"}, 1, None),
        ("roads", {"kind": "path", "kind_detail": "pedestrian"}, 1, Look.MINOR),
        ("roads", {"kind": "path", "kind_detail": "footway"}, 1, None),
        ("roads", {"kind": "rail", "kind_detail": "rail"}, 1, Look.RAIL),
        ("roads", {"kind": "rail", "kind_detail": "rail", "is_tunnel": True}, 1, None),
        ("roads", {"kind": "rail", "kind_detail": "subway"}, 1, None),
        ("transportation", {"class": "minor"}, 1, Look.MINOR),
        ("transportation", {"class": "primary", "brunnel": "bridge"}, 1, Look.MAIN),
        ("transportation", {"class": "primary", "brunnel": "tunnel"}, 1, None),
        ("transportation", {"class": "transit", "subclass": "subway"}, 1, None),
        ("transportation", {"class": "path", "subclass": "pedestrian"}, 2, None),
        ("waterway", {"class": "river"}, 1, Look.STREAM),
        ("water", {"kind": "stream"}, 1, Look.STREAM),
        ("water", {"kind": "ocean"}, 0, None),
        ("buildings", {"kind": "address"}, 0, None),
        ("building", {}, 2, Look.BUILDING),
        ("landuse", {"kind": "national_park"}, 2, None),
        ("landuse", {"kind": "residential"}, 2, None),
        ("boundary", {"admin_level": 4}, 1, Look.BORDER),
        ("boundary", {"admin_level": 2, "maritime": 1}, 1, None),
        ("boundary", {"admin_level": 8}, 1, None),
        ("pois", {"kind": "park"}, 0, None),
    ],
)
def test_the_rules_read_both_schemas(
    layer: str, properties: dict[str, object], dimension: int, look: Look | None
) -> None:
    assert look_of(layer, properties, dimension) is look


def test_names_of_openmaptiles_come_from_a_layer_that_is_not_drawn() -> None:
    frame, _ = frames(*PLACES["London"], 500)
    across = shapely.LineString(
        [(frame.easting - 300, frame.northing), (frame.easting + 300, frame.northing)]
    )
    drawn = draw(frame, Shape("transportation_name", {"class": "primary", "name": "Strand"}, across))
    assert {label.text for label in drawn.labels} == {"Strand"}
    assert "<path" not in drawn.svg


def test_too_many_points_cost_the_buildings_first_and_then_the_map() -> None:
    none = dict.fromkeys(Look, "")
    few, many = "M1 1" + "L2 2" * 9, "M1 1" + "L2 2" * MOST_POINTS
    assert bounded({**none, Look.MAIN: few, Look.BUILDING: few}) == {
        **none,
        Look.MAIN: few,
        Look.BUILDING: few,
    }
    assert bounded({**none, Look.MAIN: few, Look.BUILDING: many}) == {**none, Look.MAIN: few}
    with pytest.raises(
        PermanentError, match=f"{MOST_POINTS + 1:,} points in a map, more than {MOST_POINTS:,}"
    ):
        bounded({**none, Look.MAIN: many, Look.BUILDING: few})


def test_what_is_no_vector_tile_is_refused() -> None:
    frame, _ = frames(*PLACES["London"], 500)
    at = shapely.Point(frame.easting, frame.northing)
    road = shapely.LineString(at.buffer(100).exterior)
    tile, whole = next(
        (tile, content)
        for tile in tiles_under(frame)
        if (content := encode(tile, [Shape("roads", {"kind": "highway"}, road)]))
    )
    assert len(read_features(tile, whole)) == 1
    missing_command = whole.replace(whole[-6:], b"\xff\xff\xff\xff\x0f\x01")
    for content in (b"<html>Not here</html>", b"\x89PNG\r\n\x1a\n", whole[:-4], whole[3:], missing_command):
        with pytest.raises(PermanentError, match=f"tile {tile} is no readable vector tile"):
            read_features(tile, content)
    assert read_features(tile, b"") == []


def test_the_way_out_of_the_tiles_is_the_way_in_backwards() -> None:
    metres = np.array([(530_000.0, 180_000.0), (150_000.0, 30_000.0), (400_000.0, 650_000.0)])
    assert np.abs(out_of_tiles(in_tiles(metres, 15), 15) - metres).max() < 0.001
