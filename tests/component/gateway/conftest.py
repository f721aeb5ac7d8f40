"""Fixtures: the gateway over real HTTP, and a country to load."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.gateway.settings import GatewaySettings
from shared.area_figures.shapes import Figures
from shared.db import READER, open_pool
from shared.model import Dataset
from tests.bus import provisioned
from tests.component.gateway.country import NOVEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.desk import Desk
from tests.component.gateway.server import Client, gateway


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database_url) as pool:
        yield pool


@pytest.fixture
def country(pool: asyncpg.Pool) -> Country:
    return Country(pool)


@pytest.fixture
async def client(
    pool: asyncpg.Pool, database_url: str, nats_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    """The gateway; a parameter is the number of cells that it answers with at most."""
    most = getattr(request, "param", 20_000)
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, max_cells=most)
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        yield client


@pytest.fixture
async def desk(pool: asyncpg.Pool, nats_url: str) -> AsyncIterator[Desk]:
    async with provisioned(nats_url) as bus:
        yield Desk(pool, bus)


@pytest.fixture
async def figures(desk: Desk, country: Country) -> Figures:
    """Figures of two loaded months, counted by the reporter itself."""
    for month in (OCTOBER, NOVEMBER):
        await country.load(Dataset.STREET, month, ROWS)
    return await desk.figures()
