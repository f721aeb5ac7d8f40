"""The ledger: what a version changed of the one that it replaced."""

import asyncpg

from services.loader.sql_files import sql, version_table
from shared.model import Dataset

Connection = asyncpg.pool.PoolConnectionProxy
RELEASE, ROLLED_BACK = "release", "rolled_back"


async def note_revision(
    connection: Connection,
    dataset: Dataset,
    version: int,
    before: int,
    kind: str,
    reason: str = "",
    *,
    compared: bool,
) -> None:
    """Write down that a version replaces one whose table is still there.

    `compared`: record by record; those of two sources have different fields and cannot be.
    """
    revision = await connection.fetchval(sql("insert_revision"), version, before, kind, reason, compared)
    if compared:
        tables = {"before": version_table(dataset, before), "target": version_table(dataset, version)}
        await connection.execute(sql(f"compare_{dataset}", **tables), revision)
