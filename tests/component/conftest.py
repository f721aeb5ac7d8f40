"""Fixtures that tests of several services use."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.loader.store import Store
from shared.provision import provision
from tests.bus import Bus, provisioned
from tests.pipeline import connected, loader_store


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the test's own database."""
    async with connected(database_url) as pool:
        yield pool


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """The bus with its streams and consumers."""
    async with provisioned(nats_url) as bus:
        yield bus


@pytest.fixture
async def ready(database_url: str, nats_url: str) -> dict[str, str]:
    """A migrated database and a bus with streams, as the environment names them."""
    await provision(nats_url)
    return {"DATABASE_URL": database_url, "NATS_URL": nats_url}


@pytest.fixture
def store(pool: asyncpg.Pool) -> Store:
    """The loader's store as its app makes it."""
    return loader_store(pool)
