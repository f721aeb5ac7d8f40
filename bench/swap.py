"""What readers notice while a month is replaced and its read models are rebuilt."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import quantiles
from time import perf_counter
from typing import Any

import asyncpg
import msgspec
from faststream.nats import NatsBroker

from bench.load import load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack
from services.hexer.store import Store as Hexer
from shared.model import Dataset

READERS, PAUSE, QUIET_SECONDS, SWAPS = 50, 0.2, 10.0, 3
"""Each reader rests so many seconds: two cores must have room for readers and loaders.
The third swap also drops the records of the first version."""
POINTS_EACH = 20
VERSION = "SELECT version_id FROM current_version WHERE dataset = 'street' AND month = $1"
RECORDS = "SELECT count(*) FROM street_crime WHERE version_id = $1 AND snap_point_id = ANY($2::integer [])"
"""The version as a value, as the gateway gives it. A join with the pointer would name, and lock, the
partitions of all months: 50 readers of 60 months then wait for each other's locks more than for anything."""
COUNTS = "SELECT sum(n) FROM street_point_count WHERE month = $1 AND snap_point_id = ANY($2::integer [])"
BUSY_POINTS = """
SELECT snap_point_id
FROM street_point_count
WHERE month = $1
GROUP BY snap_point_id
ORDER BY sum(n) DESC, snap_point_id
LIMIT $2
"""


@dataclass
class Waits:
    """What the readers met: seconds of every answer, and why there was none or a wrong one."""

    seconds: list[float]
    failures: list[str]


async def measure_swap(
    stack: Stack, broker: NatsBroker, pool: asyncpg.Pool, pages: Sequence[RawPage], month: date
) -> None:
    """The month again with one crime less, and back; readers have a process of their own."""
    rows = await pool.fetch(BUSY_POINTS, month, READERS * POINTS_EACH)
    points = [row["snap_point_id"] for row in rows]
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=read_until_told, args=(theirs, stack.endpoints.database_url, month, points)
    )
    process.start()
    try:
        await asyncio.to_thread(ours.recv)  # every reader has had an answer
        await asyncio.sleep(QUIET_SECONDS)
        quiet = await waits_so_far(ours)
        load_seconds, rebuild_seconds = [], []
        async with pool.acquire() as connection:
            for number in range(SWAPS):
                changed = list(pages) if number % 2 else with_one_less(pages)
                load_seconds.append(await load_month(broker, connection, changed, month))  # type: ignore[arg-type]
                started = perf_counter()
                await Hexer(pool).rebuild(Dataset.STREET, month)
                rebuild_seconds.append(perf_counter() - started)
        busy = await waits_so_far(ours)
    finally:
        ours.send("end")
        process.join()
    report(
        "history.swap",
        readers=READERS,
        pause=PAUSE,
        swaps=SWAPS,
        load_seconds=load_seconds,
        rebuild_seconds=rebuild_seconds,
        reads=len(busy.seconds),
        longest_wait_ms=1000 * max(busy.seconds),
        p99_ms=1000 * quantiles(busy.seconds, n=100)[-1],
        target_ms=200,
        failures=len(busy.failures) + len(quiet.failures),
        examples=sorted(set(busy.failures + quiet.failures))[:3],
        reads_before=len(quiet.seconds),
        longest_wait_before_ms=1000 * max(quiet.seconds),
        p99_before_ms=1000 * quantiles(quiet.seconds, n=100)[-1],
    )


def with_one_less(pages: Sequence[RawPage]) -> list[RawPage]:
    """The pages without the last crime that has no location: what readers ask for stays the same."""
    number = max(n for n, page in enumerate(pages) if page.force)
    *kept, _ = msgspec.json.decode(pages[number].body)
    fewer = replace(pages[number], body=msgspec.json.encode(kept), records=len(kept))
    return [*pages[:number], fewer, *pages[number + 1 :]]


async def waits_so_far(readers: "Connection[Any, Any]") -> Waits:
    """What the readers met since they were asked last."""
    readers.send("tell")
    return Waits(**json.loads(await asyncio.to_thread(readers.recv)))


def read_until_told(
    parent: "Connection[Any, Any]", database_url: str, month: date, points: list[int]
) -> None:
    """The readers' process."""
    asyncio.run(read_all(parent, database_url, month, points))


async def read_all(parent: "Connection[Any, Any]", database_url: str, month: date, points: list[int]) -> None:
    """All readers, and what they met whenever the parent asks."""
    waits = Waits([], [])
    shares = [points[n::READERS] for n in range(READERS)]
    connections = [await asyncpg.connect(database_url) for _ in shares]
    expected = [await ask(*pair, month) for pair in zip(connections, shares, strict=True)]
    readers = [
        asyncio.create_task(read(waits, *each, month))
        for each in zip(connections, shares, expected, strict=True)
    ]
    parent.send("ready")
    while await asyncio.to_thread(parent.recv) == "tell":
        parent.send(json.dumps(vars(waits)))
        waits.seconds, waits.failures = [], []
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    for connection in connections:
        connection.terminate()


async def read(
    waits: Waits, connection: asyncpg.Connection, points: list[int], expected: tuple[int, int], month: date
) -> None:
    """One reader: its records and counts must be there at every moment, and the same."""
    await asyncio.sleep(PAUSE * random.random())  # not all in step
    while True:
        started = perf_counter()
        try:
            found = await ask(connection, points, month)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            waits.failures.append(f"{type(error).__name__}: {error}")
        else:
            if found != expected:
                waits.failures.append(f"{found} instead of {expected}")
        waits.seconds.append(perf_counter() - started)
        await asyncio.sleep(PAUSE)


async def ask(connection: asyncpg.Connection, points: list[int], month: date) -> tuple[int, int]:
    """The records of a month at some points, and their counts: of one state of the database."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        version = await connection.fetchval(VERSION, month)
        records = await connection.fetchval(RECORDS, version, points)
        counts = await connection.fetchval(COUNTS, month, points)
    return records, counts
