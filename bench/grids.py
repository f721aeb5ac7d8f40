"""The cells of a national month: ours, a level at a time, against the best plain ST_HexagonGrid query."""

import asyncio
import re
from datetime import date
from pathlib import Path
from time import perf_counter

import asyncpg

from bench.load import connected, load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack
from services.hexer.store import sql as hexer_sql
from shared.hexgrid import EDGES_M
from shared.model import Dataset

PEER = (Path(__file__).parent / "sql" / "hexagon_grid.sql").read_text(encoding="utf-8")
DIFFERENCE = """
SELECT count(*) FROM (
    (SELECT level, i, j, category_id, group_id, n FROM street_cell WHERE level = $1
     EXCEPT SELECT level, i, j, category_id, group_id, n FROM peer_cell WHERE level = $1)
    UNION ALL
    (SELECT level, i, j, category_id, group_id, n FROM peer_cell WHERE level = $1
     EXCEPT SELECT level, i, j, category_id, group_id, n FROM street_cell WHERE level = $1)
) AS different
"""


def bench_grids(pages: list[RawPage], month: date, repeats: int) -> None:
    """Load once, then both ways in turn."""
    with fresh_stack() as stack:
        asyncio.run(measure(stack, pages, month, repeats))


async def measure(stack: Stack, pages: list[RawPage], month: date, repeats: int) -> None:
    """Each level into an empty table of the same shape."""
    async with stack.service("loader"), connected(stack) as broker:
        connection = await stack.connect()
        await load_month(broker, connection, pages, month)
    version = await connection.fetchval("SELECT version_id FROM current_version")
    await connection.execute("ANALYZE")
    await connection.execute("SET work_mem = '128MB'")
    await connection.execute("SET enable_nestloop = off")
    await connection.execute("CREATE TABLE peer_cell (LIKE street_cell INCLUDING ALL)")
    for turn in range(repeats):
        await connection.execute("TRUNCATE street_cell, peer_cell")
        shared, levels = await ours(connection, version, month)
        for edge in EDGES_M:
            peer, peer_written = await both(connection, PEER.format(level=edge), month, version)
            counted, written = levels[edge]
            mine = counted + shared / len(EDGES_M)
            report(
                "grids.level",
                turn=turn,
                level=edge,
                seconds=mine,
                seconds_of_shared_step=shared,
                seconds_with_writing=written + shared / len(EDGES_M),
                peer_seconds=peer,
                peer_seconds_with_writing=peer_written,
                times_faster=peer / mine,
                times_faster_with_writing=peer_written / (written + shared / len(EDGES_M)),
                target=3,
                cells_that_differ=await connection.fetchval(DIFFERENCE, edge),
            )
    await connection.close()


async def ours(
    connection: asyncpg.Connection, version: int, month: date
) -> tuple[float, dict[int, tuple[float, float]]]:
    """Seconds of the step that all levels share, and of each level: counted, and also written."""
    async with connection.transaction():
        create = hexer_sql(f"create_fresh_{Dataset.STREET}", version=version)
        shared = await seconds(connection, create)
        levels = {
            edge: await both(connection, hexer_sql("insert_street_cells", level=edge), month)
            for edge in EDGES_M
        }
    return shared, levels


async def both(connection: asyncpg.Connection, insert: str, *values: object) -> tuple[float, float]:
    """Seconds of an INSERT's query alone, and of the whole INSERT into the indexed table."""
    query = insert[re.search(r"^(SELECT|WITH)", insert, re.MULTILINE).start() :]  # type: ignore[union-attr]
    # A query with parameters can't make a table; a count of its rows makes it run to its end.
    counted = await seconds(connection, f"SELECT count(*) FROM ({query}) AS cell", *values)
    return counted, await seconds(connection, insert, *values)


async def seconds(connection: asyncpg.Connection, statement: str, *values: object) -> float:
    """Seconds that a statement takes."""
    started = perf_counter()
    await connection.execute(statement, *values)
    return perf_counter() - started
