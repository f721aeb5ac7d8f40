"""The gateway, wired together."""

import asyncpg
from litestar import Litestar, get
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import License

from services.gateway.errors import answer_problem
from services.gateway.observe import Observed
from services.gateway.routes.answers import refuse_unknown_parameters
from services.gateway.routes.coverage import get_coverage, get_proof
from services.gateway.routes.forces import get_forces
from services.gateway.routes.health import livez, metrics, readyz
from services.gateway.routes.hexes import get_hexes
from services.gateway.routes.home import get_home
from services.gateway.schemas import ATTRIBUTION, LICENCE
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from shared.areas import ForceAreas
from shared.health import database_check
from shared.http import Check
from shared.provision import connect

HANDLERS = (get_home, get_coverage, get_proof, get_forces, get_hexes, livez, readyz, metrics)


def create_app(settings: GatewaySettings, pool: asyncpg.Pool) -> Observed:
    """Everything connected to nothing yet: servers are reached when a request needs them."""
    given = {
        "store": Store(pool, query_timeout=settings.query_timeout),
        "settings": settings,
        "areas": ForceAreas.load(),
        "checks": {"database": database_check(pool), "bus": bus_check(settings.nats_url)},
    }
    dependencies = {name: always(value) for name, value in given.items()}
    description = describe_api(dependencies)

    @get("/api/v1/openapi.json", media_type="application/vnd.oai.openapi+json", sync_to_thread=False)
    def openapi() -> dict[str, object]:
        return description

    return Observed(
        Litestar(
            route_handlers=[*HANDLERS, openapi],
            dependencies=dependencies,
            guards=[refuse_unknown_parameters],
            exception_handlers={Exception: answer_problem},
            compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5),
            openapi_config=None,
            logging_config=None,
        )
    )


def describe_api(dependencies: dict[str, Provide]) -> dict[str, object]:
    """The OpenAPI document, without the framework's pages for it: they load scripts from elsewhere."""
    config = OpenAPIConfig(
        title="CrimeMapsUK",
        version="1",
        description=f"Published police data of England and Wales. {ATTRIBUTION} Missing is never zero.",
        license=License(name="Data: Open Government Licence v3.0", url=LICENCE),
        use_handler_docstrings=True,
    )
    documented = Litestar(
        route_handlers=HANDLERS, dependencies=dependencies, openapi_config=config, logging_config=None
    )
    return documented.openapi_schema.to_schema()


def always(value: object) -> Provide:
    """A dependency that is the same for every request."""
    return Provide(lambda: value, sync_to_thread=False)


def bus_check(nats_url: str) -> Check:
    """The bus can be reached; the gateway holds no connection to it yet."""

    async def check() -> None:
        await (await connect(nats_url)).close()

    return check
