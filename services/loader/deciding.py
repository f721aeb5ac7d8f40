"""A month is decided by one at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg

from shared.model import Dataset


@asynccontextmanager
async def deciding(
    pool: asyncpg.Pool, dataset: Dataset, month: date
) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    """A connection on which a month is decided: one run at a time, from its building to its showing."""
    async with pool.acquire() as connection:
        # Let go by the pool when the connection is given back, by the server when it is lost.
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"{dataset}/{month}")
        yield connection
