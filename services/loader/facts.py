"""What the records of a version add up to: in its table or, before there is one, as they were staged."""

from typing import NamedTuple

import asyncpg

from services.loader.sql_files import sql
from shared.db import fetch_one
from shared.model import Dataset

Connection = asyncpg.pool.PoolConnectionProxy


class Facts(NamedTuple):
    """The manifest of a version."""

    stored: int
    checksum: bytes
    counts: list[asyncpg.Record]
    """By force, location type, located, category and outcome."""
    elsewhere: list[asyncpg.Record]
    """Place and hash of records that another force recorded than the place's, and which."""


async def find_facts(
    connection: Connection, dataset: Dataset, table: str, selected: str, *, recorded: bool
) -> Facts:
    """Read them. `table` holds the records with their ordinals; `selected` selects them as they were staged,
    with who recorded them, if that was `recorded`.
    """
    made = await fetch_one(connection, sql("checksum_version", target=table))
    count = "count_stop_version" if dataset is Dataset.STOPS else "count_version"
    return Facts(
        made["stored"],
        made["checksum"],
        await connection.fetch(sql(count, target=table)),
        await connection.fetch(sql("select_recorded_elsewhere", selected=selected)) if recorded else [],
    )
