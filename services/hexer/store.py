"""The hexer's door to the database: one month's read models, rebuilt in one transaction."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

import asyncpg

from shared.db import fetch_one, read_sql, translate_errors
from shared.hexgrid import EDGES_M
from shared.metrics import cells_written, rebuild_seconds, unmapped_outcomes
from shared.model import Dataset

CELL_TABLES = {Dataset.STREET: "street", Dataset.STOPS: "stop"}
"""The datasets that have maps; outcomes are counted by the street crimes they belong to."""


class GridError(AssertionError):
    """The read models do not add up to the records: a bug, never shown to readers."""


@dataclass(frozen=True)
class Rebuilt:
    """What the read models of a month hold now."""

    version: int
    mapping_version: int
    records: int
    cells: dict[int, int]
    """Cells per level, by edge length in metres."""


def sql(name: str, **words: object) -> str:
    """The statement in `sql/name.sql`; placeholders in braces are filled."""
    text = read_sql(Path(__file__).parent, name)
    return text.format(**words) if words else text


class Store:
    """Cells, point counts and cubes."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def rebuild(self, dataset: Dataset, month: date) -> Rebuilt | None:
        """Bring a month's read models to the version that readers of records see.

        None where the month is not loaded. If they hold that version already, nothing is written.
        """
        started = perf_counter()
        async with translate_errors(), self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", f"{dataset}/{month}"
            )
            await connection.execute("SET LOCAL work_mem = '128MB'")
            # Every join here meets whole months; of the few outcome labels the planner expects too little.
            await connection.execute("SET LOCAL enable_nestloop = off")
            state = await connection.fetchrow(sql("select_state"), dataset, month)
            if state is None:
                return None
            mapping = await connection.fetchval(sql("select_mapping_version"))
            if (state["built_version"], state["built_mapping"]) != (state["version_id"], mapping):
                replace = state["built_version"] is not None
                off_grid = await self.write(connection, dataset, month, state, replace=replace)
                await connection.execute(
                    sql("put_grid"), dataset, month, state["version_id"], mapping, state["stored"], off_grid,
                    perf_counter() - started,
                )  # fmt: skip
                rebuild_seconds.labels(dataset).observe(perf_counter() - started)
            cells = await self.count_cells(connection, dataset, month)
        return Rebuilt(state["version_id"], mapping, state["stored"], cells)

    async def write(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        dataset: Dataset,
        month: date,
        state: asyncpg.Record,
        *,
        replace: bool,
    ) -> int:
        """Replace all rows of the month; returns the records that no cell holds."""
        if dataset is Dataset.OUTCOMES:
            if replace:
                await connection.execute(sql("delete_outcome_cube"), month)
            await connection.execute(sql("insert_outcome_cube"), month, state["version_id"])
            await connection.execute(sql("insert_outcome_map_points"), state["version_id"])
            return 0
        name = CELL_TABLES[dataset]
        if replace:
            for model in ("cells", "point_counts", "cube", *(["mix"] if name == "street" else [])):
                await connection.execute(sql(f"delete_{name}_{model}"), month)
        await connection.execute(sql(f"create_fresh_{dataset}", version=state["version_id"]))
        for edge in EDGES_M:
            await connection.execute(sql(f"insert_{name}_cells", level=edge), month)
        await connection.execute(sql("insert_map_points"))
        await connection.execute(sql(f"insert_{name}_point_counts"), month)
        if dataset is Dataset.STREET:
            await connection.execute(sql("insert_street_cube"), month)
            await connection.execute(sql("insert_street_mix"), month)
        else:
            await connection.execute(sql("insert_stop_cube"), month, state["version_id"])
        return await self.check(connection, dataset, state["stored"])

    @staticmethod
    async def check(connection: asyncpg.pool.PoolConnectionProxy, dataset: Dataset, stored: int) -> int:
        """Every record must have been counted; returns those that are on no cell."""
        fresh = await fetch_one(connection, sql("count_fresh"))
        if fresh["records"] != stored:
            raise GridError(f"{fresh['records']} records were counted, the version has {stored}")
        unmapped_outcomes.labels(dataset).set(fresh["unmapped"])
        off_grid: int = fresh["off_grid"]
        return off_grid

    @staticmethod
    async def count_cells(
        connection: asyncpg.pool.PoolConnectionProxy, dataset: Dataset, month: date
    ) -> dict[int, int]:
        """Cells per level of a month."""
        if dataset not in CELL_TABLES:
            return {}
        rows = await connection.fetch(sql("count_cells", table=f"{CELL_TABLES[dataset]}_cell"), month)
        for row in rows:
            cells_written.labels(dataset, str(row["level"])).set(row["cells"])
        return {row["level"]: row["cells"] for row in rows}

    async def stale_months(self) -> list[asyncpg.Record]:
        """Months whose read models lag behind, with the version that they should hold."""
        async with translate_errors():
            return list(await self.pool.fetch(sql("select_stale_months")))
