"""The hexer, wired together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
from faststream.asgi import AsgiFastStream

from services.hexer.download_store import DownloadStore
from services.hexer.downloads import Downloads
from services.hexer.handlers import catch_up, keep_catching_up, register, register_downloads
from services.hexer.settings import HexerSettings
from services.hexer.store import Store
from shared.bus import create_broker
from shared.health import bus_check, database_check
from shared.http import health_routes
from shared.tasks import end


def create_app(settings: HexerSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    store = Store(pool)
    downloads = Downloads(broker, DownloadStore(pool), keep_hours=settings.download_keep_hours)
    register(broker, store)
    register_downloads(broker, downloads)
    clocks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        await end(*clocks)

    async def start_clocks() -> None:
        seconds = settings.catch_up_seconds
        grids = keep_catching_up("grids", partial(catch_up, broker, store), seconds)
        files = keep_catching_up("downloads", downloads.catch_up, seconds)
        clocks.extend(asyncio.create_task(clock) for clock in (grids, files))

    checks = {"database": database_check(pool), "bus": bus_check(broker, ("hexer-months", "hexer-downloads"))}
    return AsgiFastStream(
        broker,
        asgi_routes=health_routes(checks),
        logger=None,
        lifespan=lifespan,
        after_startup=[start_clocks],
    )
