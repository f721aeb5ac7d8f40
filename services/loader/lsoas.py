"""LSOAs of map points in the database."""

from sys import intern

import asyncpg

from services.loader.archive_crimes import Crimes
from services.loader.sql_files import sql
from shared.logs import get_logger

log = get_logger()
MOST_KNOWN = 400_000
"""Points that are remembered, some 100 bytes each. The source has 750,000."""


class Lsoas:
    """Remembers which points the database has, so that a month after another costs nothing."""

    def __init__(self) -> None:
        self.known: dict[int, dict[int, str]] = {}
        """By vintage and point."""

    async def put(self, connection: asyncpg.pool.PoolConnectionProxy, crimes: Crimes) -> None:
        """Keep the LSOAs that a page names. Points and names stay; a contradiction is told.

        Runs outside the page's transaction, as places do: two loaders may meet the same new points.
        """
        vintage, where = crimes.lsoa_vintage, crimes.where
        known = self.known.setdefault(vintage, {})
        points = where.points().tolist()
        new = {
            point: number
            for number, (point, code) in enumerate(zip(points, where.lsoas, strict=True))
            if code and known.get(point) != code
        }
        if not new:
            return
        numbers = list(new.values())
        codes = [where.lsoas[number] for number in numbers]
        names = {where.lsoas[number]: where.lsoa_names[number] for number in numbers}
        lons, lats = where.lon_e6[numbers].tolist(), where.lat_e6[numbers].tolist()
        other = await connection.fetchval(sql("put_lsoas"), lons, lats, codes, vintage)
        await connection.execute(sql("insert_lsoa_names"), vintage, list(names), list(names.values()))
        if other:
            log.warning("lsoa.contradicted", points=other, vintage=vintage)
        if sum(map(len, self.known.values())) + len(new) > MOST_KNOWN:
            for remembered in self.known.values():
                remembered.clear()
        # A code has some ten points: it is kept once.
        known |= {point: intern(code) for point, code in zip(new, codes, strict=True)}
