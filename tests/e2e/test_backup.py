"""A backup that is taken at work, restored into servers that never heard of us, ends in the same rows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir
from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER
from shared.downloads import BUCKET
from shared.events import DEAD, FACTS, PAGES, WORK, ReportRendered, ReportRequested
from shared.migrate import migrate
from shared.model import Dataset, Tier
from tests.backup import Backup, back_up, place_bus, restore_database
from tests.bus import Bus
from tests.component.reporter.desk import load_postcodes
from tests.e2e.ingest import MONTHS, Ingest, ingesting, patient, sample_source, sql
from tests.pipeline import eventually, running, service

HELD, WAITING = MONTHS[:2], MONTHS[2]
ORDER = ReportRequested(partner="console", id="kept", postcode="EC2M 7PY", tier=Tier.ESSENTIAL)


async def test_what_was_waiting_goes_on_after_a_restore_and_ends_in_the_same_rows(
    servers: LocalServers, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    with sample_source() as api:
        async with ingesting(api, database_url, nats_url, tmp_path / "before") as ingest:
            await load_postcodes(ingest.pool)
            runs = await ingest.order(*HELD)
            await ingest.finish(runs)
            await leave_work(ingest)
            backup = await asyncio.to_thread(back_up, servers, database_url, tmp_path)
            await asyncio.to_thread(ingest.services["loader"].start)
            await finished(ingest, runs + len(Dataset))
            checksums = await ingest.checksums()
        async with restored(backup) as there:
            urls = there.endpoints.database_url, there.endpoints.nats_url
            async with ingesting(api, *urls, tmp_path / "after") as again:
                await finished(again, runs + len(Dataset))
                assert await again.checksums() == checksums
                await the_rest_is_there(again)
                reporter = service("reporter", tmp_path / "after", *urls, postcodes_io=False)
                async with running(reporter):
                    await answered(again.bus)


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


async def finished(ingest: Ingest, runs: int) -> None:
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
        return (state["unfinished"], state["runs"], sum(waiting)) == (0, runs, 0)

    await eventually(patient(look), f"{runs} runs are finished", 120)
    await ingest.prove()


@asynccontextmanager
async def restored(backup: Backup) -> AsyncIterator[LocalServers]:
    """Other servers with what was backed up."""
    with temporary_var_dir() as var_dir:
        place_bus(backup, var_dir)
        servers = LocalServers(var_dir, durable=False)
        await asyncio.to_thread(servers.start)
        try:
            await asyncio.to_thread(restore_database, backup, servers.endpoints.database_url)
            await migrate(servers.endpoints.database_url)
            yield servers
        finally:
            await asyncio.to_thread(servers.stop)


async def the_rest_is_there(ingest: Ingest) -> None:
    """The dead letter, the files, the rights of services, and who owns what."""
    jetstream = ingest.bus.client.jetstream()
    assert (await jetstream.stream_info(DEAD)).state.messages == 1
    files = await (await jetstream.object_store(BUCKET)).list()
    assert len(files) > len(Dataset)
    assert await ingest.pool.fetchval("SELECT count(*) FROM download") == len(MONTHS) * len(Dataset)
    owners = await ingest.pool.fetch(
        "SELECT DISTINCT tableowner FROM pg_tables "
        "WHERE tablename ~ '^(street_crime|crime_outcome|stop)(_[0-9]+)?$'"
    )
    assert [row["tableowner"] for row in owners] == [LOADER]
    for role in (FETCHER, LOADER, HEXER, REPORTER, READER):
        assert await ingest.pool.fetchval("SELECT has_table_privilege($1, 'current_version', 'SELECT')", role)
    assert not await ingest.pool.fetchval("SELECT has_table_privilege($1, 'street_crime', 'INSERT')", HEXER)


async def answered(bus: Bus) -> None:
    """The order that was waiting is rendered."""

    async def look() -> bool:
        messages = await bus.messages("report.rendered.console")
        return [ReportRendered.model_validate_json(message.data or b"").id for message in messages] == [
            ORDER.id
        ]

    await eventually(look, "the report is rendered", 120)
