"""The hexer as a process on a real bus: killed, restarted, and with work that waited for it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.process import Process
from services.hexer.store import Store as Hexer
from shared.events import FACTS, GridRebuilt, MonthLoaded
from shared.model import Dataset
from tests.builders import OCTOBER, RawRun, sample_run
from tests.bus import Bus, provisioned
from tests.pipeline import (
    eventually,
    fingerprint,
    holding,
    loaded,
    loader_store,
    running,
    service,
    waiting_for_a_lock,
)


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    async with provisioned(nats_url, ack_wait=1.5) as bus:
        yield bus


@pytest.fixture
def hexer(tmp_path: Path, database_url: str, nats_url: str) -> Process:
    return service("hexer", tmp_path, database_url, nats_url)


async def load_and_announce(pool: asyncpg.Pool, bus: Bus, run: RawRun) -> MonthLoaded:
    """What the loader does."""
    event = await loaded(loader_store(pool), run)
    await bus.publish(event)
    return event


async def all_done(bus: Bus) -> bool:
    return await bus.waiting(FACTS, "hexer-months") == 0


async def test_a_loaded_month_gets_its_cells(bus: Bus, pool: asyncpg.Pool, hexer: Process) -> None:
    async with running(hexer):
        for dataset in (Dataset.STREET, Dataset.STOPS):
            run = sample_run(dataset)
            month = await load_and_announce(pool, bus, run)
            event = await bus.first(GridRebuilt, run)
            counts = await Hexer(pool).rebuild(dataset, OCTOBER)
            assert counts is not None
            assert (event.version, event.cells) == (month.version, counts.cells)
            assert event.cells.keys() == {275, 1100, 4400, 17600}


@pytest.mark.parametrize("stopped_at", ["street_cell", "map_point", "grid"])
async def test_a_hexer_that_is_killed_while_it_rebuilds_ends_as_a_clean_one(
    bus: Bus, pool: asyncpg.Pool, hexer: Process, stopped_at: str
) -> None:
    await loaded(loader_store(pool), sample_run())
    await Hexer(pool).rebuild(Dataset.STREET, OCTOBER)
    old = await fingerprint(pool, Dataset.STREET)
    async with running(hexer):
        async with holding(pool, f"LOCK TABLE {stopped_at} IN SHARE MODE"):
            run = sample_run(revised=True)
            event = await load_and_announce(pool, bus, run)
            await eventually(lambda: waiting_for_a_lock(pool), "a hexer in the middle of its work")
            await asyncio.to_thread(hexer.kill)
            assert await fingerprint(pool, Dataset.STREET) == old
            assert await pool.fetchval("SELECT version_id FROM grid") != event.version
        await asyncio.to_thread(hexer.start)
        assert (await bus.first(GridRebuilt, run)).version == event.version
        await eventually(lambda: all_done(bus), "every message to be done")
    assert len(await bus.events(GridRebuilt)) == 1
    assert await bus.messages("dead.hexer-months") == []
    ended = await fingerprint(pool, Dataset.STREET)
    await pool.execute("UPDATE grid SET mapping_version = 0")
    await Hexer(pool).rebuild(Dataset.STREET, OCTOBER)
    assert await fingerprint(pool, Dataset.STREET) == ended
    assert ended != old
    assert await pool.fetchval("SELECT version_id FROM grid") == event.version


async def test_a_connection_lost_in_a_rebuild_leaves_the_old_cells_and_the_next_try_rebuilds(
    bus: Bus, pool: asyncpg.Pool, hexer: Process
) -> None:
    await loaded(loader_store(pool), sample_run())
    await Hexer(pool).rebuild(Dataset.STREET, OCTOBER)
    old = await fingerprint(pool, Dataset.STREET)
    async with running(hexer):
        async with holding(pool, "LOCK TABLE grid IN SHARE MODE"):
            run = sample_run(revised=True)
            event = await load_and_announce(pool, bus, run)
            for backend in await eventually(lambda: waiting_for_a_lock(pool), "a hexer in its work"):
                await pool.execute("SELECT pg_terminate_backend($1)", backend)
            assert await fingerprint(pool, Dataset.STREET) == old
        assert (await bus.first(GridRebuilt, run)).version == event.version
    assert await pool.fetchval("SELECT version_id FROM grid") == event.version


async def test_a_hexer_catches_up_with_a_new_mapping_and_tells(
    bus: Bus, pool: asyncpg.Pool, hexer: Process
) -> None:
    runs = [sample_run(month=month) for month in ("2018-10", "2018-12")]
    async with running(hexer):
        for run in runs:
            await load_and_announce(pool, bus, run)
            assert (await bus.first(GridRebuilt, run)).mapping_version == 1
        await asyncio.to_thread(hexer.stop)
        await pool.execute("UPDATE outcome_mapping SET mapping_version = 2")
        await asyncio.to_thread(hexer.start)

        async def told() -> bool:
            return [event.mapping_version for event in await bus.events(GridRebuilt)] == [1, 1, 2, 2]

        await eventually(told, "both months to be announced anew")
    assert await pool.fetchval("SELECT array_agg(mapping_version) FROM grid") == [2, 2]


async def test_a_hexer_catches_up_with_months_that_were_loaded_while_it_was_away(
    bus: Bus, pool: asyncpg.Pool, hexer: Process
) -> None:
    event = await loaded(loader_store(pool), sample_run())
    async with running(hexer):

        async def told() -> list[GridRebuilt]:
            return await bus.events(GridRebuilt)

        [rebuilt] = await eventually(told, "grid.rebuilt")
    assert (rebuilt.run_id, rebuilt.version) == (event.run_id, event.version)


async def test_an_event_about_a_month_that_is_not_there_is_buried_and_the_queue_goes_on(
    bus: Bus, pool: asyncpg.Pool, hexer: Process
) -> None:
    lost = MonthLoaded(
        run_id=uuid4(), dataset=Dataset.STOPS, month=OCTOBER, version=9, changed=True, records=1
    )
    run = sample_run()
    async with running(hexer):
        await bus.publish(lost)
        await load_and_announce(pool, bus, run)
        await bus.first(GridRebuilt, run)
        await eventually(lambda: all_done(bus), "every message to be done")
    [letter] = await bus.messages("dead.hexer-months")
    assert (letter.headers or {})["Crimemaps-Dead-Reason"] == "PermanentError: stops 2018-10-01 is not loaded"
