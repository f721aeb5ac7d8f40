"""Loaders, PostgreSQL and NATS that die in the middle: the end is that of a clean run."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.process import Process
from deploy.local.servers import LocalServers
from shared.db import LOADER
from shared.events import FACTS, PAGES, MonthLoaded, MonthRejected
from tests.builders import RawRun, csv_rows, sample_run
from tests.bus import Bus, provisioned
from tests.pipeline import (
    connected,
    eventually,
    holding,
    loaded,
    loader_store,
    running,
    service,
    waiting_for_a_lock,
)


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    # What a killed loader had in hand comes back soon.
    async with provisioned(nats_url, ack_wait=1.5) as bus:
        yield bus


@pytest.fixture
def loader(tmp_path: Path, database_url: str, nats_url: str) -> Process:
    return service("loader", tmp_path, database_url, nats_url)


@pytest.fixture
def own_servers(servers: LocalServers) -> LocalServers:
    """Servers that a test may kill."""
    if os.environ.get("DATABASE_URL") or os.environ.get("NATS_URL"):
        pytest.skip("the servers are not ours to kill")
    return servers


async def load_old_month(database_url: str) -> MonthLoaded:
    """The month as a loader loaded it before it was revised."""
    async with connected(database_url, role=LOADER) as pool:
        return await loaded(loader_store(pool), sample_run())


async def assert_ended_as_a_clean_run(database_url: str, bus: Bus, run: RawRun, versions: int = 2) -> None:
    """One new version with the records of the run, announced once, and nothing left over."""
    event = await bus.first(MonthLoaded, run)
    assert (event.records, event.changed) == (len(csv_rows(republished=True)), True)

    async def all_done() -> bool:
        return not (await bus.waiting(PAGES, "loader-pages") + await bus.waiting(FACTS, "loader-months"))

    await eventually(all_done, "every message to be done")
    assert await bus.events(MonthLoaded) == [event]
    assert await bus.events(MonthRejected) == []
    assert await bus.messages("dead.loader-pages") + await bus.messages("dead.loader-months") == []
    async with connected(database_url) as pool:
        assert await pool.fetchval("SELECT version_id FROM current_version") == event.version
        assert await pool.fetchval("SELECT count(*) FROM version") == versions
        partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'street_crime'::regclass"
        assert await pool.fetchval(partitions) == versions
        assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == 4
        assert await pool.fetchval("SELECT count(*) FROM staging.page") == 0
        clean = await loaded(loader_store(pool), sample_run(revised=True, tiles=2))
        assert (clean.changed, clean.version) == (False, event.version)


@pytest.mark.parametrize(
    "stopped_at",
    ["staging.page", "version", "current_version", "verdict"],
    ids=["staging a page", "building", "before the pointer", "before the verdict"],
)
async def test_a_loader_that_is_killed_changes_nothing_about_the_end(
    bus: Bus, loader: Process, database_url: str, stopped_at: str
) -> None:
    old = await load_old_month(database_url)
    run = sample_run(revised=True)
    async with connected(database_url) as pool, running(loader):
        async with holding(pool, f"LOCK TABLE {stopped_at} IN SHARE MODE"):
            await bus.fetched(run)
            await eventually(lambda: waiting_for_a_lock(pool), "a loader in the middle of its work")
            await asyncio.to_thread(loader.kill)
            assert await pool.fetchval("SELECT version_id FROM current_version") == old.version
            assert (
                await pool.fetchval("SELECT count(*) FROM street_crime WHERE version_id = $1", old.version)
                == 782
            )
            assert await bus.events(MonthLoaded) == []
        await asyncio.to_thread(loader.start)
        await assert_ended_as_a_clean_run(database_url, bus, run)


async def test_a_loader_that_is_killed_before_it_announced_the_month_announces_it_later(
    bus: Bus, loader: Process, database_url: str
) -> None:
    old = await load_old_month(database_url)
    run = sample_run(revised=True)
    jetstream = bus.client.jetstream()
    config = (await jetstream.stream_info(FACTS)).config
    async with connected(database_url) as pool, running(loader):
        for one in run.pages:
            await bus.publish(one.announced(run), one.packed)
        await bus.publish(run.manifest())
        await jetstream.update_stream(config.evolve(max_msg_size=1))  # it takes no announcement

        async def decided() -> bool:
            return bool(await pool.fetchval("SELECT count(*) FROM verdict WHERE run_id = $1", run.id))

        await eventually(decided, "a verdict")
        await asyncio.to_thread(loader.kill)
        assert await pool.fetchval("SELECT version_id FROM current_version") > old.version
        assert await bus.events(MonthLoaded) == []
        await jetstream.update_stream(config)
        await asyncio.to_thread(loader.start)
        await assert_ended_as_a_clean_run(database_url, bus, run)


async def test_a_loader_that_is_killed_between_two_pages_goes_on_with_the_rest(
    bus: Bus, loader: Process, database_url: str
) -> None:
    await load_old_month(database_url)
    run = sample_run(revised=True)
    async with connected(database_url) as pool, running(loader):
        for one in run.pages[:2]:
            await bus.publish(one.announced(run), one.packed)

        async def staged() -> bool:
            return bool(await pool.fetchval("SELECT count(*) = 2 FROM staging.page"))

        await eventually(staged, "two staged pages")
        await asyncio.to_thread(loader.kill)
        await bus.fetched(run)
        await asyncio.to_thread(loader.start)
        await assert_ended_as_a_clean_run(database_url, bus, run)


async def test_a_loader_that_is_stopped_finishes_the_month_that_it_has_in_hand(
    bus: Bus, loader: Process, database_url: str
) -> None:
    await load_old_month(database_url)
    run = sample_run(revised=True)
    async with connected(database_url) as pool, running(loader):
        async with holding(pool, "LOCK TABLE current_version IN SHARE MODE"):
            await bus.fetched(run)
            await eventually(lambda: waiting_for_a_lock(pool), "a loader in the middle of its swap")
            stopping = asyncio.create_task(asyncio.to_thread(loader.stop))

            async def closed() -> bool:
                return not await asyncio.to_thread(loader.server.is_ready, loader.port or 0, 0)

            await eventually(closed, "the loader to have heard")
        await stopping
        event = await bus.first(MonthLoaded, run)
        assert await pool.fetchval("SELECT version_id FROM current_version") == event.version


@pytest.mark.parametrize("stopped_at", ["staging.page", "version", "current_version"])
async def test_a_killed_database_changes_nothing_about_the_end(
    bus: Bus, loader: Process, database_url: str, own_servers: LocalServers, stopped_at: str
) -> None:
    await load_old_month(database_url)
    run = sample_run(revised=True)
    async with running(loader):
        stop = f"LOCK TABLE {stopped_at} IN SHARE MODE"
        async with connected(database_url) as pool, holding(pool, stop):
            await bus.fetched(run)
            await eventually(lambda: waiting_for_a_lock(pool), "a loader in the middle of its work")
            await asyncio.to_thread(own_servers.restart, "postgres", how="kill")
        await assert_ended_as_a_clean_run(database_url, bus, run)


@pytest.mark.parametrize("stopped_at", ["staging.page", "current_version"])
async def test_a_killed_bus_changes_nothing_about_the_end(
    bus: Bus, loader: Process, database_url: str, own_servers: LocalServers, stopped_at: str
) -> None:
    await load_old_month(database_url)
    run = sample_run(revised=True)
    async with connected(database_url) as pool, running(loader):
        async with holding(pool, f"LOCK TABLE {stopped_at} IN SHARE MODE"):
            await bus.fetched(run)
            await eventually(lambda: waiting_for_a_lock(pool), "a loader in the middle of its work")
            await asyncio.to_thread(own_servers.restart, "nats", how="kill")
        await assert_ended_as_a_clean_run(database_url, bus, run)


async def test_both_servers_killed_and_two_loaders_change_nothing_about_the_end(
    bus: Bus, tmp_path: Path, database_url: str, nats_url: str, own_servers: LocalServers
) -> None:
    await load_old_month(database_url)
    run = sample_run(revised=True, tiles=6)
    two = [service(f"loader{n}", tmp_path, database_url, nats_url) for n in (1, 2)]
    async with running(*two):
        async with connected(database_url) as pool, holding(pool, "LOCK TABLE version IN SHARE MODE"):
            await bus.fetched(run)
            await eventually(lambda: waiting_for_a_lock(pool), "a loader in the middle of its work")
            await asyncio.to_thread(own_servers.restart, "nats", how="kill")
            await asyncio.to_thread(two[0].kill)
            await asyncio.to_thread(own_servers.restart, "postgres", how="kill")
        await assert_ended_as_a_clean_run(database_url, bus, run)


async def test_a_loader_without_its_servers_says_which_and_stops(
    tmp_path: Path, database_url: str, nats_url: str
) -> None:
    for broken in (
        {"database_url": "postgresql://me:secret@127.0.0.1:1/x"},
        {"nats_url": "nats://127.0.0.1:1"},
    ):
        urls = {"database_url": database_url, "nats_url": nats_url} | broken
        process = await asyncio.create_subprocess_exec(
            *service("loader", tmp_path, **urls).server.command(0),
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        text = (await asyncio.wait_for(process.stderr.read(), 30)).decode()
        assert await process.wait() == 2
        assert "Traceback" not in text
        assert "secret" not in text
        name = "database" if "database_url" in broken else "NATS server"
        assert text.startswith(f"loader: no {name} at ")
        assert "127.0.0.1:1" in text
