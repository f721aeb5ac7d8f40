"""An operator's basemap: a tile server or a PMTiles file of this test, and reports when it is away."""

import asyncio
import gzip
import io
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from pypdf import PdfReader

from services.reporter.basemap import PreparedBasemap, bundled
from services.reporter.grounds import PAUSE, Grounds, open_grounds
from services.reporter.maps import frames
from services.reporter.rendering import Job, render
from services.reporter.settings import ReporterSettings
from services.reporter.tile_file import TileFile
from services.reporter.tile_grid import Tile, choose
from services.reporter.tile_server import KEPT_BYTES, KEPT_SECONDS, TRIES, TileServer
from services.reporter.tiled_basemap import MOST_BYTES
from shared.errors import PermanentError
from shared.metrics import report_basemaps
from tests.component.reporter.desk import open_desk, reporter
from tests.component.reporter.test_pdf import FIGURES, POINTS, REPORT_ID, URL
from tests.pipeline import running

NAMED = "© The maker of these tiles"
GENERALISED = "Police areas (dash-dotted)"
"""Only the bundled map is credited in these words."""
HERE = FIGURES.latitude, FIGURES.longitude, FIGURES.radius_m
DOVER = 51.1275, 1.3134, 500
Answer = tuple[int, bytes] | None
"""Status and body; None is silence."""


def picture(tile: Tile) -> bytes:
    """A tile whose colour tells which it is."""
    file = io.BytesIO()
    Image.new("RGB", (256, 256), (200 + tile.x % 50, 200 + tile.y % 50, 255)).save(file, "PNG")
    return file.getvalue()


def good(tile: Tile) -> Answer:
    return 200, picture(tile)


class Server:
    """A little tile server that counts what it is asked."""

    def __init__(self, answer: Callable[[Tile], Answer]) -> None:
        self.answer = answer
        self.asked: Counter[Tile] = Counter()
        self.heads: list[bytes] = []
        self.end = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        path = head.split()[1].decode().partition("?")[0]
        tile = Tile(*map(int, path.removesuffix(".png").split("/")[-3:]))
        self.asked[tile] += 1
        if (answer := self.answer(tile)) is None:
            await self.end.wait()
        else:
            status, body = answer
            length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\n{length}\r\n".encode() + body)
        writer.close()


@asynccontextmanager
async def serving(answer: Callable[[Tile], Answer]) -> AsyncIterator[tuple[Server, str]]:
    """The server, and the address of its tiles."""
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield server, f"http://127.0.0.1:{port}/map/{{z}}/{{x}}/{{y}}.png?key=secret"
        server.end.set()


def settings(**given: object) -> ReporterSettings:
    return ReporterSettings.model_validate(
        {"database_url": "postgresql://x", "nats_url": "nats://x", **given}
    )


@asynccontextmanager
async def grounds_of(url: str, seconds: float = 10) -> AsyncIterator[Grounds]:
    grounds = open_grounds(settings(basemap_url=url, basemap_attribution=NAMED, basemap_timeout=seconds))
    assert grounds
    yield grounds
    await grounds.close()


def counted(result: str) -> float:
    return float(report_basemaps.labels(result)._value.get())


def cut_tiles(at: tuple[float, float, int]) -> tuple[list[Tile], list[Tile]]:
    """The tiles of the large frame, and of the small one."""
    cuts = [choose(frame, 256, range(20)) for frame in frames(*at)]
    return tuple(cut.tiles for cut in cuts if cut)  # type: ignore[return-value]


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages)


async def test_a_report_gets_the_operators_tiles_and_the_same_job_the_same_bytes() -> None:
    before = counted("tiles")
    async with serving(good) as (server, url), grounds_of(url) as grounds:
        first = await grounds.around(*HERE)
        asked = dict(server.asked)
        second = await grounds.around(*HERE)
    large, small = cut_tiles(HERE)
    assert asked == server.asked == dict.fromkeys([*large, *small], 1)
    assert first == second
    assert first
    assert set(first.drawn) == set(frames(*HERE))
    assert counted("tiles") == before + 2
    pdfs = [
        render(Job(REPORT_ID, URL, FIGURES, POINTS, None, ground)).data for ground in (first, second, None)
    ]
    assert pdfs[0] == pdfs[1]
    assert text_of(pdfs[0]).count(NAMED) == 2
    assert GENERALISED not in text_of(pdfs[0])
    assert NAMED not in text_of(pdfs[2])
    assert GENERALISED in text_of(pdfs[2])


async def test_only_where_tiles_are_missing_the_bundled_map_is_drawn() -> None:
    large, small = cut_tiles(HERE)
    frame, region = frames(*HERE)
    for gap, bare in ((large[3], frame), (small[0], region)):
        for status in (404, 410, 204):
            before = counted("not_covered")

            def answer(tile: Tile, gap: Tile = gap, status: int = status) -> Answer:
                return (status, b"") if tile == gap else good(tile)

            async with serving(answer) as (server, url), grounds_of(url) as grounds:
                ground = await grounds.around(*HERE)
                await grounds.around(*HERE)
                assert server.asked[gap] == 1  # kept too
            assert ground
            assert set(ground.drawn) == {frame, region} - {bare}
            assert ground.draw(bare) == bundled().draw(bare)
            assert counted("not_covered") == before + 2


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ((200, b"<html>Welcome</html>"), 1),
        ((200, b""), 1),
        ((200, b"x" * (MOST_BYTES + 1)), 1),
        ((200, gzip.compress(b"\0" * 10_000_000)), 1),
        ((403, b"no key"), 1),
        ((302, b""), 1),
        ((500, b""), TRIES),
        ((429, b""), TRIES),
    ],
    ids=["page", "empty", "huge", "packed", "forbidden", "elsewhere", "broken", "too often"],
)
async def test_nonsense_and_outages_give_the_bundled_map(answer: Answer, asked: int) -> None:
    before = counted("unavailable")
    async with serving(lambda _: answer) as (server, url), grounds_of(url) as grounds:
        assert await grounds.around(*HERE) is None
        assert max(server.asked.values()) == asked
    assert counted("unavailable") == before + 1


async def test_a_dead_server_gives_the_bundled_map(capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(good) as (_, url):
        pass
    async with grounds_of(url) as grounds:
        assert await grounds.around(*HERE) is None
    said = capsys.readouterr().out
    assert "basemap.unavailable" in said
    assert "127.0.0.1 does not answer" in said
    assert "secret" not in said


async def test_a_silent_server_is_not_waited_for_and_then_left_alone_for_a_minute() -> None:
    now = 1000.0
    async with serving(lambda _: None) as (server, url), grounds_of(url, seconds=0.3) as grounds:
        grounds.clock = lambda: now
        assert await grounds.around(*HERE) is None
        asked = server.asked.total()
        assert asked > 0
        now += PAUSE - 1
        before = counted("unavailable")
        assert await grounds.around(*HERE) is None
        assert server.asked.total() == asked
        assert counted("unavailable") == before + 1
        now += 1
        server.answer = good
        grounds.patience = 60
        ground = await grounds.around(*HERE)
        assert ground
        assert len(ground.drawn) == 2


async def test_a_fault_is_borne() -> None:
    faults = [(502, b""), (503, b"")]
    async with (
        serving(lambda tile: faults.pop() if faults else good(tile)) as (_, url),
        grounds_of(url) as grounds,
    ):
        ground = await grounds.around(*HERE)
    assert ground
    assert len(ground.drawn) == 2


async def test_tiles_are_asked_for_again_after_a_day_and_politely() -> None:
    now = 0.0
    tile = Tile(3, 4, 2)
    async with serving(good) as (server, url):
        source = TileServer(url, NAMED, seconds=5, clock=lambda: now)
        for seconds in (0.0, KEPT_SECONDS - 1, KEPT_SECONDS):
            now = seconds
            assert await source.get([tile]) == {tile: picture(tile)}
        await source.close()
    assert server.asked == {tile: 2}
    assert b"GET /map/3/4/2.png?key=secret " in server.heads[0]
    assert b"User-Agent: CrimeMapsUK" in server.heads[0]


async def test_what_is_kept_has_a_bound() -> None:
    source = TileServer("http://127.0.0.1/{z}/{x}/{y}", NAMED, seconds=5)
    content = b"x" * 1_000_000
    for x in (*range(100), 99, 98):
        source.keep(Tile(9, x, 0), content)
    kept = [tile.x for tile in source.kept]
    assert kept[-2:] == [99, 98]
    assert len(kept) == KEPT_BYTES // 1_000_500
    assert source.kept_bytes == len(kept) * 1_000_500
    await source.close()


def write_pmtiles(path: Path, tiles: dict[Tile, bytes], **header: Any) -> Path:
    """A PMTiles file, as other people's programs write them."""
    attribution = header.pop("attribution", '<a href="https://example.org">&copy; Somebody</a>')
    with path.open("wb") as file:
        writer: Any = Writer(file)  # type: ignore[no-untyped-call]
        for tile in sorted(tiles, key=lambda tile: zxy_to_tileid(*tile)):
            writer.write_tile(zxy_to_tileid(*tile), tiles[tile])
        writer.finalize(
            {"tile_type": TileType.PNG, "tile_compression": Compression.NONE, **header},
            {"attribution": attribution} if attribution is not None else {},
        )
    return path


def pictures(*tiles: Tile) -> dict[Tile, bytes]:
    return {tile: picture(tile) for tile in tiles}


async def from_file(path: Path, at: tuple[float, float, int], **given: object) -> PreparedBasemap | None:
    grounds = open_grounds(settings(basemap_pmtiles=str(path), **given))
    assert grounds
    ground = await grounds.around(*at)
    await grounds.close()
    return ground


async def test_a_pmtiles_file_gives_the_same_map_as_the_server_with_the_same_tiles(tmp_path: Path) -> None:
    large, small = cut_tiles(HERE)
    path = write_pmtiles(tmp_path / "a.pmtiles", pictures(*large, *small))
    ground = await from_file(path, HERE, basemap_attribution=NAMED)
    async with serving(good) as (_, url), grounds_of(url) as grounds:
        assert ground == await grounds.around(*HERE)
    own = await from_file(path, HERE)
    assert own
    assert [drawn.attributions for drawn in own.drawn.values()] == [("© Somebody",)] * 2


async def test_outside_the_file_the_bundled_map_is_drawn(tmp_path: Path) -> None:
    large, _ = cut_tiles(HERE)
    path = write_pmtiles(tmp_path / "a.pmtiles", pictures(*large))
    ground = await from_file(path, HERE)
    assert ground
    assert set(ground.drawn) == {frames(*HERE)[0]}
    assert await from_file(path, DOVER) == PreparedBasemap({})


async def test_a_file_with_directories_below_its_root_is_read(tmp_path: Path) -> None:
    tiles = [Tile(8, x, y) for x in range(0, 256, 2) for y in range(0, 256)]
    contents = {tile: b"%d" % (hash(tile) % 977) * (1 + tile.x % 7) for tile in tiles}
    source = TileFile(write_pmtiles(tmp_path / "a.pmtiles", contents))
    assert source.header["leaf_directory_length"] > 0
    asked = [Tile(8, x, y) for x in range(0, 256, 5) for y in range(0, 256, 9)]
    assert await source.get(asked) == {tile: contents[tile] for tile in asked if tile in contents}
    await source.close()


async def test_a_file_cut_short_while_it_is_used_gives_the_bundled_map(tmp_path: Path) -> None:
    large, small = cut_tiles(HERE)
    path = write_pmtiles(tmp_path / "a.pmtiles", pictures(*large, *small))
    grounds = open_grounds(settings(basemap_pmtiles=str(path)))
    assert grounds
    for length in (path.stat().st_size - 500, 200, 0):
        os.truncate(path, length)
        grounds.resume_at = 0.0
        assert await grounds.around(*HERE) is None
    await grounds.close()


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"tile_type": TileType.AVIF}, "holds AVIF tiles; accepted are PNG, JPEG, WEBP and MVT"),
        ({"tile_compression": Compression.GZIP}, "packed by GZIP"),
        ({"attribution": None}, "give BASEMAP_ATTRIBUTION"),
        ({"attribution": "x" * 200}, "give BASEMAP_ATTRIBUTION"),
    ],
)
def test_a_file_that_cannot_be_drawn_is_refused_at_the_start(
    tmp_path: Path, header: dict[str, object], says: str
) -> None:
    path = write_pmtiles(tmp_path / "a.pmtiles", pictures(Tile(0, 0, 0)), **header)
    with pytest.raises(PermanentError, match=says):
        TileFile(path)


def test_what_is_no_pmtiles_file_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    for content in (
        b"",
        b"PMTiles",
        b"PMTiles\x02" + bytes(200),
        b"PMTiles\x03" + b"\xff" * 200,
        b"\xff" * 300,
    ):
        path.write_bytes(content)
        with pytest.raises(PermanentError, match="is no PMTiles file of version 3"):
            TileFile(path)
    for missing in (tmp_path / "b.pmtiles", tmp_path):
        with pytest.raises(PermanentError, match=r"BASEMAP_PMTILES: .* cannot be read|is no PMTiles file"):
            TileFile(missing)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"BASEMAP_PMTILES": "/nowhere/a.pmtiles"}, "BASEMAP_PMTILES: /nowhere/a.pmtiles cannot be read"),
        ({"BASEMAP_URL": "https://tiles.example/{z}/{x}/{y}.png"}, "BASEMAP_ATTRIBUTION: "),
        ({"BASEMAP_URL": "https://tiles.example/"}, "BASEMAP_URL: "),
    ],
)
async def test_a_wrong_setting_ends_the_reporter_with_one_line(
    database_url: str, nats_url: str, given: dict[str, str], says: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.reporter"),
        env={"PATH": os.defpath, "DATABASE_URL": database_url, "NATS_URL": nats_url, **given},
        cwd=Path(__file__).parents[3],
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    lines = [line for line in said.decode().splitlines() if not line.startswith("{")]
    assert process.returncode != 0
    assert len(lines) == 1
    assert lines[0].startswith("reporter: ")
    assert says in lines[0]


async def test_an_order_through_the_queue_gets_the_tiles_and_without_a_server_the_bundled_map(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with open_desk(database_url, nats_url) as desk, serving(good) as (server, url):
        partner = await desk.partner("acme")
        given = {"basemap_url": url, "basemap_attribution": NAMED}
        async with running(reporter(tmp_path, database_url, nats_url, **given)):
            await partner.order("with", {"postcode": "EC2M 7PY", "tier": "essential"})
            [answer] = await partner.answers_to("with")
            said = text_of(await partner.pdf(answer))
            assert said.count(NAMED) == 2
            assert GENERALISED not in said
            server.answer = lambda _: (500, b"")
            await partner.order("without", {"postcode": "EC2V 5AA", "tier": "essential"})
            [answer] = await partner.answers_to("without")
            assert answer["kind"] == "rendered"
            said = text_of(await partner.pdf(answer))
            assert NAMED not in said
            assert GENERALISED in said
