"""The fetcher, wired together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
from faststream.asgi import AsgiFastStream

from services.fetcher.handlers import register
from services.fetcher.pacer import Pacer
from services.fetcher.police_api import PoliceApi
from services.fetcher.runs import Runs
from services.fetcher.settings import FetcherSettings
from services.fetcher.store import Store
from services.fetcher.tiles import prior_points
from services.fetcher.watcher import Watcher, keep_going, keep_measuring, keep_watch
from shared.areas import ForceAreas
from shared.bus import create_broker
from shared.health import bus_check, database_check
from shared.http import health_routes
from shared.tasks import end

USER_AGENT = "CrimeMapsUK (public police data, collected politely)"


def create_app(settings: FetcherSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    store = Store(pool)
    client = httpx.AsyncClient(
        base_url=settings.source_url.rstrip("/") + "/",
        timeout=settings.request_timeout,
        headers={"User-Agent": USER_AGENT},
        trust_env=False,
    )
    pacer = Pacer(
        settings.requests_per_second,
        settings.max_in_flight,
        first_pause=settings.first_wait,
        longest_pause=settings.longest_wait,
    )
    api = PoliceApi(client, pacer, settings)
    runs = Runs(
        store,
        api,
        broker,
        prior_points(),
        ForceAreas.load(),
        target=settings.tile_target,
        patience=settings.run_patience,
    )
    watcher = Watcher(store, api, broker, refresh_months=settings.refresh_months)
    register(broker, runs, workers=settings.max_in_flight)
    clocks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with client:
            yield
            await end(*clocks)

    async def start_clocks() -> None:
        clocks.append(asyncio.create_task(keep_going(runs, settings.tick_seconds)))
        clocks.append(asyncio.create_task(keep_measuring(watcher, settings.tick_seconds)))
        clocks.append(asyncio.create_task(keep_watch(watcher, settings.watch_seconds)))

    checks = {
        "database": database_check(pool),
        "bus": bus_check(broker, ("fetcher-orders", "fetcher-slices")),
    }
    return AsgiFastStream(
        broker,
        asgi_routes=health_routes(checks),
        logger=None,
        lifespan=lifespan,
        after_startup=[start_clocks],
    )
