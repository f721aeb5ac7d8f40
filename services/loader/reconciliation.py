"""The two sources side by side: what the API and the archive say of the same month, record by record.

A version of the API gains what only the archive says: who recorded its crimes.
"""

from datetime import date

import asyncpg

from services.loader.sql_files import PARENTS, sql, version_table
from shared.db import fetch_one
from shared.logs import get_logger
from shared.metrics import reconciliations
from shared.model import Dataset
from shared.reference import street_outcomes

log = get_logger()
Connection = asyncpg.pool.PoolConnectionProxy


async def newest_archive(connection: Connection, dataset: Dataset, month: date) -> asyncpg.Record | None:
    """The newest version of a month that came from an archive and still has its records."""
    return await connection.fetchrow(sql("select_newest_archive"), dataset, month, PARENTS[dataset])


async def reconcile(connection: Connection, dataset: Dataset, api: int, archive: int) -> None:
    """Compare two versions of a month, in the caller's transaction; once is enough."""
    made = await connection.fetchrow(sql("insert_reconciliation"), api, archive)
    if made is None:
        return
    await connection.execute("SET LOCAL work_mem = '128MB'")
    await connection.execute("SET LOCAL jit = off")  # one pass over some hundred thousand rows
    sides = {
        name: sql(f"select_compared_{dataset}", target=version_table(dataset, version))
        for name, version in (("api", api), ("archive", archive))
    }
    asked = [
        (await fetch_one(connection, sql("select_asked_forces"), version))["forces"]
        for version in (api, archive)
    ]
    names = {name: one.names[0] for one in street_outcomes() for name in one.names}
    await connection.execute(
        sql("reconcile", **sides),
        made["id"], api, archive, *asked, list(names), list(names.values()),
        dataset is not Dataset.STOPS, made["is_first"],
    )  # fmt: skip
    reconciliations.labels(dataset).inc()
    log.info("month.reconciled", dataset=dataset, api=api, archive=archive)
