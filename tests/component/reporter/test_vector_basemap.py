"""An operator's PMTiles file with vector tiles: reports with it, and without it where it is no good."""

import gzip
from pathlib import Path

import pytest
import shapely
from pmtiles.tile import Compression

from services.reporter.basemap import PreparedBasemap, bundled
from services.reporter.frame import Frame
from services.reporter.grounds import open_grounds
from services.reporter.maps import frames
from services.reporter.rendering import Job, Renderers
from services.reporter.tile_file import MOST_UNPACKED, TileFile
from services.reporter.tile_grid import Tile
from shared.errors import PermanentError
from tests.component.reporter.desk import open_desk, reporter
from tests.component.reporter.test_basemap import DOVER, GENERALISED, HERE, counted, settings, text_of
from tests.component.reporter.test_pdf import FIGURES, POINTS, REPORT_ID, URL
from tests.pipeline import running
from tests.vector_tiles import Shape, encode, tiles_under, write_vector_file

STREET, QUARTER, TOWN = "Old Ferry Road", "Cheapside Ward", "Newtown"
"""Names that no other part of a report has."""


def neighbourhood(frame: Frame) -> list[Shape]:
    """Two streets, a pond, a quarter and a town around a frame's middle."""
    east, north = frame.easting, frame.northing
    across = shapely.LineString([(east - 3000, north - 260), (east + 3000, north - 260)])
    along = shapely.LineString([(east + 250, north - 3000), (east + 250, north + 3000)])
    return [
        Shape("earth", {"kind": "earth"}, shapely.Point(east, north).buffer(90_000)),
        Shape("water", {"kind": "lake"}, shapely.Point(east - 300, north + 300).buffer(120)),
        Shape("roads", {"kind": "major_road", "kind_detail": "primary", "name": STREET}, across),
        Shape("roads", {"kind": "minor_road", "kind_detail": "residential"}, along),
        Shape("places", {"kind": "neighbourhood", "name": QUARTER}, shapely.Point(east - 600, north - 400)),
        Shape(
            "places",
            {"kind": "locality", "kind_detail": "town", "name": TOWN},
            shapely.Point(east, north + 15_000),
        ),
    ]


def contents() -> dict[Tile, bytes]:
    """All tiles of a report's maps."""
    frame, region = frames(*HERE)
    return {
        tile: encode(tile, neighbourhood(frame)) for each in (frame, region) for tile in tiles_under(each)
    }


async def ground_of(path: Path, at: tuple[float, float, int] = HERE) -> PreparedBasemap | None:
    grounds = open_grounds(settings(basemap_pmtiles=str(path)))
    assert grounds
    ground = await grounds.around(*at)
    await grounds.close()
    return ground


async def test_a_report_is_drawn_of_vector_tiles_and_the_same_tiles_give_the_same_bytes(
    tmp_path: Path,
) -> None:
    path = write_vector_file(tmp_path / "a.pmtiles", contents())
    before = counted("tiles")
    grounds = [await ground_of(path) for _ in range(2)]
    assert counted("tiles") == before + 2
    assert grounds[0] == grounds[1]
    renderers = Renderers(1)
    jobs = [Job(REPORT_ID, URL, FIGURES, POINTS, None, ground) for ground in grounds]
    pdfs = [(await renderers.render(job)).data for job in jobs]
    renderers.close()
    assert pdfs[0] == pdfs[1]
    said = text_of(pdfs[0])
    assert said.count("© Somebody") == said.count(STREET) == 2
    assert (
        said.count(QUARTER) == said.count(TOWN) == 1
    )  # names of crimes' streets come before that of a quarter
    assert GENERALISED not in said


async def test_an_order_through_the_queue_gets_a_map_of_vector_tiles(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    path = write_vector_file(tmp_path / "a.pmtiles", contents())
    async with open_desk(database_url, nats_url) as desk:
        partner = await desk.partner("acme")
        async with running(reporter(tmp_path, database_url, nats_url, basemap_pmtiles=path)):
            await partner.order("with", {"postcode": "EC2M 7PY", "tier": "essential"})
            [answer] = await partner.answers_to("with")
            said = text_of(await partner.pdf(answer))
    assert said.count("© Somebody") == 2
    assert STREET in said
    assert GENERALISED not in said


async def test_outside_the_file_the_bundled_map_is_drawn(tmp_path: Path) -> None:
    frame, region = frames(*HERE)
    every = contents()
    path = write_vector_file(tmp_path / "a.pmtiles", {tile: every[tile] for tile in tiles_under(frame)})
    ground = await ground_of(path)
    assert ground
    assert set(ground.drawn) == {frame}
    assert ground.draw(region) == bundled().draw(region)
    assert await ground_of(path, DOVER) == PreparedBasemap({})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>Not here</html>", "tile {} is no readable vector tile"),
        (b"\0" * (MOST_UNPACKED + 1), "BASEMAP_PMTILES: tile {} unpacks to more than 5,000,000 bytes"),
    ],
    ids=["page", "huge"],
)
async def test_a_broken_tile_gives_the_bundled_map_and_the_log_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    tiles = contents()
    broken = tiles_under(frames(*HERE)[0])[1]
    path = write_vector_file(tmp_path / "a.pmtiles", {**tiles, broken: content})
    before = counted("unavailable")
    assert await ground_of(path) is None
    assert counted("unavailable") == before + 1
    said = capsys.readouterr().out
    assert "basemap.unavailable" in said
    assert says.format(broken) in said


async def test_a_tile_whose_packing_is_broken_gives_the_bundled_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiles = contents()
    bare = write_vector_file(tmp_path / "bare.pmtiles", tiles)
    packed = gzip.compress(tiles[tiles_under(frames(*HERE)[0])[0]], mtime=0)
    data = bare.read_bytes()
    assert data.count(packed) == 1
    for broken in (b"\0" * len(packed), packed[:-9] + b"\0" * 9):
        path = tmp_path / "broken.pmtiles"
        path.write_bytes(data.replace(packed, broken))
        assert await ground_of(path) is None
        assert "BASEMAP_PMTILES: the file is broken" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tile_compression": Compression.BROTLI}, "packed by BROTLI; accepted are .* packed by GZIP"),
        (
            {"layers": ("streets", "water_polygons")},
            r"have layers streets, water_polygons; accepted are those of Protomaps \(with `roads`\)",
        ),
        ({"layers": ()}, "have layers that it does not name"),
    ],
)
def test_vector_tiles_that_cannot_be_drawn_are_refused_at_the_start(
    tmp_path: Path, given: dict[str, object], says: str
) -> None:
    path = write_vector_file(tmp_path / "a.pmtiles", {Tile(0, 0, 0): b""}, **given)
    with pytest.raises(PermanentError, match=says):
        TileFile(path, "© Somebody else")
