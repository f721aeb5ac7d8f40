"""Reads cubes from the database and keeps them: a month is read again only when it was rebuilt."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from io import BytesIO
from typing import TypeVar

from services.gateway.coverage import Facts
from services.gateway.cubes import STOP_COLUMNS, STREET_COLUMNS, Block, Cube, read_block
from services.gateway.store import Snapshot, sql
from shared.model import Dataset

COLUMNS = {Dataset.STREET: STREET_COLUMNS, Dataset.STOPS: STOP_COLUMNS}
COPY = {Dataset.STREET: "copy_street_cube", Dataset.STOPS: "copy_stop_cube"}
COUNTED = tuple(COLUMNS)
"""The datasets that have cubes."""
Result = TypeVar("Result")

Built = tuple[int, int, datetime]
"""What a month's cube was made of: version, mapping version, and when."""


class BeingReadError(Exception):
    """Another request reads the cube: wait for `end` without a connection, then begin anew."""

    def __init__(self, end: asyncio.Event) -> None:
        self.end = end


class Cubes:
    """The cubes of the newest state that anybody asked for."""

    def __init__(self) -> None:
        self.blocks: dict[Dataset, dict[date, tuple[Built, Block]]] = {dataset: {} for dataset in COUNTED}
        self.whole: dict[Dataset, tuple[dict[date, Built], Cube]] = {}
        self.reading: dict[Dataset, asyncio.Event] = {}

    async def cube(self, snapshot: Snapshot, facts: Facts, dataset: Dataset) -> Cube:
        """All counted months of a dataset, exactly as the snapshot has them.

        Raises:
            BeingReadError: another request reads them, see `compute_when_read`.
        """
        wanted = built_months(facts, dataset)
        known = self.whole.get(dataset)
        if known is None or known[0] != wanted:
            if dataset in self.reading:
                raise BeingReadError(self.reading[dataset])
            end = self.reading[dataset] = asyncio.Event()
            try:
                known = self.whole[dataset] = wanted, await self.put_together(snapshot, dataset, wanted)
            finally:
                del self.reading[dataset]
                end.set()
        return known[1]

    async def put_together(self, snapshot: Snapshot, dataset: Dataset, wanted: dict[date, Built]) -> Cube:
        """Read the months that are new or rebuilt, and forget what is held no more."""
        kept = self.blocks[dataset]
        fresh: dict[date, tuple[Built, Block]] = {}
        for month, built in wanted.items():
            held = kept.get(month)
            if held is None or held[0] != built:
                held = built, await read(snapshot, dataset, month)
            fresh[month] = held
        self.blocks[dataset] = fresh
        blocks = {month: block for month, (_, block) in fresh.items()}
        return await asyncio.to_thread(Cube.of, COLUMNS[dataset], blocks)


async def compute_when_read(
    opened: Callable[[], AbstractAsyncContextManager[Snapshot]],
    compute: Callable[[Snapshot], Awaitable[Result]],
) -> Result:
    """What is computed from a snapshot and cubes; no connection is kept while another request reads these."""
    while True:
        try:
            async with opened() as snapshot:
                return await compute(snapshot)
        except BeingReadError as other:
            await other.end.wait()


def built_months(facts: Facts, dataset: Dataset) -> dict[date, Built]:
    """The months that have a cube, with what tells one cube of a month from the next."""
    return {
        month: (loaded.grid.version, loaded.grid.mapping_version, loaded.grid.rebuilt_at)
        for (held, month), loaded in facts.loaded.items()
        if held is dataset and loaded.grid
    }


async def read(snapshot: Snapshot, dataset: Dataset, month: date) -> Block:
    """One month."""
    target = BytesIO()
    await snapshot.connection.copy_from_query(sql(COPY[dataset]), month, output=target, format="binary")
    return await asyncio.to_thread(read_block, COLUMNS[dataset], target.getvalue())
