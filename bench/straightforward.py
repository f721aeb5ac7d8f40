"""The straightforward way to load a month, to be measured against.

Parse, hash, then DELETE + INSERT of the month in one transaction into one wide table with geometry,
geography, GiST indexes and a unique index on the hash. It is given every fair help: a fast JSON
library, COPY instead of INSERT, and an ordinal so that it does not lose twins.
"""

import hashlib
import io
import json
from collections import Counter
from time import perf_counter

import asyncpg
import msgspec

from bench.national_month import RawPage

SCHEMA = """
CREATE TABLE wide_crime (
    month date NOT NULL,
    content_hash bytea NOT NULL,
    ordinal integer NOT NULL,
    category text NOT NULL,
    persistent_id text,
    street_id integer,
    street_name text,
    location_type text,
    outcome text,
    outcome_month text,
    force text,
    geom geometry (Point, 4326),
    geog geography (Point, 4326)
);
CREATE UNIQUE INDEX ON wide_crime (month, content_hash, ordinal);
CREATE INDEX ON wide_crime USING gist (geom);
CREATE INDEX ON wide_crime USING gist (geog);
"""
STAGED = """
CREATE TEMPORARY TABLE staged (
    month date, content_hash bytea, ordinal integer, category text, persistent_id text,
    street_id integer, street_name text, location_type text, outcome text, outcome_month text,
    force text, lon double precision, lat double precision
) ON COMMIT DROP
"""
INSERT = """
INSERT INTO wide_crime
SELECT
    month, content_hash, ordinal, category, persistent_id, street_id, street_name, location_type,
    outcome, outcome_month, force,
    ST_SetSRID(ST_MakePoint(lon, lat), 4326),
    ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography
FROM staged
"""


def wide_rows(pages: list[RawPage], month: object) -> list[tuple[object, ...]]:
    """Every record of the pages, once per API id, hashed."""
    seen: set[int] = set()
    twins: Counter[bytes] = Counter()
    rows: list[tuple[object, ...]] = []
    for page in pages:
        for record in msgspec.json.decode(page.body):
            number = record.pop("id")
            if number in seen:
                continue
            seen.add(number)
            digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
            location, outcome = record["location"] or {}, record["outcome_status"] or {}
            street = location.get("street", {})
            rows.append(
                (
                    month, digest, twins[digest], record["category"], record["persistent_id"],
                    street.get("id"), street.get("name"), record["location_type"], outcome.get("category"),
                    outcome.get("date"), page.force,
                    float(location["longitude"]) if location else None,
                    float(location["latitude"]) if location else None,
                )
            )  # fmt: skip
            twins[digest] += 1
    return rows


async def load(connection: asyncpg.Connection, pages: list[RawPage], month: object) -> tuple[float, int]:
    """Seconds from the first page to the commit, and the rows loaded."""
    await connection.execute(SCHEMA)
    started = perf_counter()
    rows = wide_rows(pages, month)
    async with connection.transaction():
        await connection.execute(STAGED)
        await connection.copy_records_to_table("staged", records=rows)
        await connection.execute("DELETE FROM wide_crime WHERE month = $1", month)
        await connection.execute(INSERT)
    return perf_counter() - started, len(rows)


async def copy_and_index(connection: asyncpg.Connection) -> float:
    """Seconds for the floor: COPY of the finished rows into an empty table, then the same index builds."""
    finished = io.BytesIO()
    await connection.copy_from_table("wide_crime", output=finished, format="binary")
    finished.seek(0)
    await connection.execute("CREATE TABLE floor_crime (LIKE wide_crime)")
    started = perf_counter()
    await connection.copy_to_table("floor_crime", source=finished, format="binary")
    for index in FLOOR_INDEXES:
        await connection.execute(index)
    return perf_counter() - started


FLOOR_INDEXES = (
    "CREATE UNIQUE INDEX ON floor_crime (month, content_hash, ordinal)",
    "CREATE INDEX ON floor_crime USING gist (geom)",
    "CREATE INDEX ON floor_crime USING gist (geog)",
)
