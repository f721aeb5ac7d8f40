"""Reports: how long their figures take at national scale, and how many are rendered in a minute."""

import asyncio
import random
from datetime import date
from multiprocessing import get_context
from statistics import median, quantiles
from time import perf_counter

import asyncpg

from bench.load import connected, load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack
from services.gateway.store import sql
from services.hexer.store import Store as Hexer
from services.reporter.pdf import to_pdf
from services.reporter.pictures import draw
from services.reporter.rendering import Job, Renderers, render
from shared.area_figures.counts import Point
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.refusal import Refusal
from shared.area_figures.shapes import Figures
from shared.areas import ForceAreas
from shared.map_points import MapPoints
from shared.model import Dataset, months_after
from shared.tiers import Tier

MONTHS = 60
PLACES = 60
REPORTS = 16
TURNS = 3
RADII_M = (500.0, 1000.0, 2000.0, 5000.0)
COPIES = (
    "INSERT INTO street_point_count SELECT snap_point_id, $2, category_id, outcome_id, n "
    "FROM street_point_count WHERE month = $1",
    "INSERT INTO street_mix SELECT force_id, $2, category_id, located, located_btp, unlocated "
    "FROM street_mix WHERE month = $1",
    "INSERT INTO grid (dataset, month, version_id, mapping_version, records, off_grid, seconds) "
    "SELECT dataset, $2, version_id, mapping_version, records, off_grid, seconds "
    "FROM grid WHERE month = $1",
)
"""A month's read models once more under another month."""
BARE = "SELECT count(*) FROM street_point_count WHERE snap_point_id = ANY($1::integer [])"
"""The floor: the counts of the radius, neither grouped nor fetched."""


def bench_reports(pages: list[RawPage], month: date, _repeats: int) -> None:
    """Sixty times the same national month, then figures around random map points, then their PDFs."""
    with fresh_stack() as stack:
        jobs = asyncio.run(measure_figures(stack, pages, month))
    asyncio.run(measure_rendering(jobs))


async def measure_figures(stack: Stack, pages: list[RawPage], month: date) -> list[Job]:
    """Latency of all figures of a Standard report; returns jobs for the renderer."""
    async with stack.service("loader"), connected(stack) as broker:
        connection = await stack.connect()
        await load_month(broker, connection, pages, month)
        await connection.close()
    pool = await asyncpg.create_pool(stack.endpoints.database_url, min_size=1, max_size=2)
    await Hexer(pool).rebuild(Dataset.STREET, month)
    for back in range(1, MONTHS):
        for copy in COPIES:
            await pool.execute(copy, month, months_after(month, -back), timeout=600)
    await pool.execute("VACUUM ANALYZE", timeout=600)
    rows = await pool.fetch("SELECT lon_e6 / 1e6::float8 AS lon, lat_e6 / 1e6::float8 AS lat FROM map_point")
    places = random.Random(7).sample(rows, PLACES)
    store = CountsStore(pool, ForceAreas.load())
    map_points = store.map_points
    jobs: list[Job] = []
    for turn in ("cold", "warm"):
        jobs = []
        seconds: list[float] = []
        bare: list[float] = []
        for number, place in enumerate(places):
            started = perf_counter()
            try:
                figures, points = await figures_at(store, place["lat"], place["lon"])
            except Refusal:  # Scotland's stations, Northern Ireland
                continue
            seconds.append(perf_counter() - started)
            started = perf_counter()
            near = await map_points.in_circle(pool, place["lat"], place["lon"], 500)
            await pool.fetchval(BARE, near)
            bare.append(perf_counter() - started)
            jobs.append(Job(f"bench-{number}", "https://example.org/r/bench", figures, tuple(points), None))
        report(
            "reports.figures",
            turn=turn,
            months=MONTHS,
            places=len(seconds),
            rows=await pool.fetchval("SELECT sum(reltuples)::bigint FROM pg_class WHERE relname ~ $1",
                                     "^street_point_count_[0-9]{4}$"),
            p50_ms=1000 * median(seconds),
            p95_ms=1000 * quantiles(seconds, n=20)[-1],
            target_ms=50,
            floor_p50_ms=1000 * median(bare),
        )  # fmt: skip
    await measure_areas(pool, places, month)
    await pool.close()
    return jobs


async def measure_areas(pool: asyncpg.Pool, places: list[asyncpg.Record], month: date) -> None:
    """What a comparison of areas reads: the counts within a radius, sixty months."""
    months = [months_after(month, -back) for back in range(MONTHS)]
    map_points = MapPoints()
    for radius in RADII_M:
        seconds: list[float] = []
        for place in places:
            started = perf_counter()
            points = await map_points.in_circle(pool, place["lat"], place["lon"], radius)
            await pool.fetch(
                sql("count_area", table="street_point_count"), points, months, None, None, timeout=60
            )
            seconds.append(perf_counter() - started)
        report(
            "comparisons.area",
            radius_m=radius,
            months=MONTHS,
            p50_ms=1000 * median(seconds),
            p95_ms=1000 * quantiles(seconds, n=20)[-1],
            target_ms=50,
        )


async def figures_at(store: CountsStore, latitude: float, longitude: float) -> tuple[Figures, list[Point]]:
    """What the reporter works out before it renders."""
    counts, points = await store.read("BENCH", latitude, longitude, "the bench", Tier.STANDARD)
    return work_out(counts), points


async def measure_rendering(jobs: list[Job]) -> None:
    """A report against WeasyPrint alone with the same HTML, and one process against two."""
    jobs = (jobs * REPORTS)[:REPORTS]
    render(jobs[0])  # what is read once a process
    whole, alone = [], []
    for job in jobs:
        started = perf_counter()
        render(job)
        whole.append(perf_counter() - started)
        html = draw(job)
        started = perf_counter()
        to_pdf(html)
        alone.append(perf_counter() - started)
    report(
        "reports.render",
        seconds=median(whole),
        weasyprint_alone=median(alone),
        ratio=median(w / a for w, a in zip(whole, alone, strict=True)),
        target=1.5,
    )
    turns = [{n: (await rate(jobs, n), plain_rate(html, n)) for n in (1, 2)} for _ in range(TURNS)]
    report(
        "reports.throughput",
        reports=len(jobs),
        turns=TURNS,
        per_minute_with_1=median(turn[1][0] for turn in turns),
        per_minute_with_2=median(turn[2][0] for turn in turns),
        times=[turn[2][0] / turn[1][0] for turn in turns],
        weasyprint_alone_times=[turn[2][1] / turn[1][1] for turn in turns],
        target="nearly 2",
    )


async def rate(jobs: list[Job], processes: int) -> float:
    """Reports a minute."""
    renderers = Renderers(processes)
    await asyncio.gather(*(renderers.render(job) for job in jobs[: 2 * processes]))
    started = perf_counter()
    await asyncio.gather(*(renderers.render(job) for job in jobs))
    seconds = perf_counter() - started
    renderers.close()
    return 60 * len(jobs) / seconds


def plain_rate(html: str, processes: int) -> float:
    """PDFs a minute of a bare pool of processes: what the machine gives to WeasyPrint alone."""
    with get_context("spawn").Pool(processes) as pool:
        pool.map(to_pdf, [html] * (2 * processes), chunksize=1)
        started = perf_counter()
        pool.map(to_pdf, [html] * REPORTS, chunksize=1)
        return 60 * REPORTS / (perf_counter() - started)
