"""The door to the postcodes that the operator has loaded."""

from pathlib import Path

import asyncpg

from shared.db import read_sql, translate_errors
from shared.postcodes import Known

Connection = asyncpg.Pool | asyncpg.pool.PoolConnectionProxy
WHOLE_ROWS = 1_000_000
"""Postcodes that an edition of the whole country has at least: 1.7 million are in use. Fewer are a sample."""


class PostcodeStore:
    """Reads the loaded edition."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def find(self, postcode: str) -> Known | None:
        """A normalised postcode.

        Raises:
            LookupError: no edition is loaded.
            TransientError: the database is away.
        """
        async with translate_errors():
            return await find_in(self.pool, postcode)

    async def whole_edition(self) -> str | None:
        """The name of the loaded edition if it is one of the whole country.

        Raises:
            TransientError: the database is away.
        """
        async with translate_errors():
            source: str | None = await self.pool.fetchval(
                read_sql(Path(__file__).parent, "select_whole_edition"), WHOLE_ROWS
            )
        return source


async def find_in(connection: Connection, postcode: str) -> Known | None:
    """A normalised postcode, asked on a connection of the caller's.

    Raises:
        LookupError: no edition is loaded.
    """
    row = await connection.fetchrow(read_sql(Path(__file__).parent, "select_postcode"), postcode)
    if row is None:
        raise LookupError("no postcodes are loaded")
    if row["postcode"] is None:
        return None
    return Known(
        postcode=row["postcode"],
        latitude=degrees(row["lat_e6"]),
        longitude=degrees(row["lon_e6"]),
        country=row["country"],
        terminated=row["terminated"],
        source=row["source"],
    )


async def find_now(connection: Connection, postcode: str) -> Known | None:
    """What the loaded postcodes say of a normalised postcode; None also where none are loaded."""
    try:
        return await find_in(connection, postcode)
    except LookupError:
        return None


def degrees(millionths: int | None) -> float | None:
    """Whole millionths as degrees."""
    return None if millionths is None else millionths / 1_000_000
