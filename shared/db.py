"""The database connection: the pool, SQL files, and what a driver's error means for a message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import asyncpg

from shared.errors import TransientError

READER = "crimemaps_reader"
"""The role of those who serve the public: it can only read."""
CONNECT_TIMEOUT = 8.0
"""Seconds until an unreachable server is reported as such."""

RETRYABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut between two messages
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.OperatorInterventionError,  # shutdown, crash recovery, statement cancelled
    asyncpg.TransactionRollbackError,  # deadlock, serialisation
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresIOError,
    OSError,
    TimeoutError,
)


@asynccontextmanager
async def open_pool(
    database_url: str, *, max_size: int = 4, role: str | None = None
) -> AsyncIterator[asyncpg.Pool]:
    """A pool of at most `max_size` connections, which may do what `role` may.

    Raises:
        TransientError: the server cannot be reached; the text names it, without the password.
    """
    try:
        pool = await asyncpg.create_pool(
            database_url,
            min_size=1,
            max_size=max_size,
            timeout=CONNECT_TIMEOUT,
            command_timeout=None,
            server_settings={"role": role} if role else None,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise TransientError(f"no database at {without_password(database_url)}: {describe(error)}") from error
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    """Turn what the driver raises, where trying again can help, into `TransientError`."""
    try:
        yield
    except RETRYABLE as error:
        raise TransientError(f"database: {describe(error)}") from error


async def fetch_one(
    connection: asyncpg.Pool | asyncpg.pool.PoolConnectionProxy, statement: str, *values: object
) -> asyncpg.Record:
    """The row of a statement that always has one."""
    row = await connection.fetchrow(statement, *values)
    if row is None:
        raise LookupError(f"no row came from: {statement}")
    return row


@cache
def read_sql(folder: Path, name: str) -> str:
    """The statement in `folder/sql/name.sql`."""
    return (folder / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def describe(error: BaseException) -> str:
    """An error in one line that is never empty."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def without_password(url: str) -> str:
    """A connection URL that may be shown."""
    scheme, _, rest = url.partition("://")
    credentials, at, address = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}{at}{address}"
