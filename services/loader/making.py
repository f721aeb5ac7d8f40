"""A version is made: its records in a table of its own, and what they add up to."""

import asyncio
from typing import Any

import asyncpg

from services.loader.facts import Facts, find_facts
from services.loader.sources import collapse, scope_statements
from services.loader.sql_files import PARENTS, rows_of, sql, staged_table, version_table
from shared.archive import SOURCE as ARCHIVE
from shared.db import fetch_one
from shared.events import MonthFetched
from shared.logs import get_logger
from shared.model import Dataset
from shared.tasks import end

log = get_logger()
Connection = asyncpg.pool.PoolConnectionProxy
WORK_MEM = "SET LOCAL work_mem = '128MB'"
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"
COUNT_COLUMNS = ("version_id", "force_id", "location_type", "located", "category_id", "outcome_id", "n")
PATIENCE = 1.0
"""Seconds for a second connection."""


class Making:
    """One version of a month that is being made of what is staged, in the caller's transaction."""

    def __init__(self, pool: asyncpg.Pool, event: MonthFetched, page_ids: list[int], version: int) -> None:
        self.pool, self.event, self.version = pool, event, version
        self.dataset = event.dataset
        self.page_ids = page_ids
        self.staged = staged_table(event.dataset, event.run_id)
        self.target = version_table(event.dataset, version)
        pages = page_ids if event.forces is None else [*page_ids, 0]
        name = f"records_{event.dataset}" if collapse(event.source, event.dataset) else "records_as_staged"
        self.selected = sql(name, staged=self.staged, pages=", ".join(map(str, pages)) or "NULL")
        tells_recorder = event.source == ARCHIVE and event.dataset is not Dataset.STOPS
        self.recorded = self.selected if tells_recorder else None

    async def scope(self, connection: Connection, before: Any) -> dict[str, int]:
        """Where only some forces were asked for: leave out the others' records, keep their old ones."""
        # A run without any page has no table yet.
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {self.staged} (LIKE staging.{self.dataset})")
        counts = await fetch_one(connection, sql("count_pages"), self.page_ids)
        fates = {**dict(counts), "out_of_scope": 0, "kept_from_previous": 0}
        if self.event.forces is not None:
            forces = list(self.event.forces)
            drop, keep = scope_statements(self.event.source, self.dataset)
            if drop:
                status = await connection.execute(sql(drop, staged=self.staged), self.page_ids, forces)
                fates["out_of_scope"] = rows_of(status)
            if before:
                kept = await connection.execute(sql(keep, staged=self.staged), before["id"], forces)
                fates["kept_from_previous"] = rows_of(kept)
        return fates

    async def build(self, connection: Connection) -> Facts:
        """Fill a table of the version's own; what its records add up to.

        An archive's whole month will be what is staged of it: that is added up at the same time.
        """
        if self.recorded and self.event.forces is None and self.page_ids:
            try:
                # Pages of the run that came twice may hold all others, and wait for this transaction's lock.
                other = await self.pool.acquire(timeout=PATIENCE)
            except TimeoutError:
                log.info("facts.later", reason="no connection is free")
            else:
                try:
                    return await self.build_and_add(connection, other)
                finally:
                    await self.pool.release(other)
        await self.fill(connection)
        return await self.find_facts(connection, self.target)

    async def build_and_add(self, connection: Connection, other: Connection) -> Facts:
        """Fill the table on one connection, and add up on the other."""
        async with other.transaction(readonly=True):
            await other.execute(WORK_MEM)
            # The server does not see that one of the two waits for the other: it would not find a deadlock.
            await other.execute(LOCK_TIMEOUT)
            adding = asyncio.create_task(self.find_facts(other, f"({self.selected})"))
            try:
                await self.fill(connection)
                return await adding
            finally:
                await end(adding)

    async def find_facts(self, connection: Connection, table: str) -> Facts:
        """What the records in a table add up to."""
        return await find_facts(connection, self.dataset, table, self.recorded)

    async def fill(self, connection: Connection) -> None:
        """The table with its index, and what the planner wants to know of it."""
        parent = PARENTS[self.dataset]
        await connection.execute(
            f"CREATE TABLE {self.target} (LIKE {parent}, CHECK (version_id = {self.version}))"
        )
        build = sql(f"build_{self.dataset}", target=self.target, selected=self.selected)
        await connection.execute(build, self.version)
        await connection.execute(f"CREATE INDEX ON {self.target} (snap_point_id)")
        await connection.execute(f"ANALYZE {self.target}")

    async def describe(self, connection: Connection, fates: dict[str, int], facts: Facts) -> None:
        """Write the version's row, its manifest of counts, and who recorded what elsewhere."""
        known = fates["set_aside"] + fates["out_of_scope"] + facts.stored
        fates["duplicates"] = fates["received"] + fates["kept_from_previous"] - known
        event = self.event
        await connection.execute(
            sql("insert_version"),
            self.version, event.dataset, event.month, event.run_id, event.source, event.release,
            fates["received"], fates["duplicates"], fates["set_aside"], fates["out_of_scope"],
            fates["kept_from_previous"], facts.stored, facts.checksum,
        )  # fmt: skip
        await connection.copy_records_to_table(
            "version_count", columns=COUNT_COLUMNS, records=[(self.version, *count) for count in facts.counts]
        )
        if facts.elsewhere.places:
            await connection.execute(
                sql("insert_recorded_elsewhere", target=self.target), self.version, *facts.elsewhere
            )
