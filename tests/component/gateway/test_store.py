"""The gateway's door to the database under many readers."""

import asyncio

import asyncpg

from services.gateway.store import Store
from shared.model import Dataset
from tests.component.gateway.country import OCTOBER, ROWS, Country

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'grid'::regclass"


async def test_who_asks_after_new_data_is_never_told_the_old_state(
    pool: asyncpg.Pool, country: Country
) -> None:
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    store = Store(pool, query_timeout=20)
    old = await store.revision()
    async with pool.acquire() as writer:
        async with writer.transaction():
            await writer.execute("LOCK TABLE grid IN ACCESS EXCLUSIVE MODE")
            early = [asyncio.create_task(store.revision()) for _ in range(50)]
            async with asyncio.timeout(20):
                while not await writer.fetchval(WAITING):  # noqa: ASYNC110 - a lock has no event
                    await asyncio.sleep(0.01)
            # Fifty ask, one question is under way.
            assert await writer.fetchval(WAITING) == 1
            await writer.execute("UPDATE grid SET mapping_version = mapping_version + 1")
        late = await asyncio.gather(*(store.revision() for _ in range(50)))
    assert len(set(late)) == 1
    assert late[0] != old
    assert set(await asyncio.gather(*early)) <= {old, late[0]}


async def test_who_goes_away_takes_the_answer_from_nobody(pool: asyncpg.Pool) -> None:
    store = Store(pool, query_timeout=20)
    tasks = [asyncio.create_task(store.revision()) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert len(set(await asyncio.gather(*tasks[1:]))) == 1
