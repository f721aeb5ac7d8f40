"""Dashboards over sixty national months: how long each takes when nothing is cached."""

import asyncio
from datetime import date
from statistics import median, quantiles
from time import perf_counter

import asyncpg
import httpx

from bench.load import connected, load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack, peak_megabytes
from services.hexer.store import Store as Hexer
from shared.model import Dataset, format_month, months_after

MONTHS, TURNS, TARGET_MS = 60, 20, 50
STOPS_A_MONTH = 25_000
COPIES = (
    "INSERT INTO version (dataset, month, run_id, source, received, duplicates, set_aside, out_of_scope, "
    "kept_from_previous, stored, checksum) SELECT dataset, $2, gen_random_uuid(), source, received, "
    "duplicates, set_aside, out_of_scope, kept_from_previous, stored, checksum FROM version WHERE month = $1",
    "INSERT INTO current_version SELECT dataset, month, id FROM version "
    "WHERE month = $2 AND month <> $1::date",
    "INSERT INTO version_count SELECT new.id, c.force_id, c.location_type, c.located, c.category_id, "
    "c.outcome_id, c.n FROM version_count AS c JOIN version AS v ON v.id = c.version_id "
    "JOIN version AS new ON new.dataset = v.dataset AND new.month = $2 WHERE v.month = $1",
    "INSERT INTO grid SELECT g.dataset, $2, v.id, g.mapping_version, g.records, g.off_grid, g.seconds "
    "FROM grid AS g JOIN version AS v ON v.dataset = g.dataset AND v.month = $2 WHERE g.month = $1",
    "INSERT INTO street_cube SELECT $2, force_id, located, location_type, category_id, outcome_id, n "
    "FROM street_cube WHERE month = $1",
    "INSERT INTO stop_cube SELECT $2, force_id, located, type_id, gender_id, age_range_id, "
    "self_ethnicity_id, officer_ethnicity_id, legislation_id, category_id, outcome_id, n FROM stop_cube "
    "WHERE month = $1",
)
"""What is read of a month, once more under another month."""
WORDS = {
    "stop_type": 3, "gender": 3, "age_range": 6, "self_ethnicity": 20, "officer_ethnicity": 6,
    "legislation": 15, "object_of_search": 15, "stop_outcome": 12,
}  # fmt: skip
"""How many published words there are of each kind."""
MAKE_STOPS = """
INSERT INTO stop_cube
SELECT
    $1::date, 1 + floor(43 * random())::int, random() < 0.9, w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8],
    count(*)
FROM (
    SELECT ARRAY[{words}]::smallint[] AS w FROM generate_series(1, {stops})
) AS stop
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""
"""Stops whose characteristics are independent: nearly as many rows as stops."""
ASKED = {
    "street by category": "statistics/street?month={all}",
    "street by month, force and category": "statistics/street?month={all}&by=month,force,category",
    "street by month, one force": "statistics/street?month={all}&by=month,outcome_group&force=metropolitan",
    "stops by ethnicity": "statistics/stops?month={all}&by=self_ethnicity",
    "stops by month and outcome, filtered": (
        "statistics/stops?month={all}&by=month,outcome_group&gender=gender-1&object=object-of-search-3"
    ),
    "street trend": "trends/street?category=burglary",
    "stops trend": "trends/stops",
    "outcome funnel": "outcome-funnel",
    "force against country": "comparisons/street?a=kent&month={all}",
    "force against ONS": "comparisons/ons?force=kent&month={all}",
}

PAGE_TARGET_MS = 100
PAGES = {
    "page of street crime": "/dashboards/crime?from={first}&to={last}",
    "page of street crime, one force": "/dashboards/crime?from={first}&to={last}&force=kent",
    "page of stops": "/dashboards/stop-and-search?from={first}&to={last}",
    "page of trends": "/dashboards/trends?from={first}&to={last}",
    "page of outcomes": "/dashboards/outcomes?from={first}&to={last}",
    "page of comparisons": "/dashboards/comparisons?a=kent&from={first}&to={last}",
    "page of street crime, usual months": "/dashboards/crime",
    "page of stops, usual months": "/dashboards/stop-and-search",
}
"""The same figures as pages."""


def bench_statistics(pages: list[RawPage], month: date, _repeats: int) -> None:
    """Each dashboard, many times; without Redis every answer is worked out anew."""
    with fresh_stack() as stack:
        asyncio.run(measure(stack, pages, month))


async def measure(stack: Stack, pages: list[RawPage], month: date) -> None:
    """Load, multiply, ask."""
    rows = await fill(stack, pages, month)
    every = f"{format_month(months_after(month, 1 - MONTHS))}..{format_month(month)}"
    async with (
        stack.service("gateway", REDIS_URL="", READS_PER_MINUTE="1000000") as pid,
        httpx.AsyncClient(timeout=60) as client,
    ):
        client.base_url = httpx.URL(f"http://127.0.0.1:{stack.ports['gateway']}/api/v1/")
        started = perf_counter()
        for name in ("street", "stops"):
            (await client.get(f"statistics/{name}")).raise_for_status()
        report("statistics.first", seconds=perf_counter() - started, rows=rows, months=MONTHS)
        for name, address in ASKED.items():
            await time_answers(client, "statistics.answer", name, address.format(all=every), TARGET_MS)
        client.base_url = httpx.URL(f"http://127.0.0.1:{stack.ports['gateway']}")
        first, _, last = every.partition("..")
        for name, address in PAGES.items():
            asked = address.format(first=first, last=last)
            await time_answers(client, "statistics.page", name, asked, PAGE_TARGET_MS)
        report("statistics.memory", peak_megabytes=peak_megabytes(pid))


async def time_answers(client: httpx.AsyncClient, kind: str, name: str, address: str, target: int) -> None:
    """How long an answer takes, many times."""
    seconds = []
    for _ in range(TURNS):
        started = perf_counter()
        answer = await client.get(address)
        seconds.append(perf_counter() - started)
        answer.raise_for_status()
    report(
        kind,
        what=name,
        p50_ms=1000 * median(seconds),
        p95_ms=1000 * quantiles(seconds, n=20)[-1],
        bytes=len(answer.content),
        target_ms=target,
    )


async def fill(stack: Stack, pages: list[RawPage], month: date) -> dict[str, int]:
    """Sixty months of read models; the rows of each cube."""
    connection = await stack.connect()
    async with stack.service("loader"), connected(stack) as broker:
        await load_month(broker, connection, pages, month)
    async with asyncpg.create_pool(stack.endpoints.database_url, min_size=1, max_size=2) as pool:
        await Hexer(pool).rebuild(Dataset.STREET, month)
    await make_stops(connection, month)
    for back in range(1, MONTHS):
        for copy in COPIES:
            await connection.execute(copy, month, months_after(month, -back), timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
    rows = {
        name: await connection.fetchval(f"SELECT count(*) FROM {name}")
        for name in ("street_cube", "stop_cube")
    }
    await connection.close()
    return rows


async def make_stops(connection: asyncpg.Connection, month: date) -> None:
    """A month of stops, as cube, manifest and account."""
    for kind, number in WORDS.items():
        await connection.execute(
            "INSERT INTO label (kind, value) SELECT $1, replace($1, '_', ' ') || ' ' || n "
            "FROM generate_series(0, $2 - 1) AS n ON CONFLICT DO NOTHING", kind, number,
        )  # fmt: skip
    words = ", ".join(
        f"(SELECT min(id) FROM label WHERE kind = '{kind}') + floor({number} * random())"
        for kind, number in WORDS.items()
    )
    await connection.execute(MAKE_STOPS.format(words=words, stops=STOPS_A_MONTH), month)
    version = await connection.fetchval(
        "INSERT INTO version (dataset, month, run_id, source, received, duplicates, set_aside, out_of_scope, "
        "kept_from_previous, stored, checksum) "
        "VALUES ('stops', $1, gen_random_uuid(), 'api', $2, 0, 0, 0, 0, $2, '') RETURNING id",
        month, STOPS_A_MONTH,
    )  # fmt: skip
    await connection.execute("INSERT INTO current_version VALUES ('stops', $1, $2)", month, version)
    await connection.execute(
        "INSERT INTO version_count SELECT $2::integer, force_id, NULL, located, category_id, outcome_id, "
        "sum(n) FROM stop_cube WHERE month = $1 GROUP BY 1, 2, 3, 4, 5, 6", month, version,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO grid VALUES ('stops', $1, $2, 1, $3, 0, 1)", month, version, STOPS_A_MONTH
    )
