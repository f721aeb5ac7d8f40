"""The hexer, wired together."""

import asyncio

import asyncpg
from faststream.asgi import AsgiFastStream

from services.hexer.handlers import catch_up, register
from services.hexer.settings import HexerSettings
from services.hexer.store import Store
from shared.bus import create_broker
from shared.errors import CrimeMapsError
from shared.health import bus_check, database_check
from shared.http import health_routes
from shared.logs import get_logger


def create_app(settings: HexerSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    store = Store(pool)
    register(broker, store)
    tasks: set[asyncio.Task[None]] = set()

    async def catch_up_once() -> None:
        try:
            await catch_up(broker, store)
        except CrimeMapsError as error:
            get_logger().warning("grids.postponed", reason=str(error))

    async def start_catching_up() -> None:
        tasks.add(asyncio.create_task(catch_up_once()))

    checks = {"database": database_check(pool), "bus": bus_check(broker, ("hexer-months",))}
    return AsgiFastStream(
        broker, asgi_routes=health_routes(checks), logger=None, after_startup=[start_catching_up]
    )
