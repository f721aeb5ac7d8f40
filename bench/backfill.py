"""How long a national month of an archive takes from CSV to `month.loaded`, against a bare COPY."""

import asyncio
import hashlib
import io
import tarfile
import zipfile
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import asyncpg
from faststream.nats import NatsBroker

from bench.load import connected, is_on_the_bus
from bench.report import report
from bench.stack import Stack, fresh_stack, peak_megabytes
from services.fetcher.archive import Archive
from services.fetcher.chunks import chunks
from shared.archive import COLUMNS, SOURCE
from shared.bus import publish
from shared.events import MonthFetched, Page, PageFetched
from shared.model import Dataset, SliceKind, format_month, next_month

LOADERS = 2
"""As `crimemaps up` and the demo run them."""
MONTHS_IN_A_ROW = 4
TARGET = 4.0
SECONDS_TO_GRIDS = 90
GRIDS = "SELECT count(*) FROM current_version AS c JOIN grid AS g ON g.version_id = c.version_id"


def bench_backfill(archives: dict[date, Path], month: date, repeats: int) -> None:
    """Some months in a row against the floor, in turn: the first meets every place anew, and each loader for
    some months those that only the other has met. Then the real months in a row, which all bring places that
    none before had: against the floor, and to the grids."""
    packed, at = [(month, as_zip(archives[month]))], month
    for _ in range(MONTHS_IN_A_ROW - 1):
        at = next_month(at)
        packed.append((at, as_zip(archives[month], month, at)))
    for turn in range(repeats):
        with fresh_stack() as stack:
            asyncio.run(measure(stack, packed, "backfill.month", turn))
    months = [(month, as_zip(path)) for month, path in sorted(archives.items())]
    for turn in range(repeats):
        with fresh_stack() as stack:
            asyncio.run(measure(stack, months, "backfill.real_month", turn))
    with fresh_stack() as stack:
        asyncio.run(measure_to_grids(stack, months))


def as_zip(tar: Path, old: date | None = None, new: date | None = None) -> bytes:
    """The street files of a month as the publisher packs them; dated anew if wanted."""
    out = io.BytesIO()
    with tarfile.open(tar) as files, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(name for name in files.getnames() if name.endswith("-street.csv")):
            file = files.extractfile(name)
            assert file is not None
            body, path = file.read(), "/".join(Path(name).parts[-2:])
            if old and new:
                body = body.replace(f",{format_month(old)},".encode(), f",{format_month(new)},".encode())
                path = path.replace(format_month(old), format_month(new))
            packed.writestr(path, body)
    return out.getvalue()


async def measure(stack: Stack, months: list[tuple[date, bytes]], name: str, turn: int) -> None:
    """Floor and ours for each month, on the same servers."""
    async with AsyncExitStack() as running:
        pids = [await running.enter_async_context(stack.service("loader")) for _ in range(LOADERS)]
        broker = await running.enter_async_context(connected(stack))
        connection = await stack.connect()
        for number, (month, packed) in enumerate(months):
            archive = Archive(io.BytesIO(packed))
            floor = await bare_copy(connection, archive)
            records, seconds = await load_month(broker, connection, archive, month)
            report(
                name,
                turn=turn,
                nth_month=number + 1,
                loaders=LOADERS,
                records=records,
                seconds=seconds,
                copy_seconds=floor,
                ratio=seconds / floor,
                target=TARGET,
                peak_megabytes=max(peak_megabytes(pid) for pid in pids),
            )
        await connection.close()


async def measure_to_grids(stack: Stack, months: list[tuple[date, bytes]]) -> None:
    """Months one after the other, from the zip until the last one's grid is there; memory after each."""
    async with AsyncExitStack() as running:
        names = ["loader"] * LOADERS + ["hexer"]
        pids = [(name, await running.enter_async_context(stack.service(name))) for name in names]
        broker = await running.enter_async_context(connected(stack))
        connection = await stack.connect()
        peaks: dict[str, list[int]] = {name: [] for name in names}
        records, started = 0, perf_counter()
        for month, packed in months:
            records += (await load_month(broker, connection, Archive(io.BytesIO(packed)), month))[0]
            for name in peaks:
                peaks[name].append(max(peak_megabytes(pid) for other, pid in pids if other == name))
        while True:
            if await connection.fetchval(GRIDS) == len(months):
                break
            await asyncio.sleep(0.05)
        seconds = perf_counter() - started
        last = {name: max(peak_megabytes(pid) for other, pid in pids if other == name) for name in peaks}
        await connection.close()
    report(
        "backfill.to_grids",
        months=len(months),
        records=records,
        seconds=seconds,
        target=SECONDS_TO_GRIDS,
        peak_megabytes_by_month=peaks,
        peak_megabytes=last,
    )


async def bare_copy(connection: asyncpg.Connection, archive: Archive) -> float:
    """Seconds for COPY of the CSV's rows, as text, into an empty table without any index."""
    columns = ", ".join(f'"{name}" text' for name in COLUMNS[Dataset.STREET])
    await connection.execute("DROP TABLE IF EXISTS floor_crime")
    await connection.execute(f"CREATE TABLE floor_crime ({columns})")
    bodies = [archive.zip.read(member.name) for member in archive.members]
    started = perf_counter()
    for body in bodies:
        await connection.copy_to_table("floor_crime", source=io.BytesIO(body), format="csv", header=True)
    return perf_counter() - started


async def load_month(
    broker: NatsBroker, connection: asyncpg.Connection, archive: Archive, month: date
) -> tuple[int, float]:
    """Records, and seconds from opening the first file until `month.loaded` is on the bus."""
    run, pages = uuid4(), []
    started = perf_counter()
    for member in archive.members:
        for number, piece in enumerate(chunks(archive, member)):
            page = Page(
                slice_id=f"{member.force}.{number}",
                sha256=hashlib.sha256(piece.body).hexdigest(),
                records=piece.records,
            )
            pages.append(page)
            event = PageFetched(
                run_id=run, dataset=Dataset.STREET, month=month, kind=SliceKind.MEMBER, force=member.force,
                source=SOURCE, **page.model_dump(),
            )  # fmt: skip
            await publish(broker, event, piece.packed())
    await publish(
        broker,
        MonthFetched(
            run_id=run, dataset=Dataset.STREET, month=month, source=SOURCE, forces=None, accept_loss=False,
            release=None, pages=tuple(pages),
        ),
    )  # fmt: skip
    while not await is_on_the_bus(broker, run):
        reasons = await connection.fetchval("SELECT reasons FROM verdict WHERE run_id = $1", run)
        if reasons:
            raise RuntimeError(f"the gate refused the month: {reasons}")
        await asyncio.sleep(0.02)
    seconds = perf_counter() - started
    return sum(page.records for page in pages), seconds
