"""A system with months held and work left on the bus, and how it goes on somewhere else."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.servers import LocalServers
from shared.events import DEAD, FACTS, PAGES, WORK, ReportRendered, ReportRequested
from shared.model import Dataset, Tier
from tests.backup import Backup, back_up
from tests.bus import Bus
from tests.component.reporter.desk import load_postcodes
from tests.e2e.ingest import MONTHS, Checksums, Ingest, ingesting, patient, sample_source, sql
from tests.pipeline import eventually, running, service

HELD, WAITING = MONTHS[:2], MONTHS[2]
RUNS = len(MONTHS) * len(Dataset)
ORDER = ReportRequested(partner="console", id="kept", postcode="EC2M 7PY", tier=Tier.ESSENTIAL)


@dataclass(frozen=True)
class Unfinished:
    """A backup that was taken in the middle, and what the system came to that went on."""

    backup: Backup
    checksums: Checksums


async def work_and_back_up(
    servers: LocalServers,
    database_url: str,
    nats_url: str,
    folder: Path,
    environ: Mapping[str, str] = os.environ,
) -> Unfinished:
    """Two months are held, one waits for a loader; `folder` keeps the backup and the logs."""
    with sample_source() as api:
        async with ingesting(api, database_url, nats_url, folder) as ingest:
            await load_postcodes(ingest.pool)
            await ingest.order(*HELD)
            await ingest.finish(len(HELD) * len(Dataset))
            await leave_work(ingest)
            await asyncio.to_thread(ingest.services["fetcher"].stop)
            backup = await asyncio.to_thread(back_up, servers, database_url, folder, environ)
            for name in ("fetcher", "loader"):
                await asyncio.to_thread(ingest.services[name].start)
            await finished(ingest)
            return Unfinished(backup, await ingest.checksums())


@asynccontextmanager
async def going_on(database_url: str, nats_url: str, folder: Path) -> AsyncIterator[Ingest]:
    """The services on servers with what was left, until there is nothing more to do."""
    urls = database_url, nats_url
    with sample_source() as api:
        async with ingesting(api, *urls, folder) as ingest:
            await finished(ingest)
            yield ingest
            reporter = service("reporter", folder, *urls, postcodes_io=False)
            async with running(reporter):
                await answered(ingest.bus)


async def leave_work(ingest: Ingest) -> None:
    """Pages that wait for a loader, an order that waits for a reporter, a message that nobody can read."""
    await ingest.bus.send("ingest.requested", b"no order")

    async def is_dead() -> bool:
        return (await ingest.bus.client.jetstream().stream_info(DEAD)).state.messages == 1

    await eventually(is_dead, "the message is given up")
    await ingest.bus.send(ORDER.address, ORDER.model_dump_json().encode())
    await asyncio.to_thread(ingest.services["loader"].stop)
    await ingest.order(WAITING)

    async def are_fetched() -> bool:
        return await ingest.bus.waiting(FACTS, "loader-months") == len(Dataset)

    await eventually(are_fetched, "the month waits for a loader")
    assert await ingest.bus.waiting(PAGES, "loader-pages") > 0


async def finished(ingest: Ingest) -> None:
    """Wait until all runs are decided and shown, and files are made; every record is explained."""

    async def look() -> bool:
        state = await ingest.pool.fetchrow(sql("count_unfinished"))
        assert state is not None
        waiting = [
            await ingest.bus.waiting(FACTS, durable)
            for durable in ("loader-months", "hexer-months", "hexer-downloads")
        ]
        waiting += [
            await ingest.bus.waiting(WORK, durable) for durable in ("fetcher-orders", "fetcher-slices")
        ]
        return (state["unfinished"], state["runs"], sum(waiting)) == (0, RUNS, 0)

    await eventually(patient(look), f"{RUNS} runs are finished", 120)
    await ingest.prove()


async def answered(bus: Bus) -> None:
    """The order that was waiting is rendered."""

    async def look() -> bool:
        messages = await bus.messages("report.rendered.console")
        return [ReportRendered.model_validate_json(message.data or b"").id for message in messages] == [
            ORDER.id
        ]

    await eventually(look, "the report is rendered", 120)
