"""The loader, wired together."""

import asyncpg
from faststream.asgi import AsgiFastStream

from services.loader.handlers import register
from services.loader.settings import LoaderSettings
from services.loader.store import Store
from shared.areas import ForceAreas
from shared.bus import create_broker
from shared.health import bus_check, database_check
from shared.http import health_routes


def create_app(settings: LoaderSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    store = Store(pool, ForceAreas.load(), settings.gate_rules, keep_versions=settings.keep_versions)
    register(broker, store, settings)
    checks = {
        "database": database_check(pool),
        "bus": bus_check(broker, ("loader-pages", "loader-months", "loader-rollbacks")),
    }
    return AsgiFastStream(broker, asgi_routes=health_routes(checks), logger=None)
