"""An earlier version of a month becomes what readers see again: one transaction, noted in the ledger."""

import asyncpg

from services.loader.deciding import deciding
from services.loader.revisions import ROLLED_BACK, note_revision
from services.loader.sql_files import PARENTS, sql
from shared.errors import PermanentError
from shared.events import MonthLoaded, RollbackRequested
from shared.logs import get_logger
from shared.metrics import rollbacks
from shared.model import format_month

log = get_logger()
Connection = asyncpg.pool.PoolConnectionProxy


class Rollback:
    """Goes back to versions whose records are kept."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def roll_back(self, event: RollbackRequested) -> MonthLoaded:
        """Let readers see a version; an order that was carried out before is only told again."""
        async with deciding(self.pool, event.dataset, event.month) as connection, connection.transaction():
            done = await connection.fetchrow(sql("select_verdict"), event.order_id)
            if done is None:
                stored = await self.show(connection, event)
                rollbacks.labels(event.dataset).inc()
                log.warning(
                    "month.rolled_back",
                    dataset=event.dataset,
                    month=str(event.month),
                    version=event.version,
                    reason=event.reason,
                )
            else:
                stored = done["records"]
        return MonthLoaded(
            run_id=event.order_id,
            dataset=event.dataset,
            month=event.month,
            version=event.version,
            changed=True,
            records=stored,
        )

    @staticmethod
    async def show(connection: Connection, event: RollbackRequested) -> int:
        """Move the readers' pointer to the version, and write down what that changed; its records."""
        rows = await connection.fetch(
            sql("select_kept_versions"), event.dataset, event.month, PARENTS[event.dataset]
        )
        kept = {row["id"]: row for row in rows}
        current = next((row for row in rows if row["is_current"]), None)
        wanted = kept.get(event.version)
        if current is None or wanted is None:
            raise PermanentError(
                f"no records of version {event.version} of {event.dataset} {format_month(event.month)}: "
                f"kept are {', '.join(map(str, kept)) or 'none'}"
            )
        if current is not wanted:
            same = current["source"] == wanted["source"]
            await note_revision(
                connection, event.dataset, event.version, current["id"],
                ROLLED_BACK, event.reason, compared=same,
            )  # fmt: skip
        await connection.execute(sql("update_current_version"), event.dataset, event.month, event.version)
        await connection.execute(
            sql("insert_verdict"),
            event.order_id, event.dataset, event.month, "rolled_back", event.version, [event.reason], 0.0,
        )  # fmt: skip
        stored: int = wanted["stored"]
        return stored
