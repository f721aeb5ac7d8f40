"""Housekeeping: versions that were replaced long ago, and pages of runs that nobody will complete."""

import asyncpg

from services.loader.sql_files import PARENTS, sql, staged_table, version_table
from shared.events import MonthFetched
from shared.logs import get_logger
from shared.model import Dataset

log = get_logger()
ABANDONED_DAYS = 7
"""A run waits for its pages for hours at most."""


async def clear_abandoned(pool: asyncpg.Pool) -> None:
    """Drop what was staged for runs that nobody will ever complete: their fetch failed."""
    for row in await pool.fetch(sql("select_abandoned_runs"), ABANDONED_DAYS):
        for dataset in Dataset:
            await pool.execute(f"DROP TABLE IF EXISTS {staged_table(dataset, row['run_id'])}")
        await pool.execute("DELETE FROM staging.page WHERE run_id = $1", row["run_id"])


async def retire(pool: asyncpg.Pool, event: MonthFetched, keep_versions: int) -> None:
    """Drop the records of versions that were replaced long enough ago; their manifests stay.

    A table that readers hold is left for the next time.
    """
    parent = PARENTS[event.dataset]
    old = await pool.fetch(sql("select_retired_versions"), event.dataset, event.month, keep_versions, parent)
    for row in old:
        table = version_table(event.dataset, row["id"])
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '100ms'")
                await connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {table}")
                await connection.execute(f"DROP TABLE {table}")
                await connection.execute(sql("delete_recorded_elsewhere"), row["id"])
            log.info("version.dropped", table=table, kept="its manifest and its revisions")
        except asyncpg.LockNotAvailableError:
            log.info("version.kept", table=table, reason="in use")
