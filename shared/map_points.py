"""Which map points lie in a circle or in a polygon: docs/adr/0010.

PostGIS says so where the database has it. Without it SQL finds those of pieces of belts around the area, and
geometry decides here, with the same answers. Borders belong to the area. Numbers of map points are those of
`snap_point`, in ascending order.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import asyncpg
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from shared.areas import Bounds
from shared.db import read_sql

Connection = asyncpg.Pool | asyncpg.pool.PoolConnectionProxy
Degrees = NDArray[np.float64]
Inside = Callable[[Degrees, Degrees], NDArray[np.bool_]]
"""Whether each point is inside: of longitudes and latitudes, shape (n,)."""

ELLIPSOID = Geod(ellps="WGS84")
BELT_BITS = 13
"""A belt is 2**13 millionths of a degree of latitude, some 900 m; the same number is in the SQL."""
MANY = 2_000
"""So many points keep the event loop waiting: they are looked at beside it."""
LEAST_METRES_A_DEGREE = 110_500
"""Of latitude anywhere, and of longitude on the equator: a degree is never shorter."""


class MapPoints:
    """The map points of one database."""

    def __init__(self) -> None:
        self.has_postgis: bool | None = None
        """Asked once: it is settled when the database is migrated."""

    async def in_circle(
        self, connection: Connection, latitude: float, longitude: float, metres: float
    ) -> list[int]:
        """Those within so many metres, measured on the ellipsoid of WGS 84."""
        if await self.uses_postgis(connection):
            return await numbers(connection, "select_points_in_circle", longitude, latitude, metres)
        return await points_in_circle(connection, latitude, longitude, metres)

    async def in_shape(self, connection: Connection, outline: shapely.Geometry) -> list[int]:
        """Those in a valid (multi)polygon, whose edges are straight in degrees."""
        if await self.uses_postgis(connection):
            return await numbers(connection, "select_points_in_shape", outline.wkb)
        return await points_in_shape(connection, outline)

    async def uses_postgis(self, connection: Connection) -> bool:
        """Whether the database has PostGIS."""
        if self.has_postgis is None:
            self.has_postgis = bool(await connection.fetchval(sql("select_has_postgis")))
        return self.has_postgis


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


async def numbers(connection: Connection, statement: str, *values: object) -> list[int]:
    """The numbers of map points that a statement of PostGIS finds."""
    return [row[0] for row in await connection.fetch(sql(statement), *values)]


async def points_in_circle(
    connection: Connection, latitude: float, longitude: float, metres: float
) -> list[int]:
    """The map points within so many metres, without PostGIS."""

    def inside(lon: Degrees, lat: Degrees) -> NDArray[np.bool_]:
        here = np.full(len(lon), longitude), np.full(len(lat), latitude)
        near: NDArray[np.bool_] = ELLIPSOID.inv(*here, lon, lat)[2] <= metres
        return near

    return await points_in_boxes(connection, [around(latitude, longitude, metres)], inside)


async def points_in_shape(connection: Connection, outline: shapely.Geometry) -> list[int]:
    """The map points in a valid (multi)polygon, without PostGIS."""

    def inside(lon: Degrees, lat: Degrees) -> NDArray[np.bool_]:
        shapely.prepare(outline)
        within: NDArray[np.bool_] = shapely.intersects_xy(outline, lon, lat)
        return within

    # A rectangle a part: there may be half a country between two.
    boxes = [
        Bounds(south, west, north, east)
        for west, south, east, north in shapely.bounds(shapely.get_parts(outline)).tolist()
    ]
    return await points_in_boxes(connection, boxes, inside)


async def points_in_boxes(connection: Connection, boxes: Iterable[Bounds], inside: Inside) -> list[int]:
    """The map points of some rectangles that are also inside something."""
    columns = zip(*(piece for box in boxes for piece in pieces(box)), strict=True)
    rows = await connection.fetch(sql("select_points_in_belts"), *columns)
    return choose(rows, inside) if len(rows) < MANY else await asyncio.to_thread(choose, rows, inside)


def choose(rows: list[asyncpg.Record], inside: Inside) -> list[int]:
    """The numbers of those that are inside, each once."""
    values = np.fromiter(chain.from_iterable(rows), np.int64, 3 * len(rows))
    number, lon, lat = values.reshape(-1, 3).T
    chosen: list[int] = np.unique(number[inside(lon / 1e6, lat / 1e6)]).tolist()
    return chosen


def around(latitude: float, longitude: float, metres: float) -> Bounds:
    """A rectangle of degrees that holds the circle; near a pole and at the 180th meridian a whole belt."""
    north_south = metres / LEAST_METRES_A_DEGREE
    farthest = abs(latitude) + north_south
    belt = Bounds(latitude - north_south, -180.0, latitude + north_south, 180.0)
    if farthest >= 90:
        return belt
    east_west = north_south / math.cos(math.radians(farthest))
    if abs(longitude) + east_west > 180:
        return belt
    return belt._replace(west=longitude - east_west, east=longitude + east_west)


def pieces(box: Bounds) -> Iterator[tuple[int, int, int]]:
    """Belt, west and east of the pieces of belts that hold the rectangle, in whole millionths of a degree."""
    south, west, north, east = (round(side * 1e6) for side in box)
    for belt in range((south - 1) >> BELT_BITS, ((north + 1) >> BELT_BITS) + 1):
        yield belt, west - 1, east + 1
