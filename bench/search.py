"""Searching records: 10,000 as CSV beside a bare COPY of the same rows, and how long a radius takes."""

import asyncio
import random
from datetime import date
from http.client import HTTPConnection
from statistics import median, quantiles
from time import perf_counter
from typing import cast

import asyncpg
from asyncpg.utils import _mogrify

from bench.load import connected, load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack
from services.gateway.area import ForceArea
from services.gateway.record_shapes import FIELDS, csv_columns
from services.gateway.search_parameters import START, Asked, Filters
from services.gateway.search_store import Search, find_places, statement, values_of
from services.gateway.store import Store
from services.hexer.store import Store as Hexer
from shared.db import open_pool
from shared.model import Dataset, format_month

FORCE = "kent"
RECORDS = 10_000
ROUNDS = 20
PLACES = 300
RADII = (500, 1000, 5000)
PATH = "/api/v1/street-crimes"


def bench_search(pages: list[RawPage], month: date, repeats: int) -> None:
    """A national month, then the gateway over HTTP."""
    with fresh_stack() as stack:
        asyncio.run(measure(stack, pages, month, repeats))


async def measure(stack: Stack, pages: list[RawPage], month: date, repeats: int) -> None:
    """All of it on the same servers."""
    async with open_pool(stack.endpoints.database_url) as pool:
        async with stack.service("loader"), connected(stack) as broker, pool.acquire() as connection:
            await load_month(broker, connection, pages, month)  # type: ignore[arg-type]
        await Hexer(pool).rebuild(Dataset.STREET, month)
        await pool.execute("VACUUM ANALYZE")
        async with stack.service("gateway", READS_PER_MINUTE="1000000000"):
            server = HTTPConnection("127.0.0.1", stack.ports["gateway"])
            for turn in range(repeats):
                await measure_csv(pool, server, month, turn)
            await measure_radius(pool, server, month)


async def measure_csv(pool: asyncpg.Pool, server: HTTPConnection, month: date, turn: int) -> None:
    """The three ways in turn, round after round: what else runs on the machine then meets all of them."""
    path = f"{PATH}.csv?month={format_month(month)}&force={FORCE}&limit={RECORDS}"
    bare = await search_statement(pool, month)
    await pool.execute("DROP TABLE IF EXISTS finished_rows")
    await pool.execute(f"CREATE TABLE finished_rows AS {bare}")
    statements = {"query": bare, "finished_rows": "SELECT * FROM finished_rows"}
    seconds: dict[str, list[float]] = {"ours": [], **{name: [] for name in statements}}
    for _ in range(ROUNDS):
        took, body = ask(server, path)
        seconds["ours"].append(took)
        for name, copied in statements.items():
            took, csv = await copy(pool, copied)
            seconds[name].append(took)
            if body != csv:
                raise RuntimeError(f"the CSV of {path} is not that of COPY ({name})")
    ours = median(seconds["ours"])
    report(
        "search.csv",
        turn=turn,
        records=body.count(b"\n") - 1,
        megabytes=len(body) / 1e6,
        megabytes_per_second=len(body) / 1e6 / ours,
        ours_ms=1000 * ours,
        copy_of_the_query_ms=1000 * median(seconds["query"]),
        copy_of_finished_rows_ms=1000 * median(seconds["finished_rows"]),
        share_of_copy=median(seconds["query"]) / ours,
        target=0.8,
        share_of_copy_of_finished_rows=median(seconds["finished_rows"]) / ours,
    )


async def search_statement(pool: asyncpg.Pool, month: date) -> str:
    """The statement of the search with its parameters written out."""
    async with Store(pool, query_timeout=60).snapshot() as snapshot:
        fields = list(FIELDS[Dataset.STREET])
        filters = Filters({"category": None, "outcome": None}, {})
        versions = {month: (await snapshot.facts()).loaded[Dataset.STREET, month].version}
        asked = Asked([month], None, RECORDS, fields, None)
        words = await snapshot.vocabulary()
        search = Search(Dataset.STREET, ForceArea(FORCE), asked, filters, versions, words)
        places = await find_places(snapshot, search)
        text: str = await _mogrify(
            cast("asyncpg.Connection", snapshot.connection),
            statement(search, places, csv_columns(fields)),
            tuple(values_of(search, places, month, START, RECORDS)),
        )
    return text


async def copy(pool: asyncpg.Pool, query: str) -> tuple[float, bytes]:
    """Seconds and bytes of a bare COPY."""
    chunks: list[bytes] = []

    async def take(data: bytes) -> None:
        chunks.append(data)

    async with pool.acquire() as connection:
        started = perf_counter()
        await connection.copy_from_query(query, output=take, format="csv", header=True)
        body = b"".join(chunks)
        return perf_counter() - started, body


def ask(server: HTTPConnection, path: str) -> tuple[float, bytes]:
    """Seconds and bytes of an answer."""
    started = perf_counter()
    server.request("GET", path)
    answer = server.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
    return perf_counter() - started, body


async def measure_radius(pool: asyncpg.Pool, server: HTTPConnection, month: date) -> None:
    """The first page of the records around random map points."""
    rows = await pool.fetch("SELECT lon_e6 / 1e6::float8 AS lon, lat_e6 / 1e6::float8 AS lat FROM map_point")
    for radius in RADII:
        seconds, found = [], 0
        for place in random.Random(7).sample(rows, PLACES):
            query = f"latitude={place['lat']}&longitude={place['lon']}&radius={radius}"
            took, body = ask(server, f"{PATH}?month={format_month(month)}&{query}")
            seconds.append(took)
            found += body.count(b'"persistent_id"')
        report(
            "search.radius",
            metres=radius,
            places=PLACES,
            records_per_answer=found / PLACES,
            p50_ms=1000 * median(seconds),
            p95_ms=1000 * quantiles(seconds, n=20)[-1],
        )
