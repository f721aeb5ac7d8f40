"""What tiles are made of: the state of a dataset's maps, and its cells, read from the database."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from io import BytesIO
from typing import NamedTuple

from services.gateway.cube_store import Built, built_months
from services.gateway.cubes import read_block
from services.gateway.errors import NotFoundError
from services.gateway.store import CELLS, Group, Snapshot, Store, sql
from services.gateway.tile_counts import Attributes, Grid
from shared.model import Dataset

FORMAT = 1
"""Raised when the same cells give other tiles: those that are kept anywhere are then not asked for again."""
COLUMNS = ("i", "j", "category", "group")


class View(NamedTuple):
    """What a tile is asked to show; None as a filter lets everything through."""

    months: tuple[date, ...]
    categories: tuple[str, ...] | None
    groups: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Edition:
    """What the maps of a dataset show at one moment."""

    dataset: Dataset
    version: str
    """Its name in addresses; another one as soon as any month is rebuilt."""
    revision: str
    """Of the state of the database in which it was last seen."""
    months: dict[date, Built]
    """The held months, and what their cells were made of."""
    categories: dict[int, str]
    """Slugs of the published categories by number."""
    known_categories: frozenset[str]
    """Those and the ones that exist without a record."""
    groups: tuple[Group, ...]

    @cached_property
    def newest(self) -> View:
        """What is shown where nothing else is asked for."""
        return View(tuple(sorted(self.months)[-1:]), None, None)


@lru_cache(100)
def attributes_of(edition: Edition, view: View) -> Attributes:
    """What is told of a cell."""
    slugs = {group.id: group.slug for group in edition.groups}
    return Attributes.of(slugs, edition.categories, view.groups, view.categories)


async def read_grid(store: Store, edition: Edition, month: date, level: int) -> Grid:
    """The cells of a month.

    Raises:
        NotFoundError: the edition is not the present one any more.
    """
    target = BytesIO()
    async with store.snapshot() as snapshot:
        held = built_months(await snapshot.facts(), edition.dataset).get(month)
        if held != edition.months[month]:
            raise outdated(edition.dataset, edition.version)
        statement = sql("copy_cells", table=CELLS[edition.dataset])
        await snapshot.connection.copy_from_query(statement, month, level, output=target, format="binary")
    return await asyncio.to_thread(lambda: Grid.of(read_block(COLUMNS, target.getvalue())))


async def read_edition(snapshot: Snapshot, dataset: Dataset) -> Edition:
    """The edition that a snapshot shows."""
    months = built_months(await snapshot.facts(), dataset)
    state = ";".join(
        f"{month},{version},{mapping},{built.timestamp()}"
        for month, (version, mapping, built) in sorted(months.items())
    )
    words = await snapshot.words(dataset)
    known = {*words.values(), *(await snapshot.categories() if dataset is Dataset.STREET else [])}
    return Edition(
        dataset=dataset,
        version=hashlib.sha256(f"{FORMAT};{state}".encode()).hexdigest()[:16],
        revision=snapshot.revision,
        months=months,
        categories=words,
        known_categories=frozenset(known),
        groups=tuple(await snapshot.outcome_groups(dataset)),
    )


def outdated(dataset: Dataset, version: str) -> NotFoundError:
    """What is answered to whoever asks for tiles that are not of the present edition."""
    return NotFoundError(
        "version", f"{version[:64]} is none, or not any more; GET /tiles/{dataset}.json names the present one"
    )
