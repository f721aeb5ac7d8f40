"""How long a national month takes from the first page on the bus to `month.loaded`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from time import perf_counter
from uuid import UUID, uuid4

import asyncpg
import zstandard
from faststream.nats import NatsBroker
from nats.js.errors import NotFoundError

from bench import straightforward
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack, peak_megabytes
from shared.bus import create_broker, publish
from shared.events import MonthFetched, MonthLoaded, Page, PageFetched
from shared.model import Dataset, SliceKind, format_month, next_month

MONTHS_IN_A_ROW = 3


def bench_load(pages: list[RawPage], month: date, repeats: int) -> None:
    """Ours with one loader and with two, against the straightforward way and a bare COPY, in turn."""
    for turn in range(repeats):
        with fresh_stack() as stack:
            plain, bare = asyncio.run(measure_peers(stack, pages, month))
        report("load.straightforward", turn=turn, seconds=plain, records=sum(page.records for page in pages))
        report("load.copy_and_index", turn=turn, seconds=bare)
        for loaders in (1, 2):
            with fresh_stack() as stack:
                seconds, peaks = asyncio.run(measure_ours(stack, pages, month, loaders))
            report(
                "load.ours",
                turn=turn,
                loaders=loaders,
                seconds_by_month=seconds,
                ratio_first_month=seconds[0] / plain,
                ratio_later_months=seconds[-1] / plain,
                target=0.5,
                peak_megabytes_by_month=peaks,
                target_megabytes=500,
            )


async def measure_peers(stack: Stack, pages: list[RawPage], month: date) -> tuple[float, float]:
    """Seconds of the straightforward way, and of COPY of the same finished rows with the index builds."""
    connection = await stack.connect()
    plain, rows = await straightforward.load(connection, pages, month)
    counted = await connection.fetchval("SELECT count(*) FROM wide_crime")
    if counted != rows:
        raise RuntimeError(f"{counted} rows instead of {rows}")
    bare = await straightforward.copy_and_index(connection)
    await connection.close()
    return plain, bare


async def measure_ours(
    stack: Stack, pages: list[RawPage], month: date, loaders: int
) -> tuple[list[float], list[int]]:
    """Seconds and peak memory for several months in a row; the first meets every place anew."""
    seconds, peaks = [], []
    async with AsyncExitStack() as running:
        pids = [await running.enter_async_context(stack.service("loader")) for _ in range(loaders)]
        broker = await running.enter_async_context(connected(stack))
        connection = await stack.connect()
        for _ in range(MONTHS_IN_A_ROW):
            seconds.append(await load_month(broker, connection, pages, month))
            peaks.append(max(peak_megabytes(pid) for pid in pids))
            following = next_month(month)
            pages = [shifted(page, month, following) for page in pages]
            month = following
        await connection.close()
    return seconds, peaks


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[NatsBroker]:
    """A broker to publish with."""
    broker = create_broker(stack.endpoints.nats_url, stop_timeout=5)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def load_month(
    broker: NatsBroker, connection: asyncpg.Connection, pages: list[RawPage], month: date
) -> float:
    """Seconds from the first page on the bus until `month.loaded` is there too."""
    run = uuid4()
    messages = [message(run, page, month) for page in pages]
    manifest = MonthFetched(
        run_id=run,
        dataset=Dataset.STREET,
        month=month,
        source="api",
        forces=None,
        accept_loss=False,
        release=None,
        pages=tuple(Page(slice_id=e.slice_id, sha256=e.sha256, records=e.records) for e, _ in messages),
    )
    started = perf_counter()
    for event, body in messages:
        await publish(broker, event, body)
    await publish(broker, manifest)
    while not await is_on_the_bus(broker, run):
        reasons = await connection.fetchval("SELECT reasons FROM verdict WHERE run_id = $1", run)
        if reasons:
            raise RuntimeError(f"the gate refused the month: {reasons}")
        await asyncio.sleep(0.02)
    return perf_counter() - started


async def is_on_the_bus(broker: NatsBroker, run: UUID) -> bool:
    """Whether the newest `month.loaded` is of this run."""
    try:
        message = await broker.connection.jetstream().get_last_msg(MonthLoaded.stream, MonthLoaded.subject)
    except NotFoundError:
        return False
    return MonthLoaded.model_validate_json(message.data or b"").run_id == run


def message(run: UUID, page: RawPage, month: date) -> tuple[PageFetched, bytes]:
    """A page as the fetcher publishes it."""
    event = PageFetched(
        run_id=run,
        slice_id=page.slice_id,
        dataset=Dataset.STREET,
        month=month,
        kind=SliceKind.UNLOCATED if page.force else SliceKind.TILE,
        force=page.force,
        source="api",
        sha256=hashlib.sha256(page.body).hexdigest(),
        records=page.records,
    )
    return event, zstandard.ZstdCompressor().compress(page.body)


def shifted(page: RawPage, month: date, to: date) -> RawPage:
    """The same records dated a month later."""
    old, new = f'"{format_month(month)}"', f'"{format_month(to)}"'
    return RawPage(page.slice_id, page.force, page.body.replace(old.encode(), new.encode()), page.records)
