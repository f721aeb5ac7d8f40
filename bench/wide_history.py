"""The straightforward way with years of months: one wide table, a geography in every row, GiST on it.

It is given every fair help: the rows of a real month are made once and repeated inside the database, the
geometry has no index, and the others are built when all rows are there, which makes them small.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from time import perf_counter

import asyncpg

from bench.national_month import RawPage
from bench.straightforward import INSERT, SCHEMA, STAGED, wide_rows

TABLE, *INDEXES = (part for part in SCHEMA.split(";") if part.strip() and "(geom)" not in part)
COPY = """
INSERT INTO wide_crime
SELECT
    $1, content_hash, ordinal, category, persistent_id, street_id, street_name, location_type, outcome,
    CASE WHEN outcome_month IS NOT NULL THEN to_char($1::date, 'YYYY-MM') END, force, geom, geog
FROM wide_source
WHERE month = $2
"""
RADIUS = """
SELECT month, category, outcome, count(*) AS n
FROM wide_crime
WHERE ST_DWithin(geog, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, $3)
GROUP BY month, category, outcome
"""
SCAN = "SELECT month, category, count(*) FROM wide_crime GROUP BY month, category"
"""By month and category, without any cube."""


async def fill(
    connection: asyncpg.pool.PoolConnectionProxy,
    sources: Mapping[date, list[RawPage]],
    months: Sequence[date],
) -> float:
    """Seconds until the same months are there as in the other way, with their indexes."""
    started = perf_counter()
    await connection.execute(TABLE)
    newest, real = max(sources), sorted(sources)
    for source in real:
        async with connection.transaction():
            await connection.execute(STAGED)
            await connection.copy_records_to_table("staged", records=wide_rows(sources[source], source))
            await connection.execute(INSERT)
    await connection.execute("ALTER TABLE wide_crime RENAME TO wide_source")
    await connection.execute(TABLE)
    for month in months:
        back = 12 * (newest.year - month.year) + newest.month - month.month
        await connection.execute(COPY, month, real[-1 - back % len(real)], timeout=600)
    await connection.execute("DROP TABLE wide_source")
    await connection.execute("SET maintenance_work_mem = '1GB'")
    for index in INDEXES:
        await connection.execute(index, timeout=3600)
    await connection.execute("VACUUM ANALYZE wide_crime", timeout=3600)
    return perf_counter() - started


async def ask_radius(
    connection: asyncpg.pool.PoolConnectionProxy, place: tuple[float, float], metres: float
) -> tuple[float, int]:
    """Seconds, and the crimes of all months around a place (longitude, latitude)."""
    started = perf_counter()
    rows = await connection.fetch(RADIUS, *place, metres)
    return perf_counter() - started, sum(row["n"] for row in rows)
