"""The gateway, wired together."""

import asyncpg
from litestar import Litestar, get
from litestar.config.compression import CompressionConfig
from litestar.di import Provide

from services.gateway.bus import Bus
from services.gateway.errors import answer_problem
from services.gateway.observe import Observed
from services.gateway.openapi import describe_api
from services.gateway.report_store import ReportStore
from services.gateway.routes.answers import refuse_unknown_parameters
from services.gateway.routes.coverage import get_coverage, get_proof
from services.gateway.routes.forces import get_forces
from services.gateway.routes.health import livez, metrics, readyz
from services.gateway.routes.hexes import get_hexes
from services.gateway.routes.home import get_home
from services.gateway.routes.reports import get_report, get_report_events, post_report
from services.gateway.routes.verify import get_verification
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from shared.areas import ForceAreas
from shared.health import database_check

HANDLERS = (
    get_home, get_coverage, get_proof, get_forces, get_hexes,
    post_report, get_report, get_report_events, get_verification,
    livez, readyz, metrics,
)  # fmt: skip
UNCOMPRESSED = [r"\.pdf$", "/events$"]
"""PDFs are compressed already; events must not wait for more to come."""


def create_app(settings: GatewaySettings, pool: asyncpg.Pool) -> Observed:
    """Everything connected to nothing yet: servers are reached when a request needs them."""
    store = Store(pool, query_timeout=settings.query_timeout)
    bus = Bus(settings.nats_url, stop_timeout=settings.stop_timeout)
    given = {
        "store": store,
        "reports": ReportStore(store),
        "bus": bus,
        "settings": settings,
        "areas": ForceAreas.load(),
        "checks": {"database": database_check(pool), "bus": bus.check},
    }
    dependencies = {name: always(value) for name, value in given.items()}
    description = describe_api(HANDLERS, dependencies)

    @get("/api/v1/openapi.json", media_type="application/vnd.oai.openapi+json", sync_to_thread=False)
    def openapi() -> dict[str, object]:
        return description

    return Observed(
        Litestar(
            route_handlers=[*HANDLERS, openapi],
            dependencies=dependencies,
            guards=[refuse_unknown_parameters],
            exception_handlers={Exception: answer_problem},
            compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5, exclude=UNCOMPRESSED),
            on_shutdown=[bus.close],
            openapi_config=None,
            logging_config=None,
        )
    )


def always(value: object) -> Provide:
    """A dependency that is the same for every request."""
    return Provide(lambda: value, sync_to_thread=False)
