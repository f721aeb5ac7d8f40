"""The fetcher's door to the database for archives: runs that continue where they stopped."""

from collections.abc import Sequence
from uuid import UUID, uuid5

import asyncpg

from services.fetcher.plan import Slice
from services.fetcher.store import Run, insert_slices, sql
from shared.db import translate_errors
from shared.events import Page
from shared.model import SliceKind


class ArchiveStore:
    """Every method may be repeated without harm."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def forces(self) -> list[str]:
        """The forces that we know."""
        async with translate_errors():
            return [row["slug"] for row in await self.pool.fetch(sql("select_force_slugs"))]

    async def attempt(self, first: UUID) -> tuple[UUID, str | None]:
        """The run that an order of an archive's month is now, and its state, None before it begins.

        One that ended in vain is tried again, as a run of its own.
        """
        run = first
        async with translate_errors():
            while row := await self.pool.fetchrow(sql("select_attempt"), run):
                if not row["in_vain"]:
                    return run, row["state"]
                run = uuid5(run, "again")
        return run, None

    async def begin(self, order_id: UUID, run: Run, forces: Sequence[str], plan: str) -> None:
        """Make a run with a waiting slice for the member of each force."""
        slices = [Slice(force, SliceKind.MEMBER, force=force) for force in forces]
        scope = None if run.forces is None else list(run.forces)
        async with translate_errors(), self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                sql("insert_archive_run"),
                run.id, order_id, run.dataset, run.month, scope, run.accept_loss, plan,
            )  # fmt: skip
            await insert_slices(connection, run.id, slices)

    async def pages(self, run: UUID) -> dict[str, str]:
        """The SHA-256 of the pages that are on the bus, by slice."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("select_pages"), run)
        return {row["slice_id"]: row["sha256"] for row in rows}

    async def add_page(self, run: UUID, force: str, page: Page) -> None:
        """Keep that a page is on the bus which is not the last of its member."""
        async with translate_errors():
            await self.pool.execute(
                sql("insert_fetched_slice"), run, page.slice_id, force, page.sha256, page.records
            )
