"""The parts of a fetcher without its message loop: a test decides what happens next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
from faststream.nats import NatsBroker

from services.fetcher.pacer import Pacer
from services.fetcher.police_api import PoliceApi
from services.fetcher.runs import Runs
from services.fetcher.settings import FetcherSettings
from services.fetcher.store import Store
from services.fetcher.tiles import prior_points
from services.fetcher.watcher import Watcher
from shared.areas import ForceAreas
from shared.bus import create_broker
from tests.bus import Bus, provisioned
from tests.component.fetcher.desk import FAST
from tests.pipeline import connected


@dataclass
class Insider:
    """What the fetcher's app wires together."""

    store: Store
    api: PoliceApi
    broker: NatsBroker
    runs: Runs
    bus: Bus
    pool: asyncpg.Pool

    def watcher(self, refresh_months: int) -> Watcher:
        """The watcher, as after a start."""
        return Watcher(self.store, self.api, self.broker, refresh_months=refresh_months)


@asynccontextmanager
async def inside(
    source_url: str, database_url: str, nats_url: str, **settings: object
) -> AsyncIterator[Insider]:
    """A fetcher that does nothing by itself; nobody handles its messages."""
    made = FetcherSettings.model_validate(
        {"database_url": database_url, "nats_url": nats_url, "source_url": source_url, **FAST, **settings}
    )
    pacer = Pacer(
        made.requests_per_second,
        made.max_in_flight,
        first_pause=made.first_wait,
        longest_pause=made.longest_wait,
    )
    broker = create_broker(nats_url, stop_timeout=1)
    async with (
        httpx.AsyncClient(base_url=made.source_url + "/", trust_env=False) as client,
        connected(database_url) as pool,
        provisioned(nats_url) as bus,
    ):
        await broker.connect()
        try:
            api, store = PoliceApi(client, pacer, made), Store(pool)
            runs = Runs(
                store,
                api,
                broker,
                prior_points(),
                ForceAreas.load(),
                target=made.tile_target,
                patience=made.run_patience,
            )
            yield Insider(store, api, broker, runs, bus, pool)
        finally:
            await broker.stop()
