"""Published words and forces as numbers."""

from collections.abc import Iterable

import asyncpg

from services.loader.row_shapes import Label
from services.loader.sql_files import sql
from shared.errors import PermanentError
from shared.logs import get_logger
from shared.metrics import unknown_labels

log = get_logger()


class Labels:
    """Numbers of words and forces; a word never seen is added and, if no reference knows it, reported."""

    def __init__(self) -> None:
        self.ids: dict[Label, int] = {}
        self.forces: dict[str, int] = {}

    async def resolve(self, pool: asyncpg.Pool, labels: Iterable[Label]) -> dict[Label, int]:
        """The number of every label."""
        missing = sorted(set(labels) - self.ids.keys(), key=repr)
        if missing:
            kinds, values, codes = map(list, zip(*missing, strict=True))
            async with pool.acquire() as connection:
                before = await self.read(connection, kinds, values, codes)
                await connection.execute(sql("insert_labels"), kinds, values, codes)
                after = await self.read(connection, kinds, values, codes)
                await self.report_unknown(
                    connection, [after[label] for label in after.keys() - before.keys()]
                )
            self.ids |= after
        return self.ids

    @staticmethod
    async def read(
        connection: asyncpg.pool.PoolConnectionProxy,
        kinds: list[object],
        values: list[object],
        codes: list[object],
    ) -> dict[Label, int]:
        """Those of the labels that the database has."""
        rows = await connection.fetch(sql("select_labels"), kinds, values, codes)
        return {Label(row["kind"], row["value"], row["code"]): row["id"] for row in rows}

    @staticmethod
    async def report_unknown(connection: asyncpg.pool.PoolConnectionProxy, new: list[int]) -> None:
        """Count and log words that have no meaning in any reference table."""
        for row in await connection.fetch(sql("select_unknown_labels"), new):
            unknown_labels.labels(row["kind"]).inc()
            log.warning("label.unknown", kind=row["kind"], value=row["value"])

    async def force(self, pool: asyncpg.Pool, slug: str) -> int:
        """The number of a force.

        Raises:
            PermanentError: there is no such force.
        """
        if slug not in self.forces:
            rows = await pool.fetch("SELECT slug, id FROM force")
            self.forces = {row["slug"]: row["id"] for row in rows}
        if slug not in self.forces:
            raise PermanentError(f"unknown force '{slug}'; known are {', '.join(sorted(self.forces))}")
        return self.forces[slug]
