"""Reads single records: those of an area, month after month, in the order of their ids."""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from services.gateway.area import Area, Circle, ForceArea, Shape
from services.gateway.record_shapes import columns, csv_columns, last_record
from services.gateway.search_parameters import KINDS, OUTCOME_KIND, START, Asked, Filters, Key
from services.gateway.store import Snapshot, Store, sql
from services.gateway.vocabulary import Vocabulary
from shared.archive import lsoa_vintage
from shared.coverage import BTP
from shared.model import Dataset, format_month


@dataclass(frozen=True)
class Search:
    """One page of a search; `versions` are those of the months that are held."""

    dataset: Dataset
    area: Area
    asked: Asked
    filters: Filters
    versions: dict[date, int]
    words: Vocabulary

    def months(self) -> Iterator[tuple[date, Key]]:
        """The held months in the order in which they are given out, each with where to begin."""
        after = self.asked.after
        for month in self.asked.months:
            if month in self.versions and (after is None or month <= after.month):
                yield month, after.key if after and month == after.month else START


@dataclass(frozen=True)
class Places:
    """What finds the points of an area: a statement and what it is given."""

    statement: str
    given: int | list[int]

    def since(self, point: int) -> int | list[int]:
        """What the statement is given for the points from this one on."""
        return self.given[bisect_left(self.given, point) :] if isinstance(self.given, list) else self.given


class SearchStore:
    """The records of a snapshot."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """A snapshot for one search, however many months it has to look through."""
        return self.store.long_snapshot()

    async def rows(self, snapshot: Snapshot, search: Search) -> tuple[list[asyncpg.Record], str | None]:
        """The records of a page, and the id to go on after; None at the end."""
        rows: list[asyncpg.Record] = []
        # Without coordinates there would be no GeoJSON.
        chosen = columns(dict.fromkeys([*search.asked.fields, "latitude", "longitude"]))
        places = await find_places(snapshot, search)
        for month, key in search.months():
            most = search.asked.limit + 1 - len(rows)
            values = values_of(search, places, month, key, most)
            rows += await snapshot.connection.fetch(statement(search, places, chosen), *values)
            if len(rows) > search.asked.limit:
                del rows[-1]
                return rows, rows[-1]["id"]
        return rows, None

    async def csv(self, snapshot: Snapshot, search: Search) -> tuple[bytes, str | None]:
        """The same as CSV with a header, written by the database itself."""
        fields = search.asked.fields
        csv = bytearray(f"{','.join(fields)}\n".encode())

        async def take(data: bytes) -> None:
            csv.extend(data)

        places, n = await find_places(snapshot, search), 0
        for month, key in search.months():
            values = values_of(search, places, month, key, search.asked.limit + 1 - n)
            status = await snapshot.connection.copy_from_query(
                statement(search, places, csv_columns(fields)), *values, output=take, format="csv"
            )
            n += int(status.rpartition(" ")[2])
            if n > search.asked.limit:
                del csv[last_record(csv) :]
                return bytes(csv), csv[last_record(csv) :].partition(b",")[0].decode().strip()
        return bytes(csv), None


async def find_places(snapshot: Snapshot, search: Search) -> Places:
    """Where to look. Points of a circle or shape are found once for all months."""
    area = search.area
    if isinstance(area, ForceArea):
        name = "force"
        if search.dataset is Dataset.STOPS:
            name = "stops"
        elif area.force == BTP:
            name = "transport_police"
        return Places(sql(f"select_points_of_{name}"), force_id(search))
    return Places(sql("select_points_given"), await points_in(snapshot, area))


async def points_in(snapshot: Snapshot, area: Circle | Shape) -> list[int]:
    """The numbers of the map points of an area, in ascending order."""
    points = snapshot.store.map_points
    if isinstance(area, Circle):
        return await points.in_circle(snapshot.connection, area.latitude, area.longitude, area.radius_m)
    return await points.in_shape(snapshot.connection, area.outline)


def force_id(search: Search) -> int:
    """The number of the force that was asked for."""
    assert isinstance(search.area, ForceArea)
    [number] = search.words.ids("force", [search.area.force])
    return number


def statement(search: Search, places: Places, chosen: str) -> str:
    """What reads one month."""
    return sql(f"select_{search.dataset}_records", fields=chosen, points=places.statement)


def values_of(search: Search, places: Places, month: date, key: Key, most: int) -> list[Any]:
    """The parameters of the statement."""
    ids = search.filters.ids
    groups = search.words.groups.get(OUTCOME_KIND[search.dataset], {})
    values: list[Any] = [
        places.since(key.point), search.versions[month], key.point, key.content_hash, key.ordinal, most,
        format_month(month), list(groups), list(groups.values()),
    ]  # fmt: skip
    filters = [ids[name] for name in KINDS[search.dataset]]
    if search.dataset is Dataset.STOPS:
        of_force = force_id(search) if isinstance(search.area, ForceArea) else None
        return [*values, ids["outcome"], *filters, of_force]
    values += [*filters, ids["outcome"]]
    if search.dataset is Dataset.OUTCOMES:
        values.append(search.asked.crime_months)
    return [*values, lsoa_vintage(month)]
