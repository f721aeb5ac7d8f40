"""The door to the postcodes that the operator has loaded."""

from pathlib import Path

import asyncpg

from shared.db import read_sql, translate_errors
from shared.postcodes import Known


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
            row = await self.pool.fetchrow(read_sql(Path(__file__).parent, "select_postcode"), postcode)
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


def degrees(millionths: int | None) -> float | None:
    """Whole millionths as degrees."""
    return None if millionths is None else millionths / 1_000_000
