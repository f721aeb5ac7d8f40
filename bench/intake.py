"""Orders that come all at once: how fast they are written down, and when one of the website is."""

import asyncio
from time import perf_counter

import asyncpg

from bench.load import connected
from bench.report import report
from bench.stack import Stack, fresh_stack
from services.reporter.order_store import NewOrder, OrderStore
from shared.bus import publish
from shared.events import ReportRequested, WebReportRequested, report_id
from shared.provision import provision_partner

ORDERS = 10_000
ALONE = 1_000


def bench_intake() -> None:
    """Ten thousand orders of a partner, one of the website after them; and one statement an order."""
    with fresh_stack() as stack:
        asyncio.run(measure(stack))


async def measure(stack: Stack) -> None:
    """Orders wait on the bus before the reporter starts. No month is loaded: each is answered soon."""
    pool = await asyncpg.create_pool(stack.endpoints.database_url, min_size=1, max_size=2)
    await pool.execute("INSERT INTO partner (name) VALUES ('bench'), ('web') ON CONFLICT DO NOTHING")
    async with connected(stack) as broker:
        await provision_partner(broker.connection.jetstream(), "bench")
        for number in range(ORDERS):
            await publish(broker, ReportRequested(partner="bench", id=str(number), postcode="", tier=""))
        secret = await pool.fetchval("SELECT secret FROM partner WHERE name = 'web'")
        web = WebReportRequested(id="1", postcode="", tier="", report_id=report_id(secret, "1"))
        await publish(broker, web)
        async with stack.service("reporter"):
            started = perf_counter()
            web_seconds = await until(pool, "SELECT count(*) FROM report WHERE partner = 'web'", 1) - started
            seconds = await until(pool, "SELECT count(*) FROM report", ORDERS + 1) - started
    store = OrderStore(pool)
    started = perf_counter()
    for number in range(ALONE):
        await store.take(NewOrder("bench", f"alone-{number}", "", b"{}"))
    alone = ALONE / (perf_counter() - started)
    await pool.close()
    report(
        "reports.intake",
        orders=ORDERS,
        per_second=ORDERS / seconds,
        web_order_after_seconds=web_seconds,
        one_statement_an_order_per_second=alone,
    )


async def until(pool: asyncpg.Pool, statement: str, number: int) -> float:
    """The time at which a statement counts so many."""
    while True:
        if await pool.fetchval(statement) >= number:
            return perf_counter()
        await asyncio.sleep(0.05)
