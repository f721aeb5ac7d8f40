"""What the swap owes to readers.

A statement at the level READ COMMITTED lists the partitions when it is planned, and looks at the
rows a moment later. If it were planned before the new partition was attached, and then saw the
pointer to it, it would find an empty month. So the pointer moves only when every transaction that
used the table when the partition came is over: whoever comes later plans with it.
"""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from services.loader.sql_files import sql

if TYPE_CHECKING:
    import asyncpg

PATIENCE = 5.0
"""Seconds. No statement is planned for so long: who still uses the table then sees its rows by now."""
LOOK_AGAIN = 0.01


async def readers_have_planned(pool: "asyncpg.Pool", table: str) -> None:
    """Wait for those who used the table when this was called; they are not hindered."""
    deadline = monotonic() + PATIENCE
    before = await readers(pool, table)
    while before and monotonic() < deadline:
        await asyncio.sleep(LOOK_AGAIN)
        before &= await readers(pool, table)


async def readers(pool: "asyncpg.Pool", table: str) -> set[str]:
    """The transactions that use the table now."""
    return {row["virtualtransaction"] for row in await pool.fetch(sql("select_readers"), table)}
