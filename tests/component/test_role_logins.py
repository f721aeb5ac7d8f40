"""Services' roles log in with passwords that the server never sees."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.servers import LocalServers
from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER, open_pool
from shared.errors import PermanentError, TransientError
from shared.migrate import migrate
from shared.role_logins import make_logins
from tests.logins import PASSWORDS, VARIABLES, login_urls, made_logins, verifiers
from tests.pipeline import ROOT, connected, service
from tests.servers import drop, execute, run, with_database

OWNER, NAME = "crimemaps_owner_by_hand", "crimemaps_by_hand"
NOBODY = dict.fromkeys(PASSWORDS, "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA")


@pytest.fixture
def owner_url(servers: LocalServers) -> Iterator[str]:
    """An empty database of an owner who may make no roles, and has none."""
    admin_url = servers.endpoints.database_url
    run(execute(admin_url, f"CREATE ROLE {OWNER}"))
    run(execute(admin_url, f"GRANT {OWNER} TO CURRENT_USER"))
    run(execute(admin_url, f"CREATE DATABASE {NAME} OWNER {OWNER}"))
    yield f"{with_database(admin_url, NAME)}?role={OWNER}"
    run(drop(admin_url, NAME))
    run(execute(admin_url, f"DROP ROLE {OWNER}"))


def migrated(database_url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m shared.migrate` in a process of its own."""
    servers = {"DATABASE_URL": database_url, "NATS_URL": "nats://127.0.0.1:1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "shared.migrate"],
        env={**os.environ, **servers, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_migrating_with_passwords_lets_each_role_log_in_as_itself(database_url: str) -> None:
    given = {VARIABLES[role]: password for role, password in PASSWORDS.items()}
    done = await asyncio.to_thread(migrated, database_url, **given)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for role, url in login_urls(database_url).items():
        async with connected(url, role=role) as pool:
            row = await pool.fetchrow("SELECT session_user::text, current_user::text")
            assert row is not None
            assert tuple(row) == (role, role)


async def test_another_password_is_refused_and_a_new_one_takes_the_place_of_the_old(
    database_url: str,
) -> None:
    urls = await made_logins(database_url)
    other = urlsplit(urls[HEXER])
    wrong = other._replace(netloc=f"{HEXER}:wrong@{other.hostname}:{other.port}").geturl()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)
    done = await asyncio.to_thread(migrated, database_url, HEXER_DB_PASSWORD="wrong", LOADER_DB_PASSWORD="")
    assert (done.returncode, done.stderr) == (0, "")
    await (await asyncpg.connect(wrong)).close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(urls[HEXER])
    await (await asyncpg.connect(urls[LOADER])).close()


async def test_a_password_is_in_no_statement(pool: asyncpg.Pool) -> None:
    sent: list[str] = []
    async with pool.acquire() as connection:
        with connection.query_logger(lambda query: sent.append(query.query)):
            await make_logins(connection, verifiers())
    assert [re.findall(r"ALTER ROLE (\w+) LOGIN", statement) for statement in sent] == [
        [role] for role in PASSWORDS
    ]
    assert not any("secret" in statement for statement in sent)


@pytest.mark.parametrize("password", ["pässword", "two\nlines", "tab\t", "\x7f"])
def test_a_password_that_not_every_client_sends_alike_is_refused_and_not_shown(
    database_url: str, password: str
) -> None:
    done = migrated(database_url, REPORTER_DB_PASSWORD=password)
    assert done.returncode == 1
    assert done.stderr == (
        f"the password of {REPORTER} will not do: it must consist of printable ASCII characters\n"
    )


def test_a_missing_setting_is_named_and_no_other_shown(database_url: str) -> None:
    done = migrated(database_url, NATS_URL="", LOG_LEVEL="loud")
    assert done.returncode == 1
    assert done.stderr.startswith("LOG_LEVEL: ")
    assert str(urlsplit(database_url).password) not in done.stderr


async def test_an_owner_who_may_make_no_roles_is_told_what_an_administrator_must_run(
    owner_url: str, servers: LocalServers
) -> None:
    admin_url = servers.endpoints.database_url
    await execute(admin_url, f"GRANT {READER} TO {OWNER}")
    with pytest.raises(PermanentError, match="an administrator must run ") as refusal:
        await migrate(owner_url)
    told = str(refusal.value).partition("an administrator must run ")[2]
    # The server has the roles already, because of other databases.
    assert told == " ".join(f"GRANT {role} TO {OWNER};" for role in (FETCHER, LOADER, HEXER, REPORTER))
    await execute(admin_url, told)
    await migrate(owner_url)
    async with connected(owner_url) as pool:
        assert await pool.fetchval("SELECT current_user::text") == OWNER
        assert await pool.fetchval("SELECT count(*) FROM street_crime") == 0


async def test_a_role_that_only_an_administrator_may_change_is_left_if_it_can_log_in(
    owner_url: str, servers: LocalServers
) -> None:
    admin_url = servers.endpoints.database_url
    async with connected(admin_url) as admin, connected(owner_url) as pool:
        await make_logins(admin, verifiers())
        await make_logins(pool, NOBODY)
        await (await asyncpg.connect(login_urls(admin_url)[LOADER])).close()
        await admin.execute(f"ALTER ROLE {LOADER} NOLOGIN")
        with pytest.raises(PermanentError, match=f"must run ALTER ROLE {LOADER} LOGIN PASSWORD"):
            await make_logins(pool, NOBODY)


async def test_a_login_that_is_no_member_of_the_role_is_told_so_in_one_line(
    tmp_path: Path, database_url: str, nats_url: str
) -> None:
    urls = await made_logins(database_url)
    command = service("loader", tmp_path, urls[HEXER], nats_url).server.command(0)
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"loader: the login of postgresql://{HEXER}@")
    assert f'cannot act as {LOADER}: permission denied to set role "{LOADER}"' in line
    assert f"GRANT {LOADER} TO that login" in line
    with pytest.raises(TransientError, match='cannot act as nobody: role "nobody" does not exist'):
        async with open_pool(database_url, role="nobody"):
            pass
