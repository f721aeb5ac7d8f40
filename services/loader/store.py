"""The loader's door to the database: pages are staged here."""

from collections.abc import AsyncIterator
from time import perf_counter

import asyncpg

from services.loader.archive_crimes import Crimes
from services.loader.gate import GateRules
from services.loader.labels import Labels
from services.loader.lsoas import Lsoas
from services.loader.numbering import CRIMES, Numbers, numbered_rows, packed_crimes
from services.loader.places import Places
from services.loader.rollback import Rollback
from services.loader.row_shapes import COLUMNS, Rows
from services.loader.sql_files import sql, staged_table
from services.loader.swap import Swap
from shared.areas import ForceAreas
from shared.db import fetch_one, translate_errors
from shared.errors import NotYetError
from shared.events import (
    MonthFetched,
    MonthLoaded,
    MonthRejected,
    Page,
    PageFetched,
    RollbackRequested,
)
from shared.metrics import pages_staged, swap_seconds


class Store:
    """Stages pages and decides months."""

    def __init__(
        self, pool: asyncpg.Pool, areas: ForceAreas, rules: GateRules, *, keep_versions: int
    ) -> None:
        self.pool = pool
        self.places = Places(areas)
        self.labels = Labels()
        self.lsoas = Lsoas()
        self.swap = Swap(pool, rules, keep_versions=keep_versions)
        self.rollback = Rollback(pool)

    async def needs_no(self, page: PageFetched) -> bool:
        """Whether the page is staged already, or its run decided."""
        async with translate_errors():
            state = await fetch_one(
                self.pool, sql("select_page_state"), page.run_id, page.slice_id, page.sha256
            )
        return bool(state["decided"] or state["staged"])

    async def stage(self, page: PageFetched, content: Rows | Crimes) -> None:
        """Put a page's rows into its run's staging table: all of them, or, if they are there, none."""
        async with translate_errors():
            labels = await self.labels.resolve(self.pool, content.labels.values())
            forces = {slug: await self.labels.force(self.pool, slug) for slug in forces_of(page, content)}
            async with self.pool.acquire() as connection:
                places = await self.put_places(connection, content)
                async with connection.transaction():
                    if not await self.open_staging(connection, page):
                        return
                    page_id = await self.insert_page(connection, page, content)
                    if page_id is None:
                        return
                    await copy_rows(connection, page, content, Numbers(page_id, places, labels, forces))
        pages_staged.labels(page.dataset, "staged").inc()

    async def put_places(
        self, connection: asyncpg.pool.PoolConnectionProxy, content: Rows | Crimes
    ) -> list[int]:
        """The numbers of a page's places; those that the database does not have are added."""
        if isinstance(content, Rows):
            known = content.places
            return await self.places.resolve(connection, known, lambda keys: map(known.__getitem__, keys))
        await self.lsoas.put(connection, content)
        return await self.places.resolve(connection, content.where.keys, content.where.places)

    async def stage_problem(self, page: PageFetched, problem: str) -> None:
        """Keep that a page came which cannot be read."""
        async with translate_errors():
            await self.pool.execute(
                sql("insert_page"), page.run_id, page.slice_id, page.sha256, page.records, 0, problem
            )
        pages_staged.labels(page.dataset, "unreadable").inc()

    @staticmethod
    async def open_staging(connection: asyncpg.pool.PoolConnectionProxy, page: PageFetched) -> bool:
        """Make the run's staging table; False if the run was decided meanwhile."""
        # Shared with other pages of the run, against the decision that drops the table.
        await connection.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", str(page.run_id)
        )
        if await connection.fetchval("SELECT EXISTS (SELECT FROM verdict WHERE run_id = $1)", page.run_id):
            return False
        table = staged_table(page.dataset, page.run_id)
        if await connection.fetchval("SELECT to_regclass($1)", table) is None:
            # Two pages at once must not both create it.
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", str(page.run_id)
            )
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (LIKE staging.{page.dataset} INCLUDING ALL)"
            )
        return True

    @staticmethod
    async def insert_page(
        connection: asyncpg.pool.PoolConnectionProxy, page: PageFetched, content: Rows | Crimes
    ) -> int | None:
        """Record the page and what was set aside; None if another loader has just done so."""
        set_aside = content.set_aside
        received = len(content) + len(set_aside)
        page_id: int | None = await connection.fetchval(
            sql("insert_page"), page.run_id, page.slice_id, page.sha256, received, len(set_aside), ""
        )
        if page_id is not None and set_aside:
            await connection.execute(
                sql("insert_set_aside"),
                page.run_id,
                page.slice_id,
                [bad.position for bad in set_aside],
                [bad.reason for bad in set_aside],
                [bad.raw for bad in set_aside],
            )
        return page_id

    async def load(self, event: MonthFetched, *, patient: bool) -> MonthLoaded | MonthRejected:
        """Decide a complete run and say what became of it; a decided one is only told again.

        Raises:
            NotYetError: pages are still on their way.
        """
        started = perf_counter()
        async with translate_errors():
            decided = await self.swap.decided(event)
            if decided is not None:
                return decided
            missing, problems, page_ids = await self.staged_pages(event.run_id, event.pages)
            if missing and patient and not problems:
                raise NotYetError(f"{len(missing)} pages of the run are still on their way")
            problems += [f"page {slice_id} never came" for slice_id in missing]
            if problems:
                result: MonthLoaded | MonthRejected = await self.swap.reject(event, problems, started)
            else:
                result = await self.swap.load(event, page_ids, started)
        swap_seconds.labels(event.dataset).observe(perf_counter() - started)
        return result

    async def roll_back(self, event: RollbackRequested) -> MonthLoaded:
        """Let readers see an earlier version; one that they see already is only told again.

        Raises:
            PermanentError: there is no such version, or its records are gone.
        """
        async with translate_errors():
            return await self.rollback.roll_back(event)

    async def staged_pages(
        self, run_id: object, pages: tuple[Page, ...]
    ) -> tuple[list[str], list[str], list[int]]:
        """Of a manifest: the slices whose page is not here, what is wrong with pages, the ids of pages."""
        rows = await self.pool.fetch(sql("select_staged_pages"), run_id)
        staged = {(row["slice_id"], row["sha256"]): row for row in rows}
        missing, problems, ids = [], [], []
        for page in pages:
            row = staged.get((page.slice_id, page.sha256))
            if row is None:
                missing.append(page.slice_id)
            elif row["problem"]:
                problems.append(f"page {page.slice_id}: {row['problem']}")
            elif row["received"] != page.records:
                problems.append(
                    f"page {page.slice_id} has {row['received']} records, its manifest says {page.records}"
                )
            else:
                ids.append(row["id"])
        return missing, problems, ids


def forces_of(page: PageFetched, content: Rows | Crimes) -> set[str]:
    """The forces that a page names: whose it is, and who recorded an archive's crimes."""
    recorders = {one.force for one in content.where.recorders} if isinstance(content, Crimes) else set()
    return recorders | ({page.force} if page.force else set())


async def copy_rows(
    connection: asyncpg.pool.PoolConnectionProxy,
    page: PageFetched,
    content: Rows | Crimes,
    numbers: Numbers,
) -> None:
    """Write a page's rows into its run's staging table."""
    schema, table = staged_table(page.dataset, page.run_id).split(".")
    if isinstance(content, Crimes):
        # Not as a file: asyncpg makes a class for each, which keeps it until cyclic garbage is looked for.
        rows = in_one_piece(packed_crimes(content, numbers))
        await connection.copy_to_table(
            table, schema_name=schema, columns=CRIMES.names, source=rows, format="binary"
        )
    else:
        records = numbered_rows(page.dataset, content, numbers)
        await connection.copy_records_to_table(
            table, schema_name=schema, columns=COLUMNS[page.dataset], records=records
        )


async def in_one_piece(body: bytes) -> AsyncIterator[bytes]:
    """What COPY is fed with."""
    yield body
