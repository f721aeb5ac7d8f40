"""Years of the whole country in one database: bytes, radius, dashboards, and what growth costs."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import asyncpg
import httpx

from bench import wide_history
from bench.load import connected, load_month, shifted
from bench.national_month import RawPage, national_month
from bench.report import report
from bench.stack import Stack, fresh_stack, peak_megabytes
from bench.statistics import ASKED
from bench.swap import measure_swap
from services.hexer.store import Store as Hexer
from shared.map_points import MapPoints
from shared.model import Dataset, format_month, months_after

MARKS = (12, 24, 60)
"""Numbers of months at which the cost of growth is measured."""
LOADERS, LAST = 2, 3
"""The cost of a month is the median of the last three: one of each real month. What else runs on the machine
changes seconds much, those of the processors little."""
PLACES, TURNS, SCANS = 300, 20, 3
RADIUS_M = 500
PARTS = {
    "records": ("street_crime",),
    "places": ("snap_point", "map_point"),
    "point_counts": ("street_point_count",),
    "cells": ("street_cell",),
    "cubes": ("street_cube", "street_mix"),
    "manifests": ("version", "current_version", "version_count", "verdict", "grid", "label", "revision"),
}
"""Every table that street crimes need."""
BYTES = """
SELECT sum(pg_table_size(t.oid))::bigint AS rows, sum(pg_indexes_size(t.oid))::bigint AS indexes
FROM pg_class AS t
WHERE t.oid IN (
    SELECT coalesce(part.relid, parent.name::regclass)
    FROM unnest($1::text []) AS parent (name)
    LEFT JOIN pg_partition_tree(parent.name::regclass) AS part ON part.relid IS NOT NULL
)
"""
RADIUS = """
SELECT c.month, c.category_id, c.outcome_id, sum(c.n)::integer AS n
FROM unnest($1::integer []) AS near (snap_point_id)
JOIN street_point_count AS c ON c.snap_point_id = near.snap_point_id
GROUP BY c.month, c.category_id, c.outcome_id
"""
SCAN = """
SELECT c.month, r.category_id, count(*)
FROM street_crime AS r
JOIN current_version AS c ON c.version_id = r.version_id
GROUP BY c.month, r.category_id
"""
Connection = asyncpg.pool.PoolConnectionProxy
Place = tuple[float, float]
"""Longitude and latitude."""


@dataclass
class Loaded:
    """What has been loaded so far, and how long each month took."""

    months: list[date] = field(default_factory=list)
    records: int = 0
    load_seconds: list[float] = field(default_factory=list)
    load_cpu_seconds: list[float] = field(default_factory=list)
    rebuild_seconds: list[float] = field(default_factory=list)
    rebuild_cpu_seconds: list[float] = field(default_factory=list)


def bench_history(archives: dict[date, Path], months: int) -> None:
    """Real months repeated with other dates, ending with the newest; both ways on the same servers."""
    sources = {month: national_month(path) for month, path in sorted(archives.items())}
    with fresh_stack() as stack:
        asyncio.run(measure(stack, sources, months))


async def measure(stack: Stack, sources: dict[date, list[RawPage]], number: int) -> None:
    """Load month by month, stop at the marks, then everything that needs all months."""
    pool = await asyncpg.create_pool(stack.endpoints.database_url, min_size=1, max_size=4)
    months = [months_after(max(sources), back) for back in range(1 - number, 1)]
    marks = {mark for mark in MARKS if mark < number} | {number}
    loaded, places = Loaded(), list[Place]()
    async with AsyncExitStack() as running:
        pids = [await running.enter_async_context(stack.service("loader")) for _ in range(LOADERS)]
        broker = await running.enter_async_context(connected(stack))
        connection = await running.enter_async_context(pool.acquire())
        for month in months:
            pages = pages_of(sources, month)
            worked = [stack.cpu_seconds(pids)]
            loaded.load_seconds.append(await load_month(broker, connection, pages, month))  # type: ignore[arg-type]
            worked.append(stack.cpu_seconds(pids))
            started = perf_counter()
            await Hexer(pool).rebuild(Dataset.STREET, month)
            loaded.rebuild_seconds.append(perf_counter() - started)
            worked.append(stack.cpu_seconds(pids))
            loaded.load_cpu_seconds.append(worked[1] - worked[0])
            loaded.rebuild_cpu_seconds.append(worked[2] - worked[1])
            loaded.months.append(month)
            loaded.records += sum(page.records for page in pages)
            if len(loaded.months) in marks:
                await pool.execute("VACUUM ANALYZE", timeout=1800)
                places = places or await some_places(pool)
                await measure_growth(stack, pool, loaded, places, [peak_megabytes(pid) for pid in pids])
        await measure_bytes(pool, loaded)
        await measure_wide(pool, sources, loaded, places)
        await measure_swap(stack, broker, pool, pages, months[-1])
    await pool.close()


def pages_of(sources: dict[date, list[RawPage]], month: date) -> list[RawPage]:
    """The pages of the real month whose turn it is, dated anew."""
    newest = max(sources)
    back = 12 * (newest.year - month.year) + newest.month - month.month
    source = sorted(sources)[-1 - back % len(sources)]
    return [shifted(page, source, month) for page in sources[source]]


async def some_places(pool: asyncpg.Pool) -> list[Place]:
    """Random map points: of the first months, so that all marks are asked for the same ones."""
    rows = await pool.fetch(
        "SELECT lon_e6 / 1e6::float8 AS lon, lat_e6 / 1e6::float8 AS lat FROM map_point "
        "ORDER BY snap_point_id"
    )
    return [(row["lon"], row["lat"]) for row in random.Random(7).sample(rows, min(PLACES, len(rows)))]


async def measure_growth(
    stack: Stack, pool: asyncpg.Pool, loaded: Loaded, places: Sequence[Place], peaks: list[int]
) -> None:
    """What a month, a radius and a dashboard cost with so many months."""
    map_points = MapPoints()
    async with pool.acquire() as connection:
        for _ in ("cold", "warm"):
            radius = [(await ask_radius(connection, map_points, place))[0] for place in places]
    dashboards = await measure_dashboards(stack, loaded.months, places)
    report(
        "history.growth",
        months=len(loaded.months),
        records=loaded.records,
        load_seconds=median(loaded.load_seconds[-LAST:]),
        load_cpu_seconds=median(loaded.load_cpu_seconds[-LAST:]),
        rebuild_seconds=median(loaded.rebuild_seconds[-LAST:]),
        rebuild_cpu_seconds=median(loaded.rebuild_cpu_seconds[-LAST:]),
        **spread("radius", radius),
        slowest_dashboard_p50_ms=max(dashboards),
        dashboards_p50_ms=median(dashboards),
        loaders_peak_megabytes=peaks,
    )


def spread(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    return {f"{name}_p50_ms": 1000 * median(seconds), f"{name}_p95_ms": 1000 * quantiles(seconds, n=20)[-1]}


async def ask_radius(connection: Connection, map_points: MapPoints, place: Place) -> tuple[float, int]:
    """Seconds, and the crimes of all months around a place, asked by month, category and outcome."""
    lon, lat = place
    started = perf_counter()
    near = await map_points.in_circle(connection, lat, lon, RADIUS_M)
    rows = await connection.fetch(RADIUS, near)
    return perf_counter() - started, sum(row["n"] for row in rows)


async def measure_dashboards(stack: Stack, months: Sequence[date], places: Sequence[Place]) -> list[float]:
    """The medians in milliseconds of every kind of dashboard over all months, nothing cached."""
    medians = []
    async with (
        stack.service("gateway", REDIS_URL="", READS_PER_MINUTE="1000000000") as pid,
        httpx.AsyncClient(timeout=60) as client,
    ):
        client.base_url = httpx.URL(f"http://127.0.0.1:{stack.ports['gateway']}/api/v1/")
        started = perf_counter()
        (await client.get("statistics/street")).raise_for_status()
        first = perf_counter() - started
        for what, addresses in dashboards(months, places):
            seconds = []
            for address in islice(addresses, TURNS):
                started = perf_counter()
                answer = await client.get(address)
                seconds.append(perf_counter() - started)
                answer.raise_for_status()
            figures = spread("answer", seconds)
            medians.append(figures["answer_p50_ms"])
            report(
                "history.dashboard",
                months=len(months),
                what=what,
                **figures,
                bytes=len(answer.content),
                target_ms=50,
            )
        report(
            "history.gateway", months=len(months), first_answer_seconds=first, megabytes=peak_megabytes(pid)
        )
    return medians


def dashboards(months: Sequence[date], places: Sequence[Place]) -> Iterator[tuple[str, Iterator[str]]]:
    """What the gateway is asked: of the whole country and of forces, and of circles."""
    every = f"{format_month(months[0])}..{format_month(months[-1])}"
    for what, address in ASKED.items():
        if "stops" not in what:
            yield what, iter([address.format(all=every)] * TURNS)
    for radius in (500, 1000, 5000):
        yield (
            f"a circle of {radius} m against the country",
            (f"comparisons/street?month={every}&a=circle:{lat},{lon},{radius}" for lon, lat in places),
        )


async def measure_bytes(pool: asyncpg.Pool, loaded: Loaded) -> None:
    """Bytes of every table that street crimes need."""
    parts, whole = {}, 0
    for part, tables in PARTS.items():
        row = await pool.fetchrow(BYTES, list(tables))
        assert row is not None
        parts[part] = {"rows_mb": row["rows"] / 1e6, "indexes_mb": row["indexes"] / 1e6}
        whole += row["rows"] + row["indexes"]
    report(
        "history.bytes",
        months=len(loaded.months),
        records=loaded.records,
        gigabytes=whole / 1e9,
        gigabytes_per_20_million=whole / 1e9 * 20e6 / loaded.records,
        target=2.5,
        database_gigabytes=await pool.fetchval("SELECT pg_database_size(current_database())") / 1e9,
        parts={part: {name: round(size) for name, size in sizes.items()} for part, sizes in parts.items()},
    )


async def measure_wide(
    pool: asyncpg.Pool, sources: dict[date, list[RawPage]], loaded: Loaded, places: Sequence[Place]
) -> None:
    """The straightforward way with the same months, and the same questions to both."""
    async with pool.acquire() as connection:
        built = await wide_history.fill(connection, sources, loaded.months)
        report(
            "history.straightforward",
            months=len(loaded.months),
            seconds=built,
            gigabytes=await connection.fetchval("SELECT pg_total_relation_size('wide_crime')") / 1e9,
        )
        map_points = MapPoints()
        for turn in ("first", "second", "third"):
            ours, plain, crimes = [], [], 0
            for place in places:  # one after the other: what else runs on the machine then meets both
                mine = await ask_radius(connection, map_points, place)
                theirs = await wide_history.ask_radius(connection, place, RADIUS_M)
                if mine[1] != theirs[1]:
                    raise RuntimeError(f"around {place} there are {mine[1]} crimes, or {theirs[1]}")
                ours.append(mine[0])
                plain.append(theirs[0])
                crimes += mine[1]
            fast, slow = spread("ours", ours), spread("straightforward", plain)
            report(
                "history.radius",
                turn=turn,
                months=len(loaded.months),
                places=len(places),
                crimes_per_place=crimes / len(places),
                **fast,
                **slow,
                ratio_p50=fast["ours_p50_ms"] / slow["straightforward_p50_ms"],
                ratio_p95=fast["ours_p95_ms"] / slow["straightforward_p95_ms"],
                target=0.6,
            )
        report(
            "history.scan",
            months=len(loaded.months),
            what="crimes by month and category without cubes",
            narrow_seconds=await scan(connection, SCAN),
            wide_seconds=await scan(connection, wide_history.SCAN),
        )


async def scan(connection: Connection, statement: str) -> float:
    """Median seconds of a statement that reads everything."""
    seconds = []
    for _ in range(SCANS):
        started = perf_counter()
        await connection.fetch(statement, timeout=600)
        seconds.append(perf_counter() - started)
    return median(seconds)
