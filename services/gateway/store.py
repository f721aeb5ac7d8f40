"""The gateway's door to the database: it only ever reads, each request one consistent state."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg
import numpy as np
from numpy.typing import NDArray

from services.gateway.coverage import Count, Facts, KnownForce, LoadedMonth, Month
from services.gateway.schemas import GridState, Proof, Reason, Rejection
from services.gateway.vocabulary import Vocabulary, Word
from shared import known_issues, ons
from shared.db import fetch_one, read_sql, translate_errors
from shared.errors import TransientError
from shared.hexgrid import CellRange
from shared.map_points import MapPoints
from shared.model import Dataset, format_month

CELLS = {Dataset.STREET: "street_cell", Dataset.STOPS: "stop_cell"}
CATEGORY_KIND = {Dataset.STREET: "category", Dataset.STOPS: "object_of_search"}
RECORDS = {Dataset.STREET: "street_crime", Dataset.OUTCOMES: "crime_outcome", Dataset.STOPS: "stop"}


@dataclass(frozen=True)
class Group:
    """A public group of outcomes."""

    id: int
    slug: str
    label: str


@dataclass(frozen=True)
class CellQuery:
    """Which cells are counted; None as a filter lets everything through."""

    dataset: Dataset
    level: int
    months: list[date]
    category_ids: list[int] | None
    group_ids: list[int] | None


def sql(name: str, **words: object) -> str:
    """The statement in `sql/name.sql`; placeholders in braces are filled."""
    text = read_sql(Path(__file__).parent, name)
    return text.format(**words) if words else text


class Store:
    """Opens snapshots, and remembers the facts of the newest one."""

    def __init__(self, pool: asyncpg.Pool, *, query_timeout: float) -> None:
        self.pool = pool
        self.query_timeout = query_timeout
        self.turns = asyncio.Semaphore(max(1, pool.get_max_size() // 2))
        self.map_points = MapPoints()
        self.asked: asyncio.Task[str] | None = None
        self.asked_next: asyncio.Task[str] | None = None
        self.known: Facts | None = None
        self.spoken: tuple[str, Vocabulary] | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """A read-only transaction: everything read in it belongs together, whatever is swapped meanwhile.

        Raises:
            TransientError: the database cannot be reached, or a query took too long.
        """
        async with (
            translate_errors(),
            self.pool.acquire(timeout=self.query_timeout) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(f"SET LOCAL statement_timeout = {int(self.query_timeout * 1000)}")
            yield connection

    async def revision(self) -> str:
        """The name of the state that the data are in now.

        All who ask while one question is under way share the next one: it begins after they asked.
        """
        if self.asked_next is None:
            self.asked_next = asyncio.create_task(self.read_revision(self.asked))
            self.asked_next.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(self.asked_next)

    async def read_revision(self, before: asyncio.Task[str] | None) -> str:
        """The same, once the question before has its answer."""
        if before is not None:
            await asyncio.wait([before])
        self.asked, self.asked_next = self.asked_next, None
        async with self.snapshot() as snapshot:
            return snapshot.revision

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Snapshot"]:
        """The same, with the name of the state that is read."""
        async with self.reading() as connection:
            try:
                revision = await connection.fetchval(
                    sql("select_revision"), f"{known_issues.edition()} {ons.current().name}"
                )
            except asyncpg.UndefinedTableError as error:
                raise TransientError("the database has no tables: run python -m shared.migrate") from error
            yield Snapshot(self, connection, revision)

    @asynccontextmanager
    async def long_snapshot(self) -> AsyncIterator["Snapshot"]:
        """A snapshot for what may take long: at most half the connections, so that others find one at once.

        Raises:
            TransientError: with the wait for its turn, it takes too long.
        """
        try:
            async with asyncio.timeout(self.query_timeout), self.turns, self.snapshot() as snapshot:
                yield snapshot
        except TimeoutError as error:
            raise TransientError(
                f"not done within {self.query_timeout:g} seconds: ask for less, or again later"
            ) from error


class Snapshot:
    """One state of the database; `revision` names it."""

    def __init__(self, store: Store, connection: asyncpg.pool.PoolConnectionProxy, revision: str) -> None:
        self.store = store
        self.connection = connection
        self.revision = revision

    async def facts(self) -> Facts:
        """What is loaded and what is missing. Read once per revision: summing the manifests takes a while."""
        if self.store.known is None or self.store.known.revision != self.revision:
            self.store.known = await self.read_facts()
        return self.store.known

    async def read_facts(self) -> Facts:
        """All of coverage from the database."""
        fetch = self.connection.fetch
        counts: dict[Month, dict[str | None, Count]] = {}
        for row in await fetch(sql("select_counts")):
            counts.setdefault(month_of(row), {})[row["force"]] = Count(row["located"], row["unlocated"])
        listed_empty = await fetch(sql("select_listed_empty"))
        return Facts(
            revision=self.revision,
            forces=tuple(KnownForce(**dict(row)) for row in await fetch(sql("select_forces"))),
            loaded={month_of(row): loaded_month(row) for row in await fetch(sql("select_loaded"))},
            counts=counts,
            scopes={month_of(row): frozenset(row["forces"]) for row in await fetch(sql("select_scopes"))},
            listed_empty=frozenset((row["month"], row["force"]) for row in listed_empty),
            rejected=tuple(
                Rejection(**{**dict(row), "month": format_month(row["month"])})
                for row in await fetch(sql("select_rejected"))
            ),
        )

    async def proof(self, dataset: Dataset, month: date) -> Proof:
        """The account of a loaded month, with its records counted anew."""
        row = await fetch_one(self.connection, sql("select_proof", records=RECORDS[dataset]), dataset, month)
        reasons = await self.connection.fetch(sql("select_set_aside_reasons"), row["run_id"])
        fates = {name: row[name] for name in ("stored", "duplicates", "out_of_scope", "set_aside")}
        came_in = row["received"] + row["kept_from_previous"]
        accounted = sum(fates.values())
        return Proof(
            dataset=dataset,
            month=format_month(month),
            version=row["version"],
            received=row["received"],
            kept_from_previous=row["kept_from_previous"],
            counted=row["counted"],
            set_aside_reasons=[Reason(**dict(reason)) for reason in reasons],
            equation=(
                f"{row['received']} received + {row['kept_from_previous']} kept from previous = "
                + " + ".join(f"{n} {name.replace('_', ' ')}" for name, n in fates.items())
            ),
            holds=came_in == accounted and row["counted"] == row["stored"],
            **fates,
        )

    async def vocabulary(self) -> Vocabulary:
        """All published words. Read once per revision."""
        if self.store.spoken is None or self.store.spoken[0] != self.revision:
            rows = await self.connection.fetch(sql("select_vocabulary"))
            self.store.spoken = self.revision, Vocabulary.of(Word(*row) for row in rows)
        return self.store.spoken[1]

    async def words(self, dataset: Dataset) -> dict[int, str]:
        """The slugs of the categories of a dataset's cells by number."""
        return (await self.vocabulary()).slugs.get(CATEGORY_KIND[dataset], {})

    async def categories(self) -> dict[str, str]:
        """Slug and name of all categories of street crime, whether a record has them or not."""
        rows = await self.connection.fetch(sql("select_categories"))
        return {row["slug"]: row["name"] for row in rows}

    async def outcome_groups(self, dataset: Dataset) -> list[Group]:
        """The public groups of outcomes of a dataset."""
        return [
            Group(**dict(row)) for row in await self.connection.fetch(sql("select_outcome_groups"), dataset)
        ]

    async def cells(self, query: CellQuery, area: CellRange, most: int) -> NDArray[np.int32]:
        """Cells of an area that have records, at most so many: (i, j), shape (n, 2)."""
        rows = await self.connection.fetch(
            sql("select_cells", table=CELLS[query.dataset]),
            query.months, query.level, area.i_min, area.i_max, area.j_min, area.j_max,
            query.category_ids, query.group_ids, most,
        )  # fmt: skip
        return np.array([(row["i"], row["j"]) for row in rows], np.int32).reshape(-1, 2)

    async def cell_counts(
        self, query: CellQuery, columns: Sequence[tuple[int, int, int]]
    ) -> list[tuple[int, int, int, int, int]]:
        """Counts in columns, given as (i, first j, last j): (i, j, category, group, n), in no order."""
        i, j_min, j_max = (list(part) for part in zip(*columns, strict=True))
        rows = await self.connection.fetch(
            sql("select_cell_counts", table=CELLS[query.dataset]),
            query.months, query.level, i, j_min, j_max, query.category_ids, query.group_ids,
        )  # fmt: skip
        return [tuple(row) for row in rows]

    async def cell_months(self, query: CellQuery, i: int, j: int) -> list[tuple[date, int, int, int]]:
        """Counts of one cell: (month, category, group, n), in no order."""
        rows = await self.connection.fetch(
            sql("select_cell_months", table=CELLS[query.dataset]),
            query.months, query.level, i, j, query.category_ids, query.group_ids,
        )  # fmt: skip
        return [tuple(row) for row in rows]


def month_of(row: asyncpg.Record) -> Month:
    """The dataset and month that a row is about."""
    return Dataset(row["dataset"]), row["month"]


def loaded_month(row: asyncpg.Record) -> LoadedMonth:
    """A row of select_loaded."""
    grid = None
    if row["grid_version"] is not None:
        grid = GridState(
            version=row["grid_version"],
            mapping_version=row["mapping_version"],
            rebuilt_at=row["rebuilt_at"],
            without_cell=row["off_grid"],
            is_current=row["grid_version"] == row["version"],
        )
    return LoadedMonth(row["version"], row["source"], row["release"], row["loaded_at"], row["stored"], grid)
