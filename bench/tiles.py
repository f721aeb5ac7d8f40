"""Vector tiles of a national month: cold and warm, beside tipg, bare ST_AsMVT and static files."""

import asyncio
import importlib.metadata
import os
import random
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

import asyncpg
import httpx
import numpy as np
import shapely
from numpy.typing import NDArray

from bench.http_load import CONNECTIONS, Load, put_load
from bench.load import connected, load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack
from deploy.local.process import free_port
from services.gateway.tile_shapes import EXTENT, LEVELS, MAX_ZOOM, RIM, Tile, exact
from services.hexer.store import Store as Hexer
from shared.hexgrid import rings
from shared.model import Dataset

PEER = "tipg==1.6.1"
PORT = "PORT"
Cells = tuple[NDArray[np.int32], NDArray[np.int32]]
TILES = 200
ZOOMS = range(8, 13)
ROUNDS = 10
"""How often each tile is asked for when all are kept."""
UV = Path(sys.executable).with_name("uv")
NAMES = """
SELECT 'outcome:' || slug AS name, format('sum(n) FILTER (WHERE group_id = %s)', id) AS counted
FROM outcome_group WHERE dataset = 'street'
UNION ALL
SELECT 'category:' || value, format('sum(n) FILTER (WHERE category_id = %s)', id)
FROM label WHERE kind = 'category'
"""
BARE = """
SELECT ST_AsMVT(t, 'street') FROM (
    SELECT ST_AsMVTGeom(geom, ST_TileEnvelope($1, $2, $3), 4096, 256) AS geom, {columns}
    FROM cells_{level} WHERE geom && ST_TileEnvelope($1, $2, $3)
) AS t
"""


def bench_tiles(pages: list[RawPage], month: date, repeats: int) -> None:
    """All ways in turn on the same servers."""
    with fresh_stack() as stack, TemporaryDirectory(prefix="crimemaps-peer-") as folder:
        asyncio.run(measure(stack, pages, month, repeats, Path(folder)))


async def measure(stack: Stack, pages: list[RawPage], month: date, repeats: int, folder: Path) -> None:
    """Requests per second; every turn starts with servers that know nothing."""
    async with stack.service("loader"), connected(stack) as broker:
        connection = await stack.connect()
        await load_month(broker, connection, pages, month)
    pool = await asyncpg.create_pool(stack.endpoints.database_url, min_size=10, max_size=10)
    await Hexer(pool).rebuild(Dataset.STREET, month)
    cells = {level: await read_cells(connection, level) for _, level in LEVELS}
    report_features(cells)
    columns = await make_peer_tables(connection, cells)
    await pool.execute("VACUUM ANALYZE")
    tiles = choose_tiles(cells)
    peer = install_tipg(folder / "venv")
    for turn in range(repeats):
        bare = await measure_bare(pool, tiles, columns)
        report("tiles.bare_st_asmvt", turn=turn, requests_per_second=bare)
        tipg = await measure_tipg(stack, peer, tiles) if peer else None
        if tipg:
            report(
                "tiles.tipg", turn=turn, requests_per_second=tipg.per_second, kilobytes=sum(tipg.sizes) / 1000
            )
        await measure_ours(stack, folder, tiles, turn, tipg)
    await pool.close()
    await connection.close()


async def measure_ours(stack: Stack, folder: Path, tiles: list[Tile], turn: int, tipg: Load | None) -> None:
    """From a new process, with the cells read but no tile kept, with all kept, and static files."""
    environ = {**stack.endpoints.environ(), "READS_PER_MINUTE": "1000000000"}
    with process("bench.static_files", str(folder), environ=environ) as port:
        tile_json = await ask(port, "/tiles/street.json")
        template = "/tiles" + tile_json["tiles"][0].partition("/tiles")[2]
        paths = [template.format(z=tile.z, x=tile.x, y=tile.y) for tile in tiles]
        # A filter that lets everything through gives other addresses: no tile of ours is kept yet.
        groups = ",".join(tile_json["outcome_groups"])
        filtered = [f"{path}?outcome_group={groups}" for path in paths]
        from_start = await put_load(port, filtered)
        cold = await put_load(port, paths)
        warm = await put_load(port, paths * ROUNDS)
        for n, size in enumerate(warm.sizes[: len(tiles)]):
            (folder / f"{n}.bin").write_bytes(os.urandom(size))
        static = await put_load(port, [f"/static/{n}.bin" for n in range(len(tiles))] * ROUNDS)
    peer = tipg.per_second if tipg else None
    report(
        "tiles.ours",
        turn=turn,
        tiles=len(tiles),
        connections=CONNECTIONS,
        kilobytes=sum(cold.sizes) / 1000,
        cold_and_cells_not_read=from_start.per_second,
        cold=cold.per_second,
        warm=warm.per_second,
        static_files=static.per_second,
        cold_times_tipg=cold.per_second / peer if peer else None,
        cold_target=2.5,
        warm_times_tipg=warm.per_second / peer if peer else None,
        warm_target=15,
        warm_of_static=warm.per_second / static.per_second,
        static_target=1 / 3,
    )


async def ask(port: int, path: str) -> Any:
    """A JSON document."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        return (await client.get(path)).raise_for_status().json()


async def measure_tipg(stack: Stack, python: Path, tiles: list[Tile]) -> Load:
    """The same tiles of tables with the same cells."""
    environ = {
        "DATABASE_URL": stack.endpoints.database_url,
        "TIPG_DB_ONLY_SPATIAL_TABLES": "true",
        "TIPG_DB_SPATIAL_EXTENT": "false",  # else it scans every table at its start
        "TIPG_CATALOG_TTL": "0",
    }
    command = ("uvicorn", "tipg.main:app", "--no-access-log", "--log-level", "warning", "--port", PORT)
    with process(*command, environ=environ, python=python) as port:
        await ask(port, "/collections/public.cells_275")
        return await put_load(
            port,
            [
                f"/collections/public.cells_{tile.level}/tiles/WebMercatorQuad/{tile.z}/{tile.x}/{tile.y}"
                for tile in tiles
            ],
        )


async def measure_bare(pool: asyncpg.Pool, tiles: list[Tile], columns: str) -> float:
    """Tiles a second that the database makes of the same tables, asked directly."""
    waiting = iter(tiles)

    async def one_after_the_other() -> None:
        for tile in waiting:
            statement = BARE.format(columns=columns, level=tile.level)
            await pool.fetchval(statement, tile.z, tile.x, tile.y)

    started = perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS)))
    return len(tiles) / (perf_counter() - started)


def install_tipg(folder: Path) -> Path | None:
    """The interpreter of an environment of its own with tipg, and our version of the server; None without."""
    python = folder / "bin" / "python"
    server = f"uvicorn=={importlib.metadata.version('uvicorn')}"
    for command in (
        ["venv", str(folder), "--python", sys.executable],
        ["pip", "install", "--python", python, PEER, server],
    ):
        done = subprocess.run([UV, *command, "--quiet"], check=False, capture_output=True, text=True)
        if done.returncode:
            report("tiles.tipg", missing=True, reason=done.stderr.strip().partition("\n")[0])
            return None
    return python


@contextmanager
def process(
    module: str, *arguments: str, environ: dict[str, str], python: Path = Path(sys.executable)
) -> Iterator[int]:
    """A server that answers; gives its port. PORT in its arguments and HTTP_PORT stand for that."""
    port = free_port()
    command = [str(python), "-m", module, *(str(port) if part == PORT else part for part in arguments)]
    child = subprocess.Popen(command, env={**os.environ, **environ, "HTTP_PORT": str(port)})
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if child.poll() is not None:
                raise RuntimeError(f"{module} ended with {child.returncode}")
            sleep(0.1)
        yield port
    finally:
        child.terminate()
        child.wait(60)


async def read_cells(connection: asyncpg.Connection, level: int) -> Cells:
    """i and j of all cells of a level that have records, shape (n,) each."""
    rows = await connection.fetch("SELECT DISTINCT i, j FROM street_cell WHERE level = $1", level)
    i, j = np.array([tuple(row) for row in rows], np.int32).T
    return i, j


async def make_peer_tables(connection: asyncpg.Connection, cells: dict[int, Cells]) -> str:
    """A table a level: the hexagons, and a column per attribute; returns those columns.

    In Web Mercator as the tiles need them: nobody must project anything.
    """
    names = await connection.fetch(NAMES)
    columns = ", ".join(f'"{row["name"]}"' for row in names)
    counted = ", ".join(f'{row["counted"]}::integer AS "{row["name"]}"' for row in names)
    for level, (i, j) in cells.items():
        shapes = shapely.to_wkb(shapely.polygons(rings(level, i, j))).tolist()
        await connection.execute(
            f"CREATE TABLE cells_{level} (id text, i integer, j integer, geom geometry(Polygon, 3857))"
        )
        await connection.execute(
            f"INSERT INTO cells_{level} SELECT format('{level}.%s.%s', i, j), i, j, "
            "ST_Transform(ST_GeomFromWKB(shape, 4326), 3857) FROM unnest($1::int[], $2::int[], $3::bytea[]) "
            "AS cell (i, j, shape)",
            i.tolist(), j.tolist(), shapes,
        )  # fmt: skip
        await connection.execute(
            f"CREATE TABLE whole AS SELECT id, geom, total, {columns} FROM cells_{level} JOIN "
            f"(SELECT i, j, sum(n)::integer AS total, {counted} FROM street_cell WHERE level = {level} "
            "GROUP BY i, j) AS counts USING (i, j) ORDER BY i, j"
        )
        await connection.execute(f"DROP TABLE cells_{level}")
        await connection.execute(f"ALTER TABLE whole RENAME TO cells_{level}")
        await connection.execute(f"ALTER TABLE cells_{level} ADD PRIMARY KEY (id)")
        await connection.execute(f"CREATE INDEX ON cells_{level} USING gist (geom)")
    return f"id, total, {columns}"


def features_by_tile(level: int, cells: Cells, z: int) -> Counter[tuple[int, int]]:
    """Cells of each tile (x, y) of a zoom, by their exact corners."""
    corners = exact(Tile(z, 0, 0), *rings(level, *cells).transpose(2, 0, 1)) / EXTENT
    rim = RIM / EXTENT
    first = np.floor(corners.min(axis=2) - rim).astype(int).T.tolist()
    last = np.floor(corners.max(axis=2) + rim).astype(int).T.tolist()
    return Counter(
        (x, y)
        for (west, north), (east, south) in zip(first, last, strict=True)
        for x in range(west, east + 1)
        for y in range(north, south + 1)
    )


def report_features(cells: dict[int, Cells]) -> None:
    """How full the tiles of each zoom are."""
    for z in range(MAX_ZOOM + 1):
        level = Tile(z, 0, 0).level
        features = features_by_tile(level, cells[level], z)
        report(
            "tiles.features",
            zoom=z,
            level=level,
            tiles=len(features),
            most=max(features.values()),
            mean=sum(features.values()) / len(features),
            target=3000,
        )


def choose_tiles(cells: dict[int, Cells]) -> list[Tile]:
    """Of the tiles with cells as many of each zoom; where there are too few, more of the finest."""
    numbers = random.Random(7)
    chosen: list[Tile] = []
    for left, z in zip(range(len(ZOOMS), 0, -1), ZOOMS, strict=True):
        level = Tile(z, 0, 0).level
        found = sorted(features_by_tile(level, cells[level], z))
        share = min(len(found), (TILES - len(chosen)) // left)
        chosen += [Tile(z, x, y) for x, y in numbers.sample(found, share)]
    numbers.shuffle(chosen)
    return chosen
