"""The reporter, wired together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from faststream.asgi import AsgiFastStream

from services.reporter.grounds import open_grounds
from services.reporter.handlers import register
from services.reporter.intake import Intake
from services.reporter.order_store import OrderStore
from services.reporter.rendering import Renderers
from services.reporter.reports import Reports
from services.reporter.settings import ReporterSettings
from shared import ons
from shared.area_figures.counts_store import CountsStore
from shared.areas import ForceAreas
from shared.bus import create_broker
from shared.health import bus_check, database_check
from shared.http import health_routes
from shared.postcode_lookup import Postcodes
from shared.postcode_store import PostcodeStore
from shared.postcodes_io import PostcodesIo, create_client
from shared.tasks import end


def create_app(settings: ReporterSettings, pool: asyncpg.Pool) -> AsgiFastStream:
    """Everything connected to nothing yet: servers are reached when the app starts."""
    ons.use(settings.ons_rates)
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    client = create_client(settings)
    online = PostcodesIo(client, tries=settings.postcodes_io_tries) if settings.postcodes_io else None
    renderers, grounds = Renderers(settings.processes), open_grounds(settings)
    reports = Reports(
        broker,
        OrderStore(pool),
        CountsStore(pool, ForceAreas.load()),
        Postcodes(PostcodeStore(pool), online),
        renderers,
        grounds,
        settings.public_url,
        settings.lease_seconds,
    )
    register(broker, Intake(reports))
    workers: list[asyncio.Task[None]] = []
    clocks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        renderers.close()
        await client.aclose()
        if grounds:
            await grounds.close()

    async def start_work() -> None:
        # One more than processes: while the pool renders, the next figures are read.
        workers.extend(asyncio.create_task(reports.work()) for _ in range(settings.processes + 1))
        clocks.append(asyncio.create_task(reports.publish_forgotten(settings.publish_again_seconds)))

    async def finish_work() -> None:
        reports.stop()
        await end(*clocks)
        if workers:
            await asyncio.wait(workers, timeout=settings.stop_timeout)

    checks = {"database": database_check(pool), "bus": bus_check(broker, ("reporter-orders", "reporter-web"))}
    return AsgiFastStream(
        broker,
        asgi_routes=health_routes(checks),
        logger=None,
        lifespan=lifespan,
        after_startup=[start_work],
        on_shutdown=[finish_work],
    )
