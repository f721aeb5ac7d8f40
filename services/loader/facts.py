"""What the records of a version add up to: in its table or, before there is one, as they were staged."""

from typing import NamedTuple

import asyncpg

from services.loader.sql_files import sql
from shared.db import fetch_one
from shared.model import Dataset

Connection = asyncpg.pool.PoolConnectionProxy


class Elsewhere(NamedTuple):
    """Records of an archive that another force recorded than their place's, and which."""

    places: list[int]
    hashes: list[bytes]
    recorders: list[int]


class Facts(NamedTuple):
    """The manifest of a version."""

    stored: int
    checksum: bytes
    counts: list[tuple[object, ...]]
    """Force, location type, whether it is located, category, outcome, and the number of such records."""
    elsewhere: Elsewhere


async def find_facts(connection: Connection, dataset: Dataset, table: str, recorded: str | None) -> Facts:
    """Read them of a table of records, or of what selects them.

    `recorded` selects the same records with who recorded them, where that was published.
    """
    made = await fetch_one(connection, sql("checksum_version", records=table))
    elsewhere = Elsewhere([], [], [])
    if recorded is not None:
        rows = await connection.fetch(sql("count_archive_version", selected=recorded))
        for row in rows:
            elsewhere.places.extend(row["places"] or ())
            elsewhere.hashes.extend(row["hashes"] or ())
            elsewhere.recorders.extend(row["recorders"] or ())
    else:
        name = "count_stop_version" if dataset is Dataset.STOPS else "count_version"
        rows = await connection.fetch(sql(name, target=table))
    return Facts(made["stored"], made["checksum"], [tuple(row[:6]) for row in rows], elsewhere)
