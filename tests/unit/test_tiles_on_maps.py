"""An operator's tiles on the maps: at their place, named, and nothing else than pictures."""

import base64
import io
import re
from collections.abc import Sequence
from math import atan, degrees, hypot, pi, sinh
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageFile
from pydantic import ValidationError
from pyproj import Transformer

from services.reporter import basemap, palette
from services.reporter.attribution import plain_attribution
from services.reporter.basemap import PreparedBasemap, bundled
from services.reporter.frame import Frame, to_metres
from services.reporter.maps import coverage_map, density_map, frames
from services.reporter.settings import ReporterSettings
from services.reporter.tile_grid import MOST_TILES, PRINTED_PIXELS, Tile, choose, in_tiles
from services.reporter.tiled_basemap import TiledBasemap, read_tile, stitched
from shared.errors import PermanentError

PLACES = {
    "London": (51.5186, -0.0813),
    "Dover": (51.1275, 1.3134),
    "Penzance": (50.1188, -5.537),
    "Berwick": (55.7710, -2.0070),
    "Aberystwyth": (52.4153, -4.0829),
    "Lowestoft": (52.4811, 1.7534),
}
NAMED = "© The maker of these tiles"
URL = "https://tiles.example/{z}/{x}/{y}.png"
SVG = "{http://www.w3.org/2000/svg}"


def picture(colour: str = "#ffffff", side: int = 256, form: str = "PNG", mark: str = "#ff0000") -> bytes:
    """A tile of one colour, with a mark at its north-west corner."""
    image = Image.new("RGBA", (side, side), colour)
    image.putpixel((0, 0), (*bytes.fromhex(mark[1:]), 255))
    file = io.BytesIO()
    (image if form == "PNG" else image.convert("RGB")).save(file, form)
    return file.getvalue()


class Source:
    """The same picture everywhere."""

    attribution = NAMED

    def __init__(self, content: bytes, zooms: range = range(20)) -> None:
        self.content, self.zooms = content, zooms

    async def get(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        return dict.fromkeys(tiles, self.content)

    async def close(self) -> None: ...


async def svg_of(frame: Frame, content: bytes, side: int = 256) -> str:
    drawn = await TiledBasemap(Source(content), side, stitched).draw(frame)
    assert drawn
    return drawn.svg


async def prepared(at: tuple[float, float]) -> PreparedBasemap:
    tiles = TiledBasemap(Source(picture()), 256, stitched)
    drawn = {frame: await tiles.draw(frame) for frame in frames(*at, 500)}
    return PreparedBasemap({frame: ground for frame, ground in drawn.items() if ground})


def image_of(svg: str) -> tuple[Image.Image, list[float], str]:
    """The picture, its matrix and its format."""
    found = re.search(r'matrix\(([^)]*)\)" href="data:image/(\w+);base64,([^"]*)"', svg)
    assert found
    image = Image.open(io.BytesIO(base64.b64decode(found[3])))
    return image, [float(number) for number in found[1].split()], found[2]


def words(svg: str) -> str:
    return " ".join(node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text"))


def settings(**given: object) -> ReporterSettings:
    return ReporterSettings.model_validate(
        {"database_url": "postgresql://x", "nats_url": "nats://x", **given}
    )


def corner_pixels(tile: Tile, at: tuple[float, float], frame: Frame) -> tuple[float, float]:
    """Where a tile's north-west corner belongs, by PROJ's own definition of the British National Grid."""
    lon = tile.x / 2**tile.z * 360 - 180
    lat = degrees(atan(sinh(pi * (1 - 2 * tile.y / 2**tile.z))))
    grid = Transformer.from_crs(4326, 27700, always_xy=True)
    (east, north), (x, y) = grid.transform(at[1], at[0]), grid.transform(lon, lat)
    return frame.width / 2 + (x - east) * frame.per_metre, frame.height / 2 - (y - north) * frame.per_metre


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("name", PLACES)
async def test_every_corner_of_a_tile_lies_where_it_is_on_the_ground(name: str, side: int) -> None:
    for frame, tolerance in zip(frames(*PLACES[name], 500), (0.05, 0.3), strict=True):
        cut = choose(frame, side, range(20))
        assert cut
        corners = [corner_pixels(tile, PLACES[name], frame) for tile in cut.tiles]
        svg = await svg_of(frame, picture(side=side), side)
        image, (a, b, c, d, e, f), _ = image_of(svg)
        pixels = np.asarray(image.convert("RGB"))
        marks = np.argwhere((pixels == (255, 0, 0)).all(axis=2))
        drawn = [(a * x + c * y + e, b * x + d * y + f) for y, x in marks.tolist()]
        inside = [(x, y) for x, y in corners if 1 < x < frame.width - 1 and 1 < y < frame.height - 1]
        for x, y in inside:
            assert min(hypot(x - u, y - v) for u, v in drawn) < tolerance
        assert len(drawn) >= len(inside)
        if frame.width_m < 2000:
            assert len(inside) >= 1


@pytest.mark.parametrize("name", PLACES)
async def test_the_picture_fills_the_frame_with_about_200_dots_an_inch(name: str) -> None:
    for frame in frames(*PLACES[name], 500):
        image, (a, b, c, d, e, f), _ = image_of(await svg_of(frame, picture()))
        inverse = np.linalg.inv([[a, c], [b, d]])
        for x in (0, frame.width):
            for y in (0, frame.height):
                u, v = inverse @ (x - e, y - f)
                assert -0.5 < u < image.width + 0.5
                assert -0.5 < v < image.height + 0.5
        dots = 1 / (hypot(a, b) * PRINTED_PIXELS)
        assert 0.7 < dots < 1.45
        assert image.width * image.height < 2.2 * frame.width * frame.height * (PRINTED_PIXELS * dots) ** 2


def test_no_map_needs_more_tiles_than_are_allowed() -> None:
    numbers = []
    for south in range(0, 60):
        at = 49.95 + south * 0.0973, -5.5 + (south * 37 % 70) / 10
        frame, region = frames(*at, 500)
        cut, small = choose(frame, 256, range(20)), choose(region, 256, range(20))
        assert cut
        assert small
        assert (cut.zoom, small.zoom) == (16, 8)
        numbers.append(len(cut.tiles))
        assert len(small.tiles) <= 4
    assert 15 <= min(numbers) <= max(numbers) <= MOST_TILES


def test_the_zooms_of_the_source_bound_the_choice() -> None:
    frame, region = frames(*PLACES["London"], 500)
    coarse = choose(frame, 256, range(15))
    assert coarse
    assert coarse.zoom == 14
    assert choose(region, 256, range(13, 17)) is None
    double = choose(frame, 512, range(20))
    assert double
    assert double.zoom == 15


def test_the_tiles_are_numbered_as_web_maps_do() -> None:
    """Charing Cross at zoom 16, by the formula that everybody publishes."""
    [[x, y]] = in_tiles(to_metres([(51.5073, -0.1276)]), 16).tolist()
    assert (int(x), int(y)) == (32744, 21792)


async def test_the_same_tiles_give_the_same_characters() -> None:
    frame, _ = frames(*PLACES["Dover"], 500)
    for form in ("PNG", "JPEG", "WEBP"):
        content = picture("#abcdef", form=form)
        assert await svg_of(frame, content) == await svg_of(frame, content)


@pytest.mark.parametrize(("form", "kept"), [("PNG", "png"), ("WEBP", "png"), ("JPEG", "jpeg")])
async def test_photographs_stay_small(form: str, kept: str) -> None:
    _, region = frames(*PLACES["Dover"], 500)
    image, _, kind = image_of(await svg_of(region, picture("#204060", form=form)))
    assert kind == kept
    red, green, blue = image.convert("RGB").resize((1, 1)).tobytes()
    assert abs(red - 0x20) + abs(green - 0x40) + abs(blue - 0x60) < 12


async def test_what_is_transparent_shows_land() -> None:
    frame, _ = frames(*PLACES["Dover"], 500)
    image, _, _ = image_of(await svg_of(frame, picture("#00000000")))
    colours = image.getcolors()
    assert colours
    assert max(colours)[1] == tuple(bytes.fromhex(palette.LAND[1:]))


async def test_both_maps_name_the_maker_of_the_tiles_and_nobody_else() -> None:
    at = PLACES["London"]
    ground = await prepared(at)
    names = [(51.5190, -0.0820, "On or near Moor Lane")]
    for svg in (
        coverage_map(*at, 500, ground, names, "EC2M 7PY"),
        density_map(*at, 500, [(51.519, -0.082, 4)], ground, names),
    ):
        assert NAMED in words(svg)
        assert "Moor Lane" in words(svg)
        assert "mySociety" not in svg
        assert "OpenStreetMap" not in svg
        assert 'href="http' not in svg
    assert svg.count("<image") == 1
    assert coverage_map(*at, 500, ground).count("<image") == 2


async def test_a_frame_without_tiles_is_drawn_of_the_bundled_data_and_names_them_too() -> None:
    at = PLACES["Dover"]
    frame, region = frames(*at, 500)
    ground = await prepared(at)
    half = PreparedBasemap({frame: ground.drawn[frame]})
    svg = coverage_map(*at, 500, half)
    assert svg.count("<image") == 1
    assert NAMED in words(svg)
    assert basemap.NATURAL_EARTH in words(svg)
    assert half.draw(region) == bundled().draw(region)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Not here</html>",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"/>',
        picture()[:200],
        picture(form="GIF"),
        picture(side=1025),
    ],
    ids=["nothing", "page", "svg", "cut short", "gif", "too large"],
)
def test_what_is_no_tile_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as WeasyPrint does
    with pytest.raises(PermanentError, match="tile 1/0/1"):
        read_tile(Tile(1, 0, 1), content)


def test_tiles_are_square() -> None:
    file = io.BytesIO()
    Image.new("RGB", (256, 128)).save(file, "PNG")
    with pytest.raises(PermanentError, match="256 by 128"):
        read_tile(Tile(1, 0, 1), file.getvalue())


def test_an_attribution_is_printed_without_its_markup() -> None:
    html = '<a href="https://www.openstreetmap.org/copyright">&copy; OpenStreetMap</a>\n contributors'
    assert plain_attribution(html) == "© OpenStreetMap contributors"


def test_without_settings_there_is_no_operators_basemap() -> None:
    for given in ({}, {"basemap_url": "", "basemap_pmtiles": "", "basemap_attribution": ""}):
        made = settings(**given)
        assert (made.basemap_url, made.basemap_pmtiles, made.basemap_attribution) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "names", "says"),
    [
        ({"basemap_url": URL}, "basemap_attribution", "required with BASEMAP_URL"),
        ({"basemap_url": URL, "basemap_attribution": "<b> </b>"}, "basemap_attribution", "required"),
        ({"basemap_url": URL, "basemap_attribution": "x" * 141}, "basemap_attribution", "at most 140"),
        ({"basemap_url": URL.replace("{y}", "{-y}")}, "basemap_url", "{z}, {x} and {y}, each once"),
        ({"basemap_url": URL.replace("tiles", "{s}.tiles")}, "basemap_url", "no other braces"),
        ({"basemap_url": URL + "?also={z}"}, "basemap_url", "each once"),
        ({"basemap_url": "tiles.example/{z}/{x}/{y}.png"}, "basemap_url", "https://tiles.example/"),
        ({"basemap_url": "file:///{z}/{x}/{y}.png"}, "basemap_url", "https://tiles.example/"),
        ({"basemap_url": "http://a:port/{z}/{x}/{y}.png"}, "basemap_url", "Port"),
        (
            {"basemap_url": URL, "basemap_attribution": "A", "basemap_pmtiles": "a.pmtiles"},
            "basemap_pmtiles",
            "not both",
        ),
        ({"basemap_tile_pixels": "300"}, "basemap_tile_pixels", "multiple of 256"),
        ({"basemap_timeout": "0"}, "basemap_timeout", "greater than 0"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, str], names: str, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    problems = {str(problem["loc"][0]): problem["msg"] for problem in refused.value.errors()}
    assert says in problems[names]
