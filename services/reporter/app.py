"""The reporter, wired together. Reports come with a later version: it answers for its health, and waits."""

import asyncpg
from faststream.asgi import AsgiFastStream

from services.reporter.handlers import register
from services.reporter.settings import ReporterSettings
from shared.bus import create_broker
from shared.health import bus_check, database_check
from shared.http import health_routes


def create_app(settings: ReporterSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    register(broker)
    checks = {"database": database_check(pool), "bus": bus_check(broker, ())}
    return AsgiFastStream(broker, asgi_routes=health_routes(checks), logger=None)
