"""The fetcher's door to the database: runs, their slices, and what was learned."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import numpy as np

from services.fetcher.plan import Knowledge, Slice
from services.fetcher.tiles import Points, Tile, spread
from shared.db import read_sql, translate_errors
from shared.events import IngestRequested, Page, run_id
from shared.model import Dataset, SliceKind, format_month


@dataclass(frozen=True)
class Run:
    """One fetch of one month of one dataset."""

    id: UUID
    dataset: Dataset
    month: date
    forces: tuple[str, ...] | None
    accept_loss: bool
    source: str = "api"
    release: date | None = None


@dataclass(frozen=True)
class Work:
    """A slice with what is needed to fetch it."""

    dataset: Dataset
    month: date
    source: str
    piece: Slice
    waiting: bool
    """Whether it still has to be fetched: not done, not split, and its run not ended."""


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


class Store:
    """Runs and slices. Every method may be repeated without harm."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def queue_runs(self, order: IngestRequested, month: date) -> None:
        """Make the runs that an order asks for, once."""
        rows = [
            (
                run_id(order.order_id, dataset, month),
                order.order_id,
                dataset,
                month,
                list(order.forces) if order.forces is not None else None,
                order.accept_loss,
            )
            for dataset in order.datasets
        ]
        async with translate_errors():
            await self.pool.executemany(sql("insert_run"), rows)

    async def next_run(self, dataset: Dataset) -> Run | None:
        """The run of a dataset that is to be fetched now; None while another one is."""
        async with translate_errors():
            row = await self.pool.fetchrow(sql("select_next_run"), dataset)
        return as_run(row) if row else None

    async def start_run(self, run: Run, slices: Sequence[Slice], plan: str, release: date) -> None:
        """Keep a run's plan: from now on it is being fetched."""
        async with translate_errors(), self.pool.acquire() as connection, connection.transaction():
            await insert_slices(connection, run.id, slices)
            await connection.execute(sql("start_run"), run.id, plan, release)

    async def work(self, run: UUID, slice_id: str) -> Work | None:
        """A slice of a run; None if there is none."""
        async with translate_errors():
            row = await self.pool.fetchrow(sql("select_slice"), run, slice_id)
        if row is None:
            return None
        piece = Slice(
            row["id"],
            SliceKind(row["kind"]),
            row["force"],
            Tile(*row["tile"]) if row["tile"] else None,
            row["expected"],
        )
        waiting = row["state"] == "waiting" and row["run_state"] == "fetching"
        return Work(Dataset(row["dataset"]), row["month"], row["source"], piece, waiting)

    async def finish_slice(self, run: UUID, slice_id: str, sha256: str, records: int) -> None:
        """Keep that a slice's page is on the bus."""
        async with translate_errors():
            await self.pool.execute(sql("finish_slice"), run, slice_id, sha256, records)

    async def split_slice(self, run: UUID, slice_id: str, halves: Sequence[Slice]) -> None:
        """Put the halves in the place of a slice."""
        async with translate_errors(), self.pool.acquire() as connection, connection.transaction():
            await insert_slices(connection, run, halves)
            await connection.execute(sql("mark_split"), run, slice_id)

    async def note_slice(self, run: UUID, slice_id: str, error: str) -> None:
        """Keep why a slice still waits, for those who ask."""
        async with translate_errors():
            await self.pool.execute(sql("note_slice"), run, slice_id, error[:500])

    async def note_run(self, run: UUID, error: str) -> None:
        """Keep why a run still waits."""
        async with translate_errors():
            await self.pool.execute(sql("note_run"), run, error[:500])

    async def fail_run(self, run: UUID, error: str) -> None:
        """End a run without a month."""
        async with translate_errors():
            await self.pool.execute(sql("end_run"), run, "failed", error[:500])

    async def fail_stalled_runs(self, seconds: float) -> list[tuple[UUID, str]]:
        """End the runs of which nothing was done for so long; their ids, with the last reason."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("fail_stalled_runs"), seconds)
        return [(row["id"], row["error"]) for row in rows]

    async def fetch_again(self, run: UUID, reason: str) -> None:
        """End a run and queue the same once more."""
        async with translate_errors(), self.pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("queue_again"), run, uuid5(run, "again"))
            await connection.execute(sql("end_run"), run, "failed", reason)

    @asynccontextmanager
    async def complete_run(self, run: UUID) -> AsyncIterator[tuple[Run, tuple[Page, ...]] | None]:
        """A run whose slices all have their page, with its pages; ended when the block ends well."""
        async with translate_errors(), self.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(sql("lock_complete_run"), run)
            if row is None:
                yield None
                return
            pages = [Page(**dict(page)) for page in await connection.fetch(sql("select_pages"), run)]
            yield as_run(row), tuple(pages)
            await connection.execute(sql("put_tiling"), run)
            await connection.execute(sql("end_run"), run, "fetched", "")

    async def fetching_runs(self) -> list[UUID]:
        """Runs that are under way."""
        async with translate_errors():
            return [row["id"] for row in await self.pool.fetch(sql("select_fetching_runs"))]

    async def waiting_slices(self) -> list[tuple[UUID, str]]:
        """Slices of runs under way that have no page yet."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("select_waiting_slices"))
        return [(row["run_id"], row["id"]) for row in rows]

    async def knowledge(self, dataset: Dataset, month: date, prior: Points) -> Knowledge:
        """Where a dataset's records are expected, from the best source there is.

        The points of the nearest loaded month; else what an earlier run learned of its tiles; else
        the points of the other dataset by area; else the bundled prior.
        """
        other = Dataset.OUTCOMES if dataset is Dataset.STREET else Dataset.STREET
        return (
            await self.loaded_points(dataset, month)
            or await self.learned_tiles(dataset)
            or await self.loaded_points(other, month)
            or await self.learned_tiles(other)
            or Knowledge("prior", prior)
        )

    async def known_points(self, dataset: Dataset, month: date, prior: Points) -> Points:
        """Where a tile that is too full is best cut: at points of records, or of the prior."""
        other = Dataset.OUTCOMES if dataset is Dataset.STREET else Dataset.STREET
        known = await self.loaded_points(dataset, month) or await self.loaded_points(other, month)
        return known.points if known else prior

    async def loaded_points(self, dataset: Dataset, month: date) -> Knowledge | None:
        """Records per point of the loaded month nearest to the one that is planned."""
        async with translate_errors():
            version = await self.pool.fetchrow(sql("select_nearest_version"), dataset, month)
            if version is None:
                return None
            rows = await self.pool.fetch(sql(f"select_{dataset}_points"), version["version_id"])
        if not rows:
            return None
        points = Points(
            np.array([row["lat_e6"] for row in rows]) / 1e6,
            np.array([row["lon_e6"] for row in rows]) / 1e6,
            np.array([row["n"] for row in rows], dtype=np.float64),
        )
        return Knowledge(f"points of {dataset} {format_month(version['month'])}", points)

    async def learned_tiles(self, dataset: Dataset) -> Knowledge | None:
        """Records per tile of the newest complete run."""
        async with translate_errors():
            text = await self.pool.fetchval(sql("select_tiling"), dataset)
        if text is None:
            return None
        return Knowledge(f"tiles learned from {dataset}", spread(np.array(json.loads(text), np.float64)))

    async def loaded_forces(self, dataset: Dataset, month: date) -> list[str]:
        """Forces that have records in the month's current version."""
        async with translate_errors():
            return [row["slug"] for row in await self.pool.fetch(sql("select_loaded_forces"), dataset, month)]

    async def add_forces(self, forces: Iterable[tuple[str, str]]) -> None:
        """Learn forces, as (id, name), that are new."""
        slugs, names = zip(*forces, strict=True)
        async with translate_errors():
            await self.pool.execute(sql("insert_forces"), list(slugs), list(names))

    async def loaded_months(self) -> dict[Dataset, list[date]]:
        """The months that readers see."""
        months: dict[Dataset, list[date]] = {dataset: [] for dataset in Dataset}
        async with translate_errors():
            for row in await self.pool.fetch(sql("select_loaded_months")):
                months[Dataset(row["dataset"])].append(row["month"])
        return months

    async def release_waiting(self) -> dict[Dataset, float]:
        """Seconds since the newest release was noticed, 0 where readers see it; nothing before one was."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("select_release_waiting"), list(Dataset))
        return {Dataset(row["dataset"]): row["seconds"] for row in rows}

    async def newest_release(self) -> date | None:
        """The newest release that the watcher has ordered."""
        async with translate_errors():
            newest: date | None = await self.pool.fetchval(sql("select_release"))
        return newest

    async def see_release(self, month: date) -> None:
        """Keep that a release was ordered."""
        async with translate_errors():
            await self.pool.execute(sql("insert_release"), month)


def as_run(row: Any) -> Run:
    """A row of `run`."""
    fields = dict(row)
    fields["dataset"] = Dataset(fields["dataset"])
    fields["forces"] = tuple(fields["forces"]) if fields["forces"] is not None else None
    return Run(**fields)


async def insert_slices(
    connection: asyncpg.pool.PoolConnectionProxy, run: UUID, slices: Sequence[Slice]
) -> None:
    """Add slices to a run; those that it has stay as they are."""
    tiles: list[Sequence[float | None]] = [piece.tile or (None,) * 4 for piece in slices]
    await connection.execute(
        sql("insert_slices"),
        run,
        [piece.id for piece in slices],
        [piece.kind for piece in slices],
        [piece.force for piece in slices],
        *([tile[side] for tile in tiles] for side in range(4)),
        [piece.expected for piece in slices],
    )
