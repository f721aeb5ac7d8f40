"""Circles and polygons hold the map points that geometry says, and PostGIS where it is installed."""

import random
from collections.abc import AsyncIterator

import asyncpg
import numpy as np
import pytest
import shapely
from pyproj import Geod

from shared.map_points import MapPoints, points_in_circle, points_in_shape, sql
from tests.pipeline import connected
from tests.points import read_points

GEOD = Geod(ellps="WGS84")
FAR = [(179.9995, 10.0), (-179.9995, 10.0), (12.0, 89.9995), (-168.0, 89.9995), (0.0, 0.0), (-0.001, -0.001)]
"""Where no crime is published, but a rectangle of degrees is easily wrong."""


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """The real map points and some strange ones, numbered from 1."""
    async with connected(database_url) as pool:
        lon, lat = points()
        rows = zip(range(1, len(lon) + 1), np.rint(lon * 1e6), np.rint(lat * 1e6), strict=True)
        await pool.copy_records_to_table(
            "map_point", columns=("snap_point_id", "lon_e6", "lat_e6"),
            records=[tuple(map(int, row)) for row in rows],
        )  # fmt: skip
        yield pool


def points() -> tuple[np.ndarray, np.ndarray]:
    lon, lat, _ = read_points()
    places = sorted({*zip(lon.tolist(), lat.tolist(), strict=True)}) + FAR
    return tuple(np.rint(np.array(part) * 1e6) / 1e6 for part in zip(*places, strict=True))  # type: ignore[return-value]


def circles() -> list[tuple[float, float, float]]:
    """Longitude, latitude, metres: of any size, then with a map point within a millimetre of the border."""
    numbers = random.Random(5)
    lon, lat = points()
    found = [(x + 0.0007, y - 0.0004, r) for x, y in FAR for r in (40.0, 200.0, 5000.0)]
    for place in numbers.sample(range(len(lon)), 150):
        here = lon[place] + numbers.gauss(0, 0.01), lat[place] + numbers.gauss(0, 0.01)
        found.append((*here, numbers.choice([50.0, 500.0, 5000.0, numbers.uniform(1, 5000)])))
        metres = GEOD.inv(*here, lon[place], lat[place])[2]
        found += [(*here, metres + 0.001), (*here, metres - 0.001)]
    return found


def shapes() -> list[shapely.Geometry]:
    """Rectangles and triangles with map points on borders and corners, with holes and in several parts."""
    numbers = random.Random(6)
    lon, lat = points()
    found: list[shapely.Geometry] = []
    for place in numbers.sample(range(len(lon) - len(FAR)), 60):
        x, y = lon[place], lat[place]
        side = numbers.uniform(0.001, 0.2)
        square = shapely.box(x, y - side / 2, x + side, y + side)  # the point is on its border
        corner = shapely.Polygon([(x, y), (x + side, y + side / 3), (x - side / 2, y + side)])
        hole = shapely.Point(x + side / 2, y + side / 4).buffer(side / 8)
        found += [square, corner, square.difference(hole)]
    together = shapely.MultiPolygon([found[0], shapely.affinity.translate(found[0], 3, 1)])
    return [*found, together, shapely.box(-6.5, 49.5, 2.0, 56.0)]


async def test_a_circle_holds_the_points_within_its_radius(pool: asyncpg.Pool) -> None:
    lon, lat = points()
    found = 0
    for x, y, metres in circles():
        distance = GEOD.inv(np.full(len(lon), x), np.full(len(lon), y), lon, lat)[2]
        expected = (np.flatnonzero(distance <= metres) + 1).tolist()
        assert await points_in_circle(pool, y, x, metres) == expected, (x, y, metres)
        found += len(expected)
    assert found > 1500


async def test_a_shape_holds_the_points_inside_and_on_its_border(pool: asyncpg.Pool) -> None:
    everything = shapely.points(*points())
    found = 0
    for outline in shapes():
        expected = (np.flatnonzero(shapely.intersects(outline, everything)) + 1).tolist()
        assert await points_in_shape(pool, outline) == expected, outline
        found += len(expected)
    assert found > 5000


@pytest.mark.usefixtures("postgis")
async def test_postgis_finds_the_same_points(pool: asyncpg.Pool) -> None:
    with_postgis = MapPoints()
    for x, y, metres in circles():
        theirs = await with_postgis.in_circle(pool, y, x, metres)
        assert await points_in_circle(pool, y, x, metres) == theirs, (x, y, metres)
    for outline in shapes():
        theirs = await with_postgis.in_shape(pool, outline)
        assert await points_in_shape(pool, outline) == theirs, outline
    assert with_postgis.has_postgis


@pytest.mark.usefixtures("postgis")
async def test_postgis_looks_in_its_index(pool: asyncpg.Pool) -> None:
    await pool.execute("VACUUM ANALYZE map_point")
    plan = await pool.fetch(f"EXPLAIN {sql('select_points_in_circle')}", -0.09, 51.5, 500.0)
    assert any("map_point_geog" in line[0] for line in plan), plan


async def test_a_piece_of_a_belt_is_looked_up_in_the_index(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "CREATE INDEX IF NOT EXISTS map_point_belt ON map_point ((lat_e6 >> 13), lon_e6) "
        "INCLUDE (lat_e6, snap_point_id)"
    )
    await pool.execute("VACUUM ANALYZE map_point")
    plan = await pool.fetch(
        f"EXPLAIN {sql('select_points_in_belts')}", [51_500_000 >> 13], [-100_000], [-90_000]
    )
    assert any("Index Only Scan using map_point_belt" in line[0] for line in plan), plan


async def test_an_area_without_points_is_empty(pool: asyncpg.Pool) -> None:
    assert await points_in_circle(pool, 40.0, -30.0, 5000) == []
    assert await points_in_shape(pool, shapely.box(-30, 40, -29, 41)) == []
