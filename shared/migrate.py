"""Bring a database to this version's schema, rights and reference tables: `python -m shared.migrate`."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from pydantic import ValidationError

from shared.db import open_pool, read_sql
from shared.errors import CrimeMapsError, PermanentError, TransientError
from shared.logs import configure_logs
from shared.role_logins import RolePasswords, make_logins
from shared.service import setting_problem
from shared.settings import Settings
from shared.sync_reference import sync_reference

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6372696D65
"""An arbitrary key: only one process migrates at a time."""


async def migrate(database_url: str, verifiers: Mapping[str, str] | None = None) -> None:
    """Apply the migrations that the database has not seen, then load the reference tables.

    Safe to run at any time, and by several processes at once. `verifiers`: of the passwords with which
    services' roles are to log in, by role.

    Raises:
        TransientError: the server cannot be reached.
        PermanentError: the login may not do all this; the text says what an administrator must run.
    """
    async with open_pool(database_url, max_size=1) as pool, pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        try:
            await connection.execute("SET client_min_messages = warning")
            await apply_migrations(connection)
            await connection.execute(read_sql(Path(__file__).parent, "hand_over_records"))
            async with connection.transaction():
                await sync_reference(connection)
            await make_logins(connection, verifiers or {})
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def apply_migrations(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Run each new file of `migrations/` in a transaction of its own, in the order of their names."""
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migration "
        "(name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    # Every service looks whether its schema is there, whatever else its role may read.
    await connection.execute("GRANT SELECT ON migration TO PUBLIC")
    applied = {row["name"] for row in await connection.fetch("SELECT name FROM migration")}
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if path.stem in applied:
            continue
        async with connection.transaction():
            try:
                await connection.execute(path.read_text(encoding="utf-8"))
            except asyncpg.RaiseError as error:  # what a migration says to whoever runs it
                raise PermanentError(str(error)) from error
            await connection.execute("INSERT INTO migration (name) VALUES ($1)", path.stem)


async def check_migrated(database_url: str) -> None:
    """The database has every migration of this version; of a newer one it may have more.

    Raises:
        TransientError: it lacks some, or the server cannot be reached.
    """
    wanted = {path.stem for path in MIGRATIONS.glob("*.sql")}
    async with open_pool(database_url, max_size=1) as pool:
        try:
            applied = {row["name"] for row in await pool.fetch("SELECT name FROM migration")}
        except asyncpg.UndefinedTableError:
            applied = set()
    if missing := sorted(wanted - applied):
        raise TransientError(f"the database lacks migration {missing[0]}: run `python -m shared.migrate`")


def main() -> None:
    """Migrate as the environment says; problems are told in one line."""
    try:
        settings = Settings()  # type: ignore[call-arg]
        configure_logs("migrate", settings.log_level)
        asyncio.run(migrate(settings.database_url, RolePasswords().verifiers()))
    except ValidationError as error:
        sys.exit("; ".join(setting_problem(problem) for problem in error.errors()))
    except CrimeMapsError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
