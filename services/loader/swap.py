"""A complete run becomes the month that readers see, is compared with it, or leaves no trace.

The new version is a table of its own, built, judged and attached in one transaction. Readers follow
`current_version`: the swap itself is the update of one row, in a second one, so that they see the old
month or the new one (docs/adr/0002). A crash between the two leaves a version that nobody sees; the
run's message comes back and shows it.
"""

from time import perf_counter
from typing import Any

import asyncpg

from services.loader.clearing import clear_abandoned, retire
from services.loader.deciding import deciding
from services.loader.gate import Candidate, ForceCount, GateRules, judge
from services.loader.making import WORK_MEM, Making
from services.loader.readers import readers_have_planned
from services.loader.reconciliation import newest_archive, reconcile
from services.loader.revisions import RELEASE, note_revision
from services.loader.sources import against_mixing, is_only_compared
from services.loader.sql_files import PARENTS, sql, staged_table, version_table
from services.loader.verdicts import RefusedError, UnchangedError, count_records, loaded, rejected
from shared.archive import SOURCE as ARCHIVE
from shared.errors import NotYetError
from shared.events import MonthFetched, MonthLoaded, MonthRejected
from shared.logs import get_logger
from shared.metrics import gate_verdicts
from shared.model import Dataset

log = get_logger()
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
        async with deciding(self.pool, event.dataset, event.month) as connection:
            return await self.refuse(connection, event, reasons, started)

    async def load(
        self, event: MonthFetched, page_ids: list[int], started: float
    ) -> MonthLoaded | MonthRejected:
        """Build the month, pass it through the gate, swap it in."""
        async with deciding(self.pool, event.dataset, event.month) as connection:
            before = await connection.fetchrow(sql("select_current_version"), event.dataset, event.month)
            try:
                if before and is_only_compared(event.source, before["source"]):
                    await self.compare(connection, event, page_ids, before["id"], started)
                    result = loaded(event, before["id"], before["stored"], changed=False)
                else:
                    version, stored = await self.build_version(connection, event, page_ids, before)
                    await readers_have_planned(self.pool, PARENTS[event.dataset])
                    await self.conclude(connection, event, "loaded", version, [], started)
                    result = loaded(event, version, stored, changed=True)
            except RefusedError as refusal:
                return await self.refuse(connection, event, refusal.reasons, started)
            except UnchangedError as same:
                await self.conclude(connection, event, "unchanged", same.version, [], started)
                return loaded(event, same.version, same.stored, changed=False)
            if result.changed:
                facts = {"dataset": event.dataset, "month": str(event.month), "version": version}
                log.info("month.swapped", **facts, records=stored)
            # Before anybody else decides the month: a rollback may want what is let go here.
            await retire(self.pool, event, self.keep_versions)
        await clear_abandoned(self.pool)
        return result

    async def build_version(
        self, connection: Connection, event: MonthFetched, page_ids: list[int], before: Any
    ) -> tuple[int, int]:
        """The run's version and its records. All in one transaction; what is raised undoes it."""
        async with connection.transaction():
            await self.lock_run(connection, event)
            built = await connection.fetchrow(sql("select_built_version"), event.run_id)
            if built:  # by a loader that was killed before it could show it
                if before and before["id"] > built["id"]:
                    raise RefusedError(["another run of the month was loaded meanwhile: order it again"])
                return built["id"], built["stored"]
            if before and (reasons := against_mixing(event.source, event.forces, before["source"])):
                raise RefusedError(reasons)
            version, stored, fates = await self.make(connection, event, page_ids, before)
            if before:
                same = before["source"] == event.source
                await note_revision(connection, event.dataset, version, before["id"], RELEASE, compared=same)
            if event.source != ARCHIVE:
                archive = await newest_archive(connection, event.dataset, event.month)
                if archive:
                    await reconcile(connection, event.dataset, version, archive["id"])
            await self.attach(connection, event, version)
        count_records(event.dataset, fates, stored)
        return version, stored

    async def compare(
        self, connection: Connection, event: MonthFetched, page_ids: list[int], seen: int, started: float
    ) -> None:
        """Build an archive's month beside the API's, which readers go on to see, and compare them.

        One transaction: of a loader that is killed nothing is left, and the next begins anew.
        """
        async with connection.transaction():
            await self.lock_run(connection, event)
            archive = await self.build_beside(connection, event, page_ids)
            await reconcile(connection, event.dataset, seen, archive)
            await self.conclude(connection, event, "reconciled", seen, [], started)

    async def build_beside(self, connection: Connection, event: MonthFetched, page_ids: list[int]) -> int:
        """The version of an archive's run; if its records are those of the archive before, that one."""
        built = await connection.fetchrow(sql("select_built_version"), event.run_id)
        if built:  # to be shown, when there was nothing of the API
            return int(built["id"])
        before = await newest_archive(connection, event.dataset, event.month)
        try:
            async with connection.transaction():
                version, stored, fates = await self.make(connection, event, page_ids, before)
        except UnchangedError as same:
            return same.version
        await self.attach(connection, event, version)
        count_records(event.dataset, fates, stored)
        return version

    async def make(
        self, connection: Connection, event: MonthFetched, page_ids: list[int], before: Any
    ) -> tuple[int, int, dict[str, int]]:
        """A version in a table of its own, described and judged; its records and their fates.

        Raises:
            RefusedError: the gate says no.
            UnchangedError: the one before has the same records.
        """
        await connection.execute(WORK_MEM)
        version = await connection.fetchval("SELECT nextval(pg_get_serial_sequence('version', 'id'))")
        making = Making(self.pool, event, page_ids, version)
        fates = await making.scope(connection, before)
        facts = await making.build(connection)
        if before and before["checksum"] == facts.checksum:
            raise UnchangedError(before["id"], before["stored"])
        await making.describe(connection, fates, facts)
        await self.pass_gate(connection, event, page_ids, version, before, fates, facts.stored)
        return version, facts.stored, fates

    @staticmethod
    async def lock_run(connection: Connection, event: MonthFetched) -> None:
        """No page of the run is staged while it is decided, until the transaction ends.

        Raises:
            NotYetError: the run has just been decided by somebody else; ask what became of it.
        """
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(event.run_id))
        if await connection.fetchrow(sql("select_verdict"), event.run_id):
            raise NotYetError("the run has been decided meanwhile")

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
        if reasons := judge(candidate, self.rules):
            raise RefusedError(reasons)

    @staticmethod
    async def attach(connection: Connection, event: MonthFetched, version: int) -> None:
        """Make the table a partition, which no pointer shows yet."""
        parent, target = PARENTS[event.dataset], version_table(event.dataset, version)
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
        gate_verdicts.labels(event.dataset, verdict).inc()
