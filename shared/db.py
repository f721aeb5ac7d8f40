"""The database connection: the pool, SQL files, and what a driver's error means for a message."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import asyncpg

from shared.errors import RequestError, TransientError

FETCHER, LOADER, HEXER = "crimemaps_fetcher", "crimemaps_loader", "crimemaps_hexer"
REPORTER, READER = "crimemaps_reporter", "crimemaps_reader"
"""A role for each service: it may do what the service's statements do. The gateway's can only read."""
CONNECT_TIMEOUT = 8.0
"""Seconds until an unreachable server is reported as such."""

VALID = (
    "DATABASE_URL: valid is postgresql://user:password@host:port/name, with TLS "
    "postgresql://user:password@host:port/name?sslmode=verify-full&sslrootcert=FILE, "
    "the certificate of the authority to trust"
)
SHOWN = re.compile(r"(\w+://)(?:([^:@/?#]*)(?::[^/?#]*)?(@))?([^@/?#]*)(/[^@?#]*)?(?:[?#][^@]*)?")
"""The parts of a URL that may be shown."""

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
        RequestError: this is no address of a database.
        TransientError: the server cannot be reached, or the login may not act as `role`; the text names it,
            without the password.
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
        raise TransientError(why_no_pool(database_url, role, error)) from error
    except ValueError:  # its text may hold a part of the password
        raise RequestError(VALID) from None
    try:
        yield pool
    finally:
        await pool.close()


def why_no_pool(database_url: str, role: str | None, error: Exception) -> str:
    """One line without the password: the server is away, or the login may not take the role."""
    place, reason = without_password(database_url), describe(error)
    is_refused = isinstance(error, asyncpg.InsufficientPrivilegeError | asyncpg.InvalidParameterValueError)
    if role is not None and is_refused and role in reason:
        return (
            f"the login of {place} cannot act as {role}: {reason}; "
            f"migrate the database, then an administrator must run GRANT {role} TO that login"
        )
    return f"no database at {place}: {reason}"


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
    """A connection URL that may be shown: without the password, and without parameters, which may hold one.

    Of a URL in which an `@` stands where none belongs, only the scheme: what is before it may be a password.
    """
    if found := SHOWN.fullmatch(url):
        return "".join(part or "" for part in found.groups())
    scheme = re.match(r"\w+://", url)
    return f"{scheme[0] if scheme else ''}…"
