"""The bundled sample behind a gateway: what the examples of the API's description are about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg

from services.gateway.settings import GatewaySettings
from services.hexer.download_store import DownloadStore
from services.hexer.downloads import Downloads
from shared.bus import create_broker
from shared.db import READER, open_pool
from shared.model import Dataset
from shared.tasks import end
from shared.tiers import Tier
from tests.archives import archive_run, load_archive, real
from tests.bus import provisioned
from tests.component.gateway.desk import Desk
from tests.component.gateway.records import load
from tests.component.gateway.server import Client, gateway, get
from tests.component.reporter.desk import load_postcodes
from tests.pipeline import loader_store

MONTHS = {Dataset.STREET: ("2018-10", "2018-11"), Dataset.STOPS: ("2018-10",), Dataset.OUTCOMES: ("2022-01",)}
FORCES = {Dataset.OUTCOMES: ("thames-valley",)}


@dataclass(frozen=True)
class Served:
    """A gateway with the sample, and the names in it that differ from run to run."""

    client: Client
    report_id: str
    tiles: str

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self.client.base_url).rstrip("/")


@asynccontextmanager
async def served_sample(database_url: str, nats_url: str) -> AsyncIterator[Served]:
    """Real months of all datasets with their files, postcodes, and a report."""
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, http_port=0, postcodes_io=False)
    async with (
        open_pool(database_url) as pool,
        provisioned(nats_url) as bus,
        open_pool(database_url, role=READER) as reader,
        gateway(settings, reader) as client,
    ):
        for dataset, months in MONTHS.items():
            for month in months:
                await load(pool, dataset, month, FORCES.get(dataset, ("city-of-london",)))
        await load_archive(loader_store(pool), archive_run(real("2018-10", Dataset.STREET, "city-of-london")))
        await load_postcodes(pool)
        await make_files(pool, nats_url)
        desk = Desk(pool, bus)
        report = await desk.render("sample", await desk.figures(Tier.ESSENTIAL))
        tiles = await get(client, "/tiles/street.json")
        async with taking_orders(desk):
            yield Served(client, str(report), tiles["version_token"])


@asynccontextmanager
async def taking_orders(desk: Desk) -> AsyncIterator[None]:
    """Orders are taken in at once, as where a reporter runs; an answer would else wait for that."""

    async def take() -> None:
        while True:
            with suppress(TimeoutError):
                await desk.take_next()

    task = asyncio.create_task(take())
    yield
    await end(task)
    assert task.cancelled(), task.exception()


async def make_files(pool: asyncpg.Pool, nats_url: str) -> None:
    """The files of all months, as the hexer makes them."""
    broker = create_broker(nats_url, stop_timeout=1)
    await broker.connect()
    await Downloads(broker, DownloadStore(pool), keep_hours=24).catch_up()
    await broker.stop()
