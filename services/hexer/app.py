"""The hexer, wired together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from faststream.asgi import AsgiFastStream

from services.hexer.handlers import keep_catching_up, register
from services.hexer.settings import HexerSettings
from services.hexer.store import Store
from shared.bus import create_broker
from shared.health import bus_check, database_check
from shared.http import health_routes


def create_app(settings: HexerSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    store = Store(pool)
    register(broker, store)
    clocks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        for clock in clocks:
            clock.cancel()

    async def start_clock() -> None:
        clocks.append(asyncio.create_task(keep_catching_up(broker, store, settings.catch_up_seconds)))

    checks = {"database": database_check(pool), "bus": bus_check(broker, ("hexer-months",))}
    return AsgiFastStream(
        broker,
        asgi_routes=health_routes(checks),
        logger=None,
        lifespan=lifespan,
        after_startup=[start_clock],
    )
