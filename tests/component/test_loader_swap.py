"""The swap under hard conditions: readers in the middle of it, lost connections, two deciders at once."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.loader.sql_files import staged_table
from services.loader.store import Store
from shared.errors import NotYetError, TransientError
from shared.events import MonthLoaded, MonthRejected
from shared.model import Dataset
from tests.builders import RawRun, crime, page, run_of, sample_run
from tests.pipeline import (
    Reader,
    connected,
    eventually,
    holding,
    load,
    loaded,
    loader_store,
    stage,
    waiting_for_a_lock,
)

COUNT = """
SELECT v.stored, count(r.version_id)
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
LEFT JOIN street_crime AS r ON r.version_id = c.version_id
GROUP BY v.id
"""


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connected(database_url, size=8) as pool:
        yield pool


async def test_a_reader_that_was_planned_before_the_swap_sees_the_old_month_not_an_empty_one(
    store: Store, pool: asyncpg.Pool
) -> None:
    await loaded(store, run_of(Dataset.STREET, page(crime())))
    # The planner calls a stable function to estimate its result, after it has listed the partitions:
    # there this reader waits until we let it go.
    await pool.execute("""
        CREATE FUNCTION slow() RETURNS integer LANGUAGE plpgsql STABLE
        AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN 0; END'
    """)
    slowly_planned = COUNT.replace("= c.version_id\nGROUP", "= c.version_id AND r.ordinal >= slow()\nGROUP")
    assert "slow" in slowly_planned
    async with holding(pool, "SELECT pg_advisory_xact_lock(42)"):
        reader = asyncio.create_task(pool.fetch(slowly_planned))
        await eventually(
            lambda: waiting_for_a_lock(pool, "advisory"), "a reader in the middle of its planning"
        )
        swap = asyncio.create_task(loaded(store, run_of(Dataset.STREET, page(crime(), crime(id=2)))))

        async def built() -> bool:
            return bool(await pool.fetchval("SELECT count(*) = 2 FROM version"))

        await eventually(built, "a new version")
        assert [tuple(row) for row in await pool.fetch(COUNT)] == [(1, 1)]
    assert [tuple(row) for row in await reader] == [(1, 1)]
    assert (await swap).records == 2
    assert [tuple(row) for row in await pool.fetch(COUNT)] == [(2, 2)]


async def test_a_reader_never_waits_for_a_swap(store: Store, pool: asyncpg.Pool, database_url: str) -> None:
    run = sample_run()
    await loaded(store, run)
    # The swap stops in front of the pointer, and readers go on reading the old month.
    async with holding(pool, "LOCK TABLE current_version IN SHARE MODE"):
        swap = asyncio.create_task(loaded(store, sample_run(revised=True)))
        await eventually(lambda: waiting_for_a_lock(pool), "a swap that waits")
        async with Reader(database_url, COUNT) as reader:
            await reader.more()
    assert reader.answers == {((782, 782),)}
    assert (await swap).changed


@pytest.mark.parametrize("where", ["version", "current_version", "verdict"])
async def test_a_connection_lost_in_the_swap_leaves_the_old_month_and_the_next_try_loads(
    store: Store, pool: asyncpg.Pool, where: str
) -> None:
    before = await loaded(store, sample_run())
    run = sample_run(revised=True)
    await stage(store, run)
    async with holding(pool, f"LOCK TABLE {where} IN SHARE MODE"):
        swap = asyncio.create_task(store.load(run.manifest(), patient=True))
        [backend] = await eventually(lambda: waiting_for_a_lock(pool), "a swap that waits")
        await pool.execute("SELECT pg_terminate_backend($1)", backend)
        with pytest.raises(TransientError, match="connection"):
            await swap
        assert await pool.fetchval("SELECT version_id FROM current_version") == before.version
        assert [tuple(row) for row in await pool.fetch(COUNT)] == [(782, 782)]
    result = await store.load(run.manifest(), patient=True)
    assert isinstance(result, MonthLoaded)
    assert result.changed
    assert [tuple(row) for row in await pool.fetch(COUNT)] == [(782, 782)]
    assert await pool.fetchval("SELECT count(*) FROM version") == 2
    partitions = await pool.fetchval(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'street_crime'::regclass"
    )
    assert partitions == 2
    clean = await loaded(store, run.again())
    assert (clean.changed, clean.version) == (False, result.version)


async def test_a_connection_lost_while_a_page_is_staged_leaves_nothing_of_it(
    store: Store, pool: asyncpg.Pool
) -> None:
    run = sample_run()
    async with holding(pool, "LOCK TABLE staging.page IN SHARE MODE"):
        staging = asyncio.create_task(stage(store, run, run.pages[0]))
        [backend] = await eventually(lambda: waiting_for_a_lock(pool), "a page that waits")
        await pool.execute("SELECT pg_terminate_backend($1)", backend)
        with pytest.raises(TransientError):
            await staging
    assert await pool.fetchval("SELECT to_regclass($1)", staged_table(run.dataset, run.id)) is None
    assert (await loaded(store, run)).records == 782


@pytest.mark.parametrize("where", ["staging.page", "version", "version_count", "current_version", "verdict"])
async def test_a_full_disk_leaves_the_old_month_and_the_next_try_loads(
    store: Store, pool: asyncpg.Pool, where: str
) -> None:
    """The server is told to refuse a write as it does then: a disk cannot be filled for a test."""
    before = await loaded(store, sample_run())
    await pool.execute(f"""
        CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON {where} EXECUTE FUNCTION disk_full();
    """)
    run = sample_run(revised=True)
    with pytest.raises(TransientError, match="No space left on device"):
        await load(store, run)
    assert await pool.fetchval("SELECT version_id FROM current_version") == before.version
    assert [tuple(row) for row in await pool.fetch(COUNT)] == [(782, 782)]
    await pool.execute(f"DROP TRIGGER disk_full ON {where}")
    assert (await loaded(store, run)).changed
    assert [tuple(row) for row in await pool.fetch(COUNT)] == [(782, 782)]
    assert await pool.fetchval("SELECT count(*) FROM version") == 2


async def test_two_loaders_that_decide_one_run_at_once_come_to_one_verdict(
    store: Store, pool: asyncpg.Pool
) -> None:
    first = await loaded(store, sample_run())
    bad = [crime(id=n, month="2018-09") for n in range(60)]
    same, revised = sample_run(), sample_run(revised=True)
    refused = run_of(Dataset.STREET, page(crime(), *bad))
    for run, verdict in ((same, "unchanged"), (refused, "rejected"), (revised, "loaded")):
        await stage(store, run)
        async with holding(pool, "SELECT pg_advisory_xact_lock(hashtextextended('street/2018-10-01', 0))"):
            deciders = [
                asyncio.create_task(loader_store(pool).load(run.manifest(), patient=True)) for _ in range(3)
            ]

            async def all_wait() -> bool:
                return len(await waiting_for_a_lock(pool, "advisory")) == 3

            await eventually(all_wait, "three deciders")
        answers = await asyncio.gather(*deciders, return_exceptions=True)
        told = [answer for answer in answers if not isinstance(answer, NotYetError)]
        assert told
        told.append(await store.load(run.manifest(), patient=True))
        assert len(set(map(repr, told))) == 1, told
        assert isinstance(told[0], MonthRejected) is (verdict == "rejected")
        verdicts = await pool.fetch("SELECT verdict FROM verdict WHERE run_id = $1", run.id)
        assert [row["verdict"] for row in verdicts] == [verdict]
    assert await pool.fetchval("SELECT count(*) FROM version") == 2
    assert await pool.fetchval("SELECT version_id FROM current_version") > first.version


async def test_pages_of_one_run_staged_by_two_loaders_at_once_are_there_once(
    pool: asyncpg.Pool,
) -> None:
    run = sample_run()
    stores = [loader_store(pool), loader_store(pool)]
    await asyncio.gather(*(stage(store, run, one) for store in stores for one in reversed(run.pages)))
    staged = await pool.fetch("SELECT slice_id, received FROM staging.page")
    assert sorted(map(tuple, staged)) == sorted((one.slice_id, one.records) for one in run.pages)
    table = staged_table(run.dataset, run.id)
    assert await pool.fetchval(f"SELECT count(*) FROM {table}") == run.received
    assert (await loaded(stores[0], run)).records == 782


async def test_a_page_that_comes_after_the_verdict_leaves_nothing_behind(
    store: Store, pool: asyncpg.Pool
) -> None:
    run = run_of(Dataset.STREET, page())
    assert isinstance(await load(store, run), MonthRejected)
    await stage(store, run, page(crime(), slice_id="late"))
    assert await pool.fetchval("SELECT to_regclass($1)", staged_table(run.dataset, run.id)) is None
    assert await pool.fetchval("SELECT count(*) FROM staging.page") == 0


@pytest.mark.parametrize("again", [True, False])
async def test_a_loader_that_was_overtaken_by_another_decides_nothing(
    store: Store, pool: asyncpg.Pool, again: bool
) -> None:
    await loaded(store, sample_run())
    run = sample_run(revised=not again)
    await stage(store, run)
    _, _, page_ids = await store.staged_pages(run.id, run.manifest().pages)
    result = await loader_store(pool).load(run.manifest(), patient=True)
    assert isinstance(result, MonthLoaded)
    assert result.changed is not again
    with pytest.raises(NotYetError, match="decided meanwhile"):
        await store.swap.load(run.manifest(), page_ids, 0.0)
    with pytest.raises(NotYetError, match="decided meanwhile"):
        await store.swap.reject(run.manifest(), ["page t0 never came"], 0.0)
    assert await store.load(run.manifest(), patient=True) == result


def two_areas(city: int, guildford: int) -> RawRun:
    """Some crimes in the City and some in Surrey."""
    away = {"latitude": "51.236", "longitude": "-0.57"}
    crimes = [crime(id=n) for n in range(city)] + [crime(id=90 + n, location=away) for n in range(guildford)]
    return run_of(Dataset.STREET, page(*crimes))


async def test_two_runs_of_one_month_at_once_build_upon_each_other(store: Store, pool: asyncpg.Pool) -> None:
    await loaded(store, two_areas(1, 1))
    async with holding(pool, "LOCK TABLE current_version IN SHARE MODE"):
        first = asyncio.create_task(loaded(store, two_areas(2, 1), forces=("city-of-london", "metropolitan")))
        await eventually(lambda: waiting_for_a_lock(pool), "a first run in front of the pointer")
        second = asyncio.create_task(loaded(loader_store(pool), two_areas(1, 3), forces=("surrey",)))
        await eventually(lambda: waiting_for_a_lock(pool, "advisory"), "a second run that waits for it")
    assert (await first).records == 3
    assert (await second).records == 5, "the City's second crime and Surrey's three"
    assert [tuple(row) for row in await pool.fetch(COUNT)] == [(5, 5)]


async def test_a_run_that_was_overtaken_in_front_of_the_pointer_does_not_undo_the_other(
    store: Store, pool: asyncpg.Pool
) -> None:
    await loaded(store, two_areas(1, 1))
    run = two_areas(2, 1)
    await stage(store, run)
    async with holding(pool, "LOCK TABLE current_version IN SHARE MODE"):
        swap = asyncio.create_task(store.load(run.manifest(), patient=True))
        [backend] = await eventually(lambda: waiting_for_a_lock(pool), "a run in front of the pointer")
        await pool.execute("SELECT pg_terminate_backend($1)", backend)
        with pytest.raises(TransientError):
            await swap
    other = await loaded(store, two_areas(3, 3))
    result = await store.load(run.manifest(), patient=True)
    assert isinstance(result, MonthRejected)
    assert result.reasons == ("another run of the month was loaded meanwhile: order it again",)
    assert await pool.fetchval("SELECT version_id FROM current_version") == other.version
    assert (await loaded(store, run.again())).records == 3
    assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE tablename ~ '^street_crime_v'") == 2
