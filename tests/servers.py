"""Fixtures: real servers, private to this test run, and a clean state of each for every test.

`DATABASE_URL`, `NATS_URL` and `REDIS_URL` name servers to use instead. These must be for tests only: all
streams and keys on them are deleted, and the role of `DATABASE_URL` must be allowed to create databases.
`CRIMEMAPS_POSTGRES=pypi` runs them on the PostgreSQL from PyPI; what compares with PostGIS is then skipped.
"""

import asyncio
import itertools
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import nats
import pytest
import redis

from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir

TEMPLATE = f"crimemaps_template_{os.getpid()}"
NUMBERS = itertools.count(1)
Result = TypeVar("Result")


@pytest.fixture(scope="session")
def servers() -> Iterator[LocalServers]:
    """The servers of this test run; a test that restarts one must wait until it is back."""
    with temporary_var_dir() as var_dir, LocalServers(var_dir, durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def migrated_template(servers: LocalServers) -> Iterator[str]:
    """The name of a migrated database to clone; nobody may be connected to it."""
    from shared.migrate import migrate

    admin_url = servers.endpoints.database_url
    run(execute(admin_url, f"CREATE DATABASE {TEMPLATE}"))
    try:
        run(migrate(with_database(admin_url, TEMPLATE)))
        yield TEMPLATE
    finally:
        run(drop(admin_url, TEMPLATE))


@pytest.fixture
def database_url(servers: LocalServers, migrated_template: str) -> Iterator[str]:
    """A migrated database without data, of this test alone."""
    with cloned(servers.endpoints.database_url, migrated_template) as url:
        yield url


@contextmanager
def cloned(admin_url: str, template: str) -> Iterator[str]:
    """A copy of a database from here to the end of the block."""
    name = f"crimemaps_test_{os.getpid()}_{next(NUMBERS)}"
    run(execute(admin_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield with_database(admin_url, name)
    run(drop(admin_url, name))


@pytest.fixture
def empty_url(servers: LocalServers) -> Iterator[str]:
    """A database without a schema, of this test alone."""
    admin_url = servers.endpoints.database_url
    name = f"crimemaps_test_{os.getpid()}_{next(NUMBERS)}"
    run(execute(admin_url, f"CREATE DATABASE {name}"))
    yield with_database(admin_url, name)
    run(drop(admin_url, name))


@pytest.fixture
def postgis(database_url: str) -> None:
    """For tests that compare with PostGIS: they are skipped where the servers have none."""
    if not run(has_postgis(database_url)):
        pytest.skip("PostGIS is not installed: there is nothing to compare with")


@pytest.fixture
def nats_url(servers: LocalServers) -> str:
    """A bus without streams."""
    run(delete_streams(servers.endpoints.nats_url))
    return servers.endpoints.nats_url


@pytest.fixture
def redis_url(servers: LocalServers) -> str:
    """An empty cache."""
    with redis.Redis.from_url(servers.endpoints.redis_url) as client:
        client.flushall()
    return servers.endpoints.redis_url


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine from a fixture, out of the way of the test's own event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def has_postgis(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'"))
    finally:
        await connection.close()


async def drop(url: str, name: str) -> None:
    """Drop a database with those of our connections that are left in it.

    WITH (FORCE) would also end an autovacuum worker, and may not; without, PostgreSQL itself sees to that.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = $1 AND pg_has_role(usesysid, 'USAGE')",
            name,
        )
        await connection.execute(f"DROP DATABASE {name}")
    finally:
        await connection.close()


async def delete_streams(url: str) -> None:
    """Delete every stream, and with them buckets and consumers."""
    client = await nats.connect(url)
    try:
        jetstream = client.jetstream()
        for stream in await jetstream.streams_info():
            assert stream.config.name is not None
            await jetstream.delete_stream(stream.config.name)
    finally:
        await client.close()


def with_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()
