"""Places in the database: which are known, and where a new one lies."""

from collections.abc import Callable, Iterable
from itertools import repeat

import asyncpg
import numpy as np
from numpy.typing import NDArray

from services.loader.row_shapes import Place
from services.loader.sql_files import sql
from shared.areas import ForceAreas
from shared.hexgrid import EDGES_M, cells, project

SMALLINT = 32_767
MOST_KNOWN = 400_000
"""Places that are remembered, some 190 bytes each. The source has 750,000, a month 172,000."""

UNKNOWN = 0
"""No place has this number."""


class Places:
    """Remembers the numbers of places, which stay: a month after another asks for few."""

    def __init__(self, areas: ForceAreas) -> None:
        self.areas = areas
        self.known: dict[bytes, int] = {}

    async def resolve(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        keys: Iterable[bytes],
        describe: Callable[[set[bytes]], Iterable[Place]],
    ) -> list[int]:
        """The `snap_point.id` of the place of each key; places never seen are added, and stay.

        Runs outside the page's transaction: two loaders that meet the same new place must not wait for
        each other's pages, and a place without records harms nobody.
        """
        keys = list(keys)
        ids = list(map(self.known.get, keys, repeat(UNKNOWN)))
        if unknown := {key for key, number in zip(keys, ids, strict=True) if number == UNKNOWN}:
            found = await known_places(connection, unknown)
            if missing := unknown - found.keys():
                new = {place.key: place for place in describe(missing)}
                found |= await add_places(connection, list(new.values()), self.areas)
                if lost := missing - found.keys():
                    # Another loader added them at the same moment.
                    found |= await known_places(connection, lost)
            self.remember(found)
            ids = [found[key] if number == UNKNOWN else number for key, number in zip(keys, ids, strict=True)]
        return ids

    def remember(self, found: dict[bytes, int]) -> None:
        """Keep the numbers of places for the next pages."""
        if len(self.known) + len(found) > MOST_KNOWN:
            self.known.clear()
        self.known |= found


async def known_places(
    connection: asyncpg.pool.PoolConnectionProxy, keys: Iterable[bytes]
) -> dict[bytes, int]:
    """Ids of the places that the database has."""
    rows = await connection.fetch(sql("select_places"), b"".join(keys))
    return {row[0]: row[1] for row in rows}


async def add_places(
    connection: asyncpg.pool.PoolConnectionProxy, places: list[Place], areas: ForceAreas
) -> dict[bytes, int]:
    """Add new places; ids of those that nobody else added meanwhile."""
    async with connection.transaction():
        await connection.execute(sql("create_new_place"))
        await connection.copy_records_to_table("new_place", records=zip(*columns(places, areas), strict=True))
        rows = await connection.fetch(sql("insert_places"))
    return {row[0]: row[1] for row in rows}


def columns(places: list[Place], areas: ForceAreas) -> list[list[object]]:
    """The columns of `new_place`. Area and cells are worked out here."""
    located = [n for n, place in enumerate(places) if place.lon_e6 or place.lat_e6]
    lon = np.array([places[n].lon_e6 for n in located], dtype=np.float64) / 1e6
    lat = np.array([places[n].lat_e6 for n in located], dtype=np.float64) / 1e6
    force: list[object] = [place.force for place in places]
    for n, area in zip(located, areas.assign(lon, lat), strict=True):
        force[n] = area
    return [
        [place.key for place in places],
        [place.lon_e6 for place in places],
        [place.lat_e6 for place in places],
        [place.street_id for place in places],
        [place.street_name for place in places],
        [place.location_type for place in places],
        [place.location_subtype for place in places],
        force,
        *cell_columns(len(places), located, lon, lat),
    ]


def cell_columns(
    size: int, located: list[int], lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> list[list[object]]:
    """i and j of each level in the order of `EDGES_M`; None where the grid does not reach."""
    easting, northing = project(lon, lat)
    reached = np.isfinite(easting) & np.isfinite(northing)
    easting, northing = np.where(reached, easting, 0.0), np.where(reached, northing, 0.0)
    # A place off the finest grid is off all of them: a record is on every level or on none.
    for axis in cells(easting, northing, min(EDGES_M)):
        reached &= np.abs(axis) <= SMALLINT
    inside = np.array(located, dtype=np.intp)[reached]
    out: list[list[object]] = []
    for edge in EDGES_M:
        for axis in cells(easting, northing, edge):
            column = np.full(size, None, dtype=object)
            column[inside] = axis[reached].tolist()
            out.append(column.tolist())
    return out
