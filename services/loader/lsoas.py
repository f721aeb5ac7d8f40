"""LSOAs of map points in the database."""

from sys import intern

import asyncpg

from services.loader.archive_crimes import Crimes
from services.loader.sql_files import sql
from shared.logs import get_logger

log = get_logger()
MOST_KNOWN = 400_000
"""Points that are remembered, some 250 bytes each. The source has 750,000."""


class Lsoas:
    """Remembers which points the database has, so that a month after another costs nothing."""

    def __init__(self) -> None:
        self.known: dict[int, dict[tuple[int, int], str]] = {}
        """By vintage and point."""

    async def put(self, connection: asyncpg.pool.PoolConnectionProxy, crimes: Crimes) -> None:
        """Keep the LSOAs that a page names. Points and names stay; a contradiction is told.

        Runs outside the page's transaction, as places do: two loaders may meet the same new points.
        """
        vintage = crimes.lsoa_vintage
        known = self.known.setdefault(vintage, {})
        new = {point: code for point, code in crimes.lsoas.items() if known.get(point) != code}
        if not new:
            return
        lons, lats = map(list, zip(*new, strict=True))
        codes = set(new.values())
        names = {code: name for code, name in crimes.lsoa_names.items() if code in codes}
        other = await connection.fetchval(sql("put_lsoas"), lons, lats, list(new.values()), vintage)
        await connection.execute(sql("insert_lsoa_names"), vintage, list(names), list(names.values()))
        if other:
            log.warning("lsoa.contradicted", points=other, vintage=vintage)
        if sum(map(len, self.known.values())) + len(new) > MOST_KNOWN:
            for points in self.known.values():
                points.clear()
        known |= {point: intern(code) for point, code in new.items()}  # a code has some ten points
