"""Writes the postcodes that an operator loads."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg

from services.console.postcode_files import COLUMNS, PostcodeFile, Record
from services.console.store import readable, sql
from shared.errors import RequestError


class PostcodeStore:
    """Replaces the loaded edition."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def replace(self, file: PostcodeFile, source: str | None) -> int:
        """Put these postcodes in the place of all others, in one transaction; returns how many they are.

        Readers see the former ones until it ends. `source` is what reports name; else it is the file's.

        Raises:
            RequestError: the file is not fit for it; nothing has changed then.
            TransientError: the database is away; nothing has changed.
        """
        async with readable(), self.pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("lock_postcodes"))
            await connection.execute(sql("create_new_postcode"))
            said = await connection.copy_records_to_table(
                "new_postcode", records=records_of(file), columns=COLUMNS
            )
            try:
                await connection.execute(sql("add_new_postcode_key"))
            except asyncpg.UniqueViolationError as error:
                raise RequestError(f"{file.path} has a postcode twice: {error.detail}") from error
            loaded = int(said.removeprefix("COPY "))
            await connection.execute(sql("grant_new_postcode"))
            await connection.execute(sql("put_postcode_edition"), source or file.source, loaded)
            await connection.execute(sql("drop_postcode"))
            await connection.execute(sql("rename_new_postcode"))
        return loaded


async def records_of(file: PostcodeFile) -> AsyncIterator[Record]:
    """All postcodes of a file, read in a thread: the demo has other work to do meanwhile."""
    batches = file.batches()
    while batch := await asyncio.to_thread(next, batches, None):
        for record in batch:
            yield record
