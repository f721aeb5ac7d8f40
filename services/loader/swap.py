"""A complete run becomes the month that readers see, or leaves no trace.

The new version is a table of its own, built, judged and attached in one transaction. Readers follow
`current_version`: the swap itself is the update of one row, in a second one, so that they see the old
month or the new one (docs/adr/0002). A crash between the two leaves a version that nobody sees; the
run's message comes back and shows it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import asyncpg

from services.loader.gate import Candidate, ForceCount, GateRules, judge
from services.loader.readers import readers_have_planned
from services.loader.sql_files import PARENTS, sql, staged_table, version_table
from services.loader.verdicts import RefusedError, UnchangedError, count_records, loaded, rejected
from shared.db import fetch_one
from shared.errors import NotYetError
from shared.events import MonthFetched, MonthLoaded, MonthRejected
from shared.logs import get_logger
from shared.model import Dataset

log = get_logger()
ABANDONED_DAYS = 7
"""A run waits for its pages for hours at most."""
Connection = asyncpg.pool.PoolConnectionProxy


class Swap:
    """Builds, judges and swaps months."""

    def __init__(self, pool: asyncpg.Pool, rules: GateRules, *, keep_versions: int) -> None:
        self.pool = pool
        self.rules = rules
        self.keep_versions = keep_versions

    async def decided(self, event: MonthFetched) -> MonthLoaded | MonthRejected | None:
        """What became of a run that was decided before."""
        row = await self.pool.fetchrow(sql("select_verdict"), event.run_id)
        if row is None:
            return None
        if row["verdict"] == "rejected":
            return rejected(event, row["reasons"])
        return loaded(event, row["version_id"], row["records"], changed=row["verdict"] == "loaded")

    async def reject(self, event: MonthFetched, reasons: list[str], started: float) -> MonthRejected:
        """Record a refusal; what readers see stays."""
        async with self.deciding(event) as connection:
            return await self.refuse(connection, event, reasons, started)

    async def load(
        self, event: MonthFetched, page_ids: list[int], started: float
    ) -> MonthLoaded | MonthRejected:
        """Build the month, pass it through the gate, swap it in."""
        async with self.deciding(event) as connection:
            try:
                version, stored = await self.build_version(connection, event, page_ids)
            except RefusedError as refusal:
                return await self.refuse(connection, event, refusal.reasons, started)
            except UnchangedError as same:
                await self.conclude(connection, event, "unchanged", same.version, [], started)
                return loaded(event, same.version, same.stored, changed=False)
            await readers_have_planned(self.pool, PARENTS[event.dataset])
            await self.conclude(connection, event, "loaded", version, [], started)
        log.info(
            "month.swapped", dataset=event.dataset, month=str(event.month), version=version, records=stored
        )
        # The planner must not take the new month for an empty table.
        await self.pool.execute(f"ANALYZE {version_table(event.dataset, version)}")
        await self.retire(event)
        await self.clear_abandoned()
        return loaded(event, version, stored, changed=True)

    @asynccontextmanager
    async def deciding(self, event: MonthFetched) -> AsyncIterator[Connection]:
        """A connection on which a month is decided: one run at a time, from its building to its showing."""
        async with self.pool.acquire() as connection:
            # Let go by the pool when the connection is given back, by the server when it is lost.
            await connection.execute(
                "SELECT pg_advisory_lock(hashtextextended($1, 0))", f"{event.dataset}/{event.month}"
            )
            yield connection

    async def build_version(
        self, connection: Connection, event: MonthFetched, page_ids: list[int]
    ) -> tuple[int, int]:
        """The run's version and its records. All in one transaction; what is raised undoes it."""
        async with connection.transaction():
            await self.lock_run(connection, event)
            before = await connection.fetchrow(sql("select_current_version"), event.dataset, event.month)
            built = await connection.fetchrow(sql("select_built_version"), event.run_id)
            if built:  # by a loader that was killed before it could show it
                if before and before["id"] > built["id"]:
                    raise RefusedError(["another run of the month was loaded meanwhile: order it again"])
                return built["id"], built["stored"]
            await connection.execute("SET LOCAL work_mem = '128MB'")
            version = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('version', 'id'))")
            target = version_table(event.dataset, version)
            fates = await self.scope(connection, event, page_ids, before)
            await self.build(connection, event, version, target, page_ids, scoped=event.forces is not None)
            made = await fetch_one(connection, sql("checksum_version", target=target))
            if before and before["checksum"] == made["checksum"]:
                raise UnchangedError(before["id"], before["stored"])
            await self.describe(connection, event, version, target, fates, made)
            await self.pass_gate(connection, event, page_ids, version, before, fates, made["stored"])
            await self.attach(connection, event, version, target)
        count_records(event.dataset, fates, made["stored"])
        return version, made["stored"]

    @staticmethod
    async def lock_run(connection: Connection, event: MonthFetched) -> None:
        """No page of the run is staged while it is decided, until the transaction ends.

        Raises:
            NotYetError: the run has just been decided by somebody else; ask what became of it.
        """
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(event.run_id))
        if await connection.fetchrow(sql("select_verdict"), event.run_id):
            raise NotYetError("the run has been decided meanwhile")

    @staticmethod
    async def scope(
        connection: Connection, event: MonthFetched, page_ids: list[int], before: Any
    ) -> dict[str, int]:
        """Where only some forces were asked for: leave out the others' records, keep their old ones."""
        staged = staged_table(event.dataset, event.run_id)  # a run without any page has none yet
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {staged} (LIKE staging.{event.dataset})")
        counts = await fetch_one(connection, sql("count_pages"), page_ids)
        fates = {**dict(counts), "out_of_scope": 0, "kept_from_previous": 0}
        if event.forces is not None:
            forces = list(event.forces)
            name = "stops" if event.dataset is Dataset.STOPS else "crimes"
            status = await connection.execute(
                sql(f"delete_out_of_scope_{name}", staged=staged), page_ids, forces
            )
            fates["out_of_scope"] = rows_of(status)
            if before:
                kept = await connection.execute(
                    sql(f"keep_other_{event.dataset}", staged=staged), before["id"], forces
                )
                fates["kept_from_previous"] = rows_of(kept)
        return fates

    @staticmethod
    async def build(
        connection: Connection,
        event: MonthFetched,
        version: int,
        target: str,
        page_ids: list[int],
        *,
        scoped: bool,
    ) -> None:
        """Fill a table of the version's own."""
        staged = staged_table(event.dataset, event.run_id)
        await connection.execute(
            f"CREATE TABLE {target} (LIKE {PARENTS[event.dataset]}, CHECK (version_id = {version}))"
        )
        pages = [*page_ids, 0] if scoped else page_ids
        await connection.execute(sql(f"build_{event.dataset}", target=target, staged=staged), version, pages)

    @staticmethod
    async def describe(
        connection: Connection,
        event: MonthFetched,
        version: int,
        target: str,
        fates: dict[str, int],
        built: Any,
    ) -> None:
        """Write the version's row and its manifest of counts."""
        known = fates["set_aside"] + fates["out_of_scope"] + built["stored"]
        fates["duplicates"] = fates["received"] + fates["kept_from_previous"] - known
        await connection.execute(
            sql("insert_version"),
            version, event.dataset, event.month, event.run_id, event.source, event.release,
            fates["received"], fates["duplicates"], fates["set_aside"], fates["out_of_scope"],
            fates["kept_from_previous"], built["stored"], built["checksum"],
        )  # fmt: skip
        name = "count_stop_version" if event.dataset is Dataset.STOPS else "count_version"
        await connection.execute(sql(name, target=target), version)

    async def pass_gate(
        self,
        connection: Connection,
        event: MonthFetched,
        page_ids: list[int],
        version: int,
        before: Any,
        fates: dict[str, int],
        stored: int,
    ) -> None:
        """Raise `RefusedError` with every reason against the month."""
        conflicts = 0
        if event.dataset is Dataset.STREET and fates["duplicates"]:
            staged = staged_table(event.dataset, event.run_id)
            conflicts = await connection.fetchval(sql("count_conflicts", staged=staged), page_ids)
        old = before["id"] if before else 0
        forces = await connection.fetch(sql("select_force_counts"), old, version)
        why = await connection.fetch(sql("select_set_aside_reasons"), event.run_id)
        candidate = Candidate(
            received=fates["received"],
            set_aside=fates["set_aside"],
            set_aside_reasons=tuple((row["reason"], row["n"]) for row in why),
            conflicts=conflicts,
            stored=stored,
            forces=tuple(ForceCount(**dict(row)) for row in forces),
            accept_loss=event.accept_loss,
        )
        reasons = judge(candidate, self.rules)
        if reasons:
            raise RefusedError(reasons)

    @staticmethod
    async def attach(connection: Connection, event: MonthFetched, version: int, target: str) -> None:
        """Index the table and make it a partition, which no pointer shows yet."""
        parent = PARENTS[event.dataset]
        await connection.execute(f"CREATE INDEX ON {target} (snap_point_id)")
        await connection.execute(f"ALTER TABLE {parent} ATTACH PARTITION {target} FOR VALUES IN ({version})")

    async def refuse(
        self, connection: Connection, event: MonthFetched, reasons: list[str], started: float
    ) -> MonthRejected:
        """Record a refusal."""
        await self.conclude(connection, event, "rejected", None, reasons, started)
        log.warning("month.rejected", dataset=event.dataset, month=str(event.month), reasons=reasons)
        return rejected(event, reasons)

    async def conclude(
        self,
        connection: Connection,
        event: MonthFetched,
        verdict: str,
        version: int | None,
        reasons: list[str],
        started: float,
    ) -> None:
        """Record the verdict, let the readers' pointer show the version, clear away what was staged."""
        async with connection.transaction():
            await self.lock_run(connection, event)
            if version is not None:
                await connection.execute(sql("put_current_version"), event.dataset, event.month, version)
            await connection.execute(
                sql("insert_verdict"),
                event.run_id, event.dataset, event.month, verdict, version, reasons,
                perf_counter() - started,
            )  # fmt: skip
            await connection.execute(f"DROP TABLE IF EXISTS {staged_table(event.dataset, event.run_id)}")
            await connection.execute("DELETE FROM staging.page WHERE run_id = $1", event.run_id)

    async def clear_abandoned(self) -> None:
        """Drop what was staged for runs that nobody will ever complete: their fetch failed."""
        for row in await self.pool.fetch(sql("select_abandoned_runs"), ABANDONED_DAYS):
            for dataset in Dataset:
                await self.pool.execute(f"DROP TABLE IF EXISTS {staged_table(dataset, row['run_id'])}")
            await self.pool.execute("DELETE FROM staging.page WHERE run_id = $1", row["run_id"])

    async def retire(self, event: MonthFetched) -> None:
        """Drop the records of versions that were replaced long enough ago; their manifests stay.

        Only housekeeping: a table that readers hold is left for the next time.
        """
        parent = PARENTS[event.dataset]
        old = await self.pool.fetch(
            sql("select_retired_versions"), event.dataset, event.month, self.keep_versions, parent
        )
        for row in old:
            table = version_table(event.dataset, row["id"])
            try:
                async with self.pool.acquire() as connection, connection.transaction():
                    await connection.execute("SET LOCAL lock_timeout = '100ms'")
                    await connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {table}")
                    await connection.execute(f"DROP TABLE {table}")
            except asyncpg.LockNotAvailableError:
                log.info("version.kept", table=table, reason="in use")


def rows_of(status: str) -> int:
    """The number of rows that a command's status tells, as in `DELETE 12`."""
    return int(status.rpartition(" ")[2])
