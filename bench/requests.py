"""How many requests a national month costs, and how exactly the allowed rate is kept."""

import asyncio
from datetime import date
from math import ceil
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from bench.load import connected
from bench.report import report
from bench.stack import Stack, fresh_stack
from deploy.local.police_api.server import SamplePoliceApi
from shared.bus import publish
from shared.events import IngestRequested, run_id
from shared.model import Dataset, format_month

PAGE_LIMIT = 10_000
AREA_ROUTES = {Dataset.STREET: "crimes-street", Dataset.OUTCOMES: "outcomes-at-location"}
PROBE = "crime-last-updated"
TILES = """
SELECT
    r.plan,
    sum(s.records)::integer AS records,
    count(*) FILTER (WHERE s.state = 'split') AS splits
FROM slice AS s
JOIN run AS r ON r.id = s.run_id
WHERE s.run_id = $1 AND s.kind = 'tile'
GROUP BY r.plan
"""


def bench_requests(archives: dict[date, Path], first: date, second: date) -> None:
    """A month without any knowledge, then one whose points the first has taught."""
    data = [archives[first], archives[second]]
    with fresh_stack() as stack, SamplePoliceApi(data=data, rate=0) as api:
        asyncio.run(count_requests(stack, api, first, second))


async def count_requests(stack: Stack, api: SamplePoliceApi, first: date, second: date) -> None:
    """Street crimes and outcomes of both months, then the second again."""
    settings = {
        "SOURCE_URL": api.url,
        "REQUESTS_PER_SECOND": "300",
        "WATCH_SECONDS": "0",
        "TICK_SECONDS": "1",
    }
    async with stack.service("loader"), stack.service("fetcher", **settings), connected(stack) as broker:
        connection = await stack.connect()
        for dataset in AREA_ROUTES:
            for month, knows, target in (
                (first, "nothing", 3.0), (second, "the other month", 1.3), (second, "the month itself", 1.3),
            ):  # fmt: skip
                api.control(reset=True)
                order = IngestRequested(order_id=uuid4(), month=month, datasets=(dataset,))
                await publish(broker, order)
                run = run_id(order.order_id, dataset, month)
                verdict = await verdict_of(connection, run)
                tiles = await connection.fetchrow(TILES, run)
                assert tiles is not None
                requests = {route: sum(n.values()) for route, n in api.report()["requests"].items()}
                area = sum(n for route, n in requests.items() if AREA_ROUTES[dataset] in route)
                # Two looks at the release belong to the run, each further one to a 503.
                asked = area + sum(n for route, n in requests.items() if PROBE in route) - 2
                least = ceil(tiles["records"] / PAGE_LIMIT)
                report(
                    "requests.national_month",
                    dataset=dataset,
                    month=format_month(month),
                    knows=knows,
                    plan=tiles["plan"],
                    verdict=verdict,
                    located_records=tiles["records"],
                    least=least,
                    requests=asked,
                    splits=tiles["splits"],
                    ratio=asked / least,
                    target=target,
                    requests_by_route=requests,
                )
        await connection.close()


async def verdict_of(connection: asyncpg.Connection, run: UUID) -> str:
    """What became of a run, as soon as it is known."""
    while True:
        verdict: str | None = await connection.fetchval("SELECT verdict FROM verdict WHERE run_id = $1", run)
        if verdict:
            return verdict
        await asyncio.sleep(0.2)


def bench_rate(archives: dict[date, Path], month: date) -> None:
    """The sustained rate against a source that allows 15 requests in any second, and not one more."""
    with fresh_stack() as stack, SamplePoliceApi(data=[archives[month]], rate=0) as api:
        asyncio.run(measure_rate(stack, api, month))


async def measure_rate(stack: Stack, api: SamplePoliceApi, month: date) -> None:
    """Many small tiles: the source's limit is set low, so that there is much to ask."""
    settings = {"SOURCE_URL": api.url, "WATCH_SECONDS": "0", "TILE_TARGET": "1500"}
    order = IngestRequested(order_id=uuid4(), month=month, datasets=(Dataset.STREET,))
    async with connected(stack) as broker:
        async with stack.service("fetcher", **{**settings, "REQUESTS_PER_SECOND": "300"}):
            # The source reads its data at the first question; that must not disturb the measurement.
            warm = IngestRequested(order_id=uuid4(), month=month, datasets=(Dataset.STREET,))
            await publish(broker, warm)
            await fetched(stack, run_id(warm.order_id, Dataset.STREET, month))
        api.control(rate=15, strict=True, jitter=0.03, reset=True)
        async with stack.service("fetcher", **settings):
            await publish(broker, order)
            await fetched(stack, run_id(order.order_id, Dataset.STREET, month))
        seen = api.report()
    arrivals = seen["arrivals"]
    refused = sum(by_status.get("429", 0) for by_status in seen["requests"].values())
    rate = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    report(
        "requests.rate",
        requests=len(arrivals),
        per_second=rate,
        allowed=15,
        share_of_allowed=rate / 15,
        target=0.97,
        refused_429=refused,
        most_in_any_second=seen["max_requests_per_second"],
        most_in_flight=seen["max_in_flight"],
    )


async def fetched(stack: Stack, run: UUID) -> None:
    """Wait until a run has all its pages."""
    connection = await stack.connect()
    while True:
        if await connection.fetchval("SELECT state FROM run WHERE id = $1", run) == "fetched":
            break
        await asyncio.sleep(0.2)
    await connection.close()
