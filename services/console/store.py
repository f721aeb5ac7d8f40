"""The console's door to the database: it only reads."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from shared.db import read_sql, translate_errors
from shared.errors import RequestError
from shared.model import Dataset

RECORDS = {Dataset.STREET: "street_crime", Dataset.OUTCOMES: "crime_outcome", Dataset.STOPS: "stop"}
CELLS = {Dataset.STREET: "street_cell", Dataset.STOPS: "stop_cell"}
"""The datasets that have maps."""


class Stage(StrEnum):
    """How far a run has come."""

    ORDERED = "ordered"
    """The fetcher has not taken the order yet."""
    QUEUED = "queued"
    FETCHING = "fetching"
    LOADING = "loading"
    GRIDDING = "gridding"
    LOADED = "loaded"
    UNCHANGED = "unchanged"
    RECONCILED = "reconciled"
    """Compared with the version that readers see, which stays."""
    REJECTED = "rejected"
    FAILED = "failed"


ENDED = frozenset({Stage.LOADED, Stage.UNCHANGED, Stage.RECONCILED, Stage.REJECTED, Stage.FAILED})
IN_VAIN = frozenset({Stage.REJECTED, Stage.FAILED})


@dataclass(frozen=True)
class RunState:
    """A run of one month of one dataset."""

    id: UUID
    dataset: Dataset
    month: date
    stage: Stage = Stage.ORDERED
    slices: int = 0
    slices_fetched: int = 0
    records_fetched: int = 0
    version: int | None = None
    stored: int = 0
    reasons: tuple[str, ...] = ()
    """Why it was rejected, failed, or does not get on; or what is seen instead of it by now."""


@dataclass(frozen=True)
class LoadedMonth:
    """A month of a dataset that readers see."""

    dataset: Dataset
    month: date
    version: int
    records: int
    duplicates: int
    set_aside: int
    out_of_scope: int
    checksum: bytes
    loaded_at: datetime
    grid_version: int | None
    """The version that cells and cubes hold."""
    load_seconds: float | None
    grid_seconds: float | None


@dataclass(frozen=True)
class Proof:
    """Where every record of a month went."""

    dataset: Dataset
    month: date
    version: int
    received: int
    kept_from_previous: int
    duplicates: int
    out_of_scope: int
    set_aside: int
    stored: int
    counted: int
    """Records of the version, counted now."""
    set_aside_kept: int
    """Records set aside, counted now."""

    @property
    def holds(self) -> bool:
        """Whether every record is stored or explained."""
        explained = self.duplicates + self.out_of_scope + self.set_aside_kept
        return self.received + self.kept_from_previous == self.counted + explained


def sql(name: str, **words: str) -> str:
    """The statement in `sql/name.sql`; placeholders in braces are filled."""
    text = read_sql(Path(__file__).parent, name)
    return text.format(**words) if words else text


@asynccontextmanager
async def readable() -> AsyncIterator[None]:
    """Tell an empty database from one that cannot be reached."""
    try:
        async with translate_errors():
            yield
    except asyncpg.UndefinedTableError as error:
        raise RequestError(f"the database is not ready ({error}): run `python -m shared.migrate`") from error


class Store:
    """Runs, months and their proofs."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def runs(self, ids: Iterable[UUID]) -> list[RunState]:
        """The runs that exist of these."""
        return [as_run_state(row) for row in await self.fetch(sql("select_runs"), list(ids))]

    async def active_runs(self) -> list[RunState]:
        """Runs that are waiting, being fetched or being loaded."""
        return await self.runs([row["id"] for row in await self.fetch(sql("select_active_runs"))])

    async def refused_runs(self) -> list[RunState]:
        """Months whose newest run was rejected or failed."""
        return await self.runs([row["id"] for row in await self.fetch(sql("select_refused_runs"))])

    async def loaded(self) -> list[LoadedMonth]:
        """What readers see."""
        return [LoadedMonth(**with_dataset(row)) for row in await self.fetch(sql("select_loaded"))]

    async def set_aside_reasons(self) -> dict[Dataset, dict[str, int]]:
        """Why records of loaded months were set aside, and how many."""
        reasons: dict[Dataset, dict[str, int]] = {}
        for row in await self.fetch(sql("select_set_aside_reasons")):
            reasons.setdefault(Dataset(row["dataset"]), {})[row["reason"]] = row["n"]
        return reasons

    async def cells(self) -> dict[Dataset, dict[int, int]]:
        """Cells with records per level, by edge length in metres."""
        return {
            dataset: {row["level"]: row["cells"] for row in await self.fetch(sql("count_cells", table=table))}
            for dataset, table in CELLS.items()
        }

    async def fetch_seconds(self, ids: Iterable[UUID]) -> float:
        """From the first request to the last page of these runs."""
        rows = await self.fetch(sql("select_fetch_seconds"), list(ids))
        return float(rows[0]["seconds"])

    async def proofs(self, datasets: Sequence[Dataset], month: date | None) -> list[Proof]:
        """The proof of every loaded month, or of one."""
        return [
            Proof(**with_dataset(row))
            for dataset in datasets
            for row in await self.fetch(sql("select_proof", parent=RECORDS[dataset]), dataset, month)
        ]

    async def forces(self) -> list[str]:
        """All forces that can be asked for."""
        return [row["slug"] for row in await self.fetch(sql("select_forces"))]

    async def postcode_edition(self) -> str | None:
        """Where the loaded postcodes are from; None before the first are."""
        rows = await self.fetch(sql("select_postcode_edition"))
        return rows[0]["source"] if rows else None

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a statement."""
        async with readable():
            return list(await self.pool.fetch(statement, *arguments))


def with_dataset(row: asyncpg.Record) -> dict[str, Any]:
    """A row's fields, its dataset as such."""
    return {**dict(row), "dataset": Dataset(row["dataset"])}


def as_run_state(row: asyncpg.Record) -> RunState:
    """A row of select_runs."""
    problems = [row["error"], row["slice_error"], *row["reasons"]]
    if row["version_id"] not in (None, row["seen"]):
        problems.append(f"replaced since: readers see version {row['seen']}")
    return RunState(
        id=row["id"],
        dataset=Dataset(row["dataset"]),
        month=row["month"],
        stage=stage_of(row),
        slices=row["slices"],
        slices_fetched=row["slices_fetched"],
        records_fetched=row["records_fetched"],
        version=row["version_id"],
        stored=row["stored"],
        reasons=tuple(problem for problem in problems if problem),
    )


def stage_of(row: asyncpg.Record) -> Stage:
    """How far a row of select_runs has come."""
    if row["verdict"] is None:
        return Stage.LOADING if row["state"] == "fetched" else Stage(row["state"])
    if row["verdict"] == Stage.REJECTED or row["gridded"]:
        return Stage(row["verdict"])
    return Stage.GRIDDING
