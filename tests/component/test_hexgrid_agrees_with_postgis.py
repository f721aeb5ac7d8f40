"""The arithmetic of shared/hexgrid.py and the functions of PostGIS say the same of every real map point."""

import asyncpg
import numpy as np
import pytest
from numpy.typing import NDArray

from shared import hexgrid
from tests.points import read_points

pytestmark = pytest.mark.usefixtures("postgis")

Points = tuple[NDArray[np.float64], NDArray[np.float64]]

CELLS_OF_POSTGIS = """
SELECT p.nth::integer AS nth, h.i, h.j
FROM unnest($1::float8 [], $2::float8 []) WITH ORDINALITY AS p (x, y, nth),
    st_setsrid(st_point(p.x, p.y), 27700) AS g,
    LATERAL st_hexagongrid($3, g) AS h
WHERE st_intersects(h.geom, g)
"""

RINGS_OF_POSTGIS = """
SELECT st_x(d.geom) AS lon, st_y(d.geom) AS lat
FROM unnest($1::integer [], $2::integer []) WITH ORDINALITY AS c (i, j, nth),
    st_dumppoints(st_transform(st_setsrid(st_hexagon($3, c.i, c.j), 27700), 4326)) AS d
ORDER BY c.nth, d.path
"""

TRANSFORMED_BY_POSTGIS = """
SELECT st_x(g) AS x, st_y(g) AS y
FROM unnest($1::float8 [], $2::float8 []) WITH ORDINALITY AS p (lon, lat, nth),
    st_transform(st_setsrid(st_point(p.lon, p.lat), 4326), 27700) AS g
ORDER BY p.nth
"""


@pytest.fixture(scope="module")
def projected() -> Points:
    lon, lat, _ = read_points()
    return hexgrid.project(lon, lat)


async def test_projecting_agrees_with_postgis_to_a_tenth_of_a_millimetre(database_url: str) -> None:
    lon, lat, _ = read_points()
    rows = await _fetch(database_url, TRANSFORMED_BY_POSTGIS, lon.tolist(), lat.tolist())
    theirs = np.array([(row["x"], row["y"]) for row in rows]).T
    assert theirs.shape == (2, len(lon))
    assert np.hypot(*(np.array(hexgrid.project(lon, lat)) - theirs)).max() < 1e-4


@pytest.mark.parametrize("edge_m", hexgrid.EDGES_M)
async def test_every_real_point_falls_into_the_cell_that_postgis_gives_it(
    database_url: str, projected: Points, edge_m: int
) -> None:
    easting, northing = projected
    rows = await _fetch(database_url, CELLS_OF_POSTGIS, easting.tolist(), northing.tolist(), float(edge_m))
    theirs: dict[int, set[tuple[int, int]]] = {}
    for row in rows:
        theirs.setdefault(row["nth"] - 1, set()).add((row["i"], row["j"]))
    i, j = hexgrid.cells(easting, northing, edge_m)
    ours = dict(enumerate(zip(i.tolist(), j.tolist(), strict=True)))

    on_edges = [nth for nth, cells in theirs.items() if len(cells) > 1]
    assert theirs.keys() == ours.keys()
    assert [nth for nth, cell in ours.items() if cell not in theirs[nth]] == []
    assert on_edges == []


@pytest.mark.parametrize("edge_m", hexgrid.EDGES_M)
async def test_the_ring_of_a_cell_is_the_hexagon_of_postgis(
    database_url: str, projected: Points, edge_m: int
) -> None:
    i, j = np.unique(np.stack(hexgrid.cells(*projected, edge_m)), axis=1)
    rows = await _fetch(database_url, RINGS_OF_POSTGIS, i.tolist(), j.tolist(), float(edge_m))
    theirs = np.array([(row["lon"], row["lat"]) for row in rows]).reshape(-1, 7, 2)
    ours = hexgrid.rings(edge_m, i, j)
    assert len(ours) == len(theirs) > 200
    # PostGIS walks the corners in the same order; 6 decimals are half a millionth of rounding.
    assert np.abs(ours - theirs).max() < 1e-6


async def _fetch(database_url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database_url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return rows
    finally:
        await connection.close()
