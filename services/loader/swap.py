"""A complete run becomes the month that readers see, in one transaction, or leaves no trace.

The new version is a table of its own. Readers follow `current_version`, so that the swap itself is
the update of one row: they see the old month or the new one, and nobody waits (docs/adr/0002).
"""

from time import perf_counter
from typing import Any

import asyncpg

from services.loader.gate import Candidate, ForceCount, GateRules, judge
from services.loader.sql_files import PARENTS, sql, staged_table, version_table
from shared.db import fetch_one
from shared.events import MonthFetched, MonthLoaded, MonthRejected
from shared.logs import get_logger
from shared.metrics import records
from shared.model import Dataset

log = get_logger()
Connection = asyncpg.pool.PoolConnectionProxy


class RefusedError(Exception):
    """The gate said no: everything that was built is undone."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class UnchangedError(Exception):
    """Readers see exactly these records already."""

    def __init__(self, version: int, stored: int) -> None:
        super().__init__(f"version {version} has the same records")
        self.version, self.stored = version, stored


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
        async with self.pool.acquire() as connection, connection.transaction():
            await self.lock(connection, event)
            await self.conclude(connection, event, "rejected", None, reasons, started)
        log.warning("month.rejected", dataset=event.dataset, month=str(event.month), reasons=reasons)
        return rejected(event, reasons)

    async def load(
        self, event: MonthFetched, page_ids: list[int], started: float
    ) -> MonthLoaded | MonthRejected:
        """Build the month, pass it through the gate, swap it in."""
        try:
            version, stored = await self.build_and_swap(event, page_ids, started)
        except RefusedError as refusal:
            return await self.reject(event, refusal.reasons, started)
        except UnchangedError as same:
            async with self.pool.acquire() as connection, connection.transaction():
                await self.lock(connection, event)
                await self.conclude(connection, event, "unchanged", same.version, [], started)
            return loaded(event, same.version, same.stored, changed=False)
        log.info(
            "month.swapped", dataset=event.dataset, month=str(event.month), version=version, records=stored
        )
        # The planner must not take the new month for an empty table.
        await self.pool.execute(f"ANALYZE {version_table(event.dataset, version)}")
        await self.retire(event)
        return loaded(event, version, stored, changed=True)

    async def build_and_swap(
        self, event: MonthFetched, page_ids: list[int], started: float
    ) -> tuple[int, int]:
        """Everything in one transaction; what is raised undoes it all."""
        async with self.pool.acquire() as connection, connection.transaction():
            await self.lock(connection, event)
            await connection.execute("SET LOCAL work_mem = '128MB'")
            before = await connection.fetchrow(sql("select_current_version"), event.dataset, event.month)
            version = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('version', 'id'))")
            target = version_table(event.dataset, version)
            fates = await self.scope(connection, event, page_ids, before)
            await self.build(connection, event, version, target, page_ids, scoped=event.forces is not None)
            built = await fetch_one(connection, sql("checksum_version", target=target))
            if before and before["checksum"] == built["checksum"]:
                raise UnchangedError(before["id"], before["stored"])
            await self.describe(connection, event, version, target, fates, built)
            await self.pass_gate(connection, event, page_ids, version, before, fates, built["stored"])
            await self.publish_version(connection, event, version, target)
            await self.conclude(connection, event, "loaded", version, [], started)
            count_records(event.dataset, fates, built["stored"])
        return version, built["stored"]

    @staticmethod
    async def lock(connection: Connection, event: MonthFetched) -> None:
        """One decision at a time for a month, and none while a page of the run is being staged."""
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{event.dataset}/{event.month}"
        )
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(event.run_id))

    @staticmethod
    async def scope(
        connection: Connection, event: MonthFetched, page_ids: list[int], before: Any
    ) -> dict[str, int]:
        """Where only some forces were asked for: leave out the others' records, keep their old ones."""
        staged = staged_table(event.dataset, event.run_id)
        # A run without any page has none yet.
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {staged} (LIKE staging.{event.dataset})")
        counts = await fetch_one(connection, sql("count_pages"), page_ids)
        fates = {**dict(counts), "out_of_scope": 0, "kept_from_previous": 0}
        if event.forces is not None:
            forces = list(event.forces)
            status = await connection.execute(sql("delete_out_of_scope", staged=staged), page_ids, forces)
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
    async def publish_version(connection: Connection, event: MonthFetched, version: int, target: str) -> None:
        """Index the table, make it a partition, and let the readers' pointer show it."""
        parent = PARENTS[event.dataset]
        await connection.execute(f"CREATE INDEX ON {target} (snap_point_id)")
        await connection.execute(f"ALTER TABLE {parent} ATTACH PARTITION {target} FOR VALUES IN ({version})")
        await connection.execute(sql("put_current_version"), event.dataset, event.month, version)

    @staticmethod
    async def conclude(
        connection: Connection,
        event: MonthFetched,
        verdict: str,
        version: int | None,
        reasons: list[str],
        started: float,
    ) -> None:
        """Record the verdict and clear away what was staged."""
        await connection.execute(
            sql("insert_verdict"),
            event.run_id, event.dataset, event.month, verdict, version, reasons, perf_counter() - started,
        )  # fmt: skip
        await connection.execute(f"DROP TABLE IF EXISTS {staged_table(event.dataset, event.run_id)}")
        await connection.execute("DELETE FROM staging.page WHERE run_id = $1", event.run_id)

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


def loaded(event: MonthFetched, version: int, stored: int, *, changed: bool) -> MonthLoaded:
    """The event that a month is visible."""
    return MonthLoaded(
        run_id=event.run_id,
        dataset=event.dataset,
        month=event.month,
        version=version,
        changed=changed,
        records=stored,
    )


def rejected(event: MonthFetched, reasons: list[str]) -> MonthRejected:
    """The event that a month was refused."""
    return MonthRejected(
        run_id=event.run_id, dataset=event.dataset, month=event.month, reasons=tuple(reasons)
    )


def count_records(dataset: Dataset, fates: dict[str, int], stored: int) -> None:
    """Count the records of a loaded month by fate."""
    records.labels(dataset, "stored").inc(stored)
    for fate, number in fates.items():
        records.labels(dataset, fate).inc(number)
