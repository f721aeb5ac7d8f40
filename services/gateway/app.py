"""The gateway, wired together."""

import asyncpg
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.di import Provide

from services.gateway.bus import Bus
from services.gateway.cache import Cache, RedisServer
from services.gateway.cube_store import Cubes
from services.gateway.doorstep import Doorstep
from services.gateway.errors import answer_problem
from services.gateway.keys import Keys
from services.gateway.limits import Limits, add_headers
from services.gateway.observe import Observed
from services.gateway.openapi import describe_api
from services.gateway.plain_tiles import KeptTiles, PlainTiles
from services.gateway.report_store import ReportStore
from services.gateway.routes.answers import refuse_unknown_parameters
from services.gateway.routes.comparisons import (
    get_ons_comparison,
    get_stop_comparison,
    get_street_comparison,
)
from services.gateway.routes.coverage import get_coverage, get_proof
from services.gateway.routes.document import document_routes
from services.gateway.routes.download_files import Downloads
from services.gateway.routes.downloads import get_download, get_downloads
from services.gateway.routes.forces import get_forces
from services.gateway.routes.health import livez, metrics, readyz
from services.gateway.routes.hexes import get_hex, get_hexes
from services.gateway.routes.pages.area import find_area, get_area, get_area_embed
from services.gateway.routes.pages.dashboards import get_dashboard, get_dashboards, get_image
from services.gateway.routes.pages.data import (
    get_coverage_page,
    get_data,
    get_downloads_page,
    get_proof_page,
    get_reconciliations_page,
    get_revisions_page,
    get_status,
)
from services.gateway.routes.pages.home import get_home
from services.gateway.routes.pages.maps import get_map, get_map_parts, get_maps
from services.gateway.routes.pages.reports import get_order, get_reports, post_reports
from services.gateway.routes.pages.static import get_asset
from services.gateway.routes.pages.texts import (
    get_accessibility,
    get_design,
    get_licence,
    get_methodology_page,
    get_privacy,
    get_queue,
)
from services.gateway.routes.reconciliations import get_reconciliations
from services.gateway.routes.record_answers import Searches
from services.gateway.routes.records import (
    get_outcomes,
    get_stops,
    get_street_crimes,
    post_outcomes,
    post_stops,
    post_street_crimes,
)
from services.gateway.routes.reference import (
    get_force_areas,
    get_freshness,
    get_methodology,
    get_postcode,
    get_reference,
    get_words,
)
from services.gateway.routes.reports import get_report, get_report_events, post_report
from services.gateway.routes.revisions import get_revisions
from services.gateway.routes.statistics import get_stop_statistics, get_street_statistics
from services.gateway.routes.tiles import get_tile, get_tile_json
from services.gateway.routes.trends import get_outcome_funnel, get_stop_trend, get_street_trend
from services.gateway.routes.verify import get_verification
from services.gateway.search_store import SearchStore
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from services.gateway.tiles import Tiles
from services.gateway.traced import Traced
from shared import ons
from shared.area_figures.counts_store import CountsStore
from shared.areas import ForceAreas
from shared.health import database_check
from shared.postcode_lookup import Postcodes
from shared.postcode_store import PostcodeStore
from shared.postcodes_io import PostcodesIo, create_client

HANDLERS = (
    get_coverage, get_proof, get_revisions, get_reconciliations, get_forces, get_hexes, get_hex,
    get_tile, get_tile_json,
    get_street_statistics, get_stop_statistics, get_street_trend, get_stop_trend, get_outcome_funnel,
    get_street_comparison, get_stop_comparison, get_ons_comparison,
    get_street_crimes, get_outcomes, get_stops, post_street_crimes, post_outcomes, post_stops,
    get_downloads, get_download, get_reference, get_methodology, get_force_areas, get_words, get_freshness,
    get_postcode,
    post_report, get_report, get_report_events, get_verification,
    livez, readyz, metrics,
)  # fmt: skip
PAGES = (
    get_home, get_asset, get_maps, get_map, get_map_parts,
    get_dashboards, get_dashboard, get_image,
    find_area, get_area, get_area_embed, get_reports, post_reports, get_order,
    get_data, get_coverage_page, get_revisions_page, get_reconciliations_page, get_proof_page,
    get_downloads_page, get_status, get_queue,
    get_methodology_page, get_licence, get_accessibility, get_privacy, get_design,
)  # fmt: skip
MOST_BODY_BYTES = 1_000_000
UNCOMPRESSED = [r"\.pdf$", r"\.mvt$", r"\.csv\.gz$", r"\.parquet$", "/events$", "^/static/"]
"""Files and tiles are compressed already; events must not wait for more to come."""


def create_app(settings: GatewaySettings, pool: asyncpg.Pool) -> Observed:
    """Everything connected to nothing yet: servers are reached when a request needs them."""
    ons.use(settings.ons_rates)
    store = Store(pool, query_timeout=settings.query_timeout)
    bus = Bus(settings.nats_url, stop_timeout=settings.stop_timeout)
    redis = RedisServer(settings.redis_url, timeout=settings.redis_timeout)
    cache = Cache(redis, store.revision)
    tiles = Tiles(store, settings)
    limits = Limits(redis, Keys(store), settings)
    areas = ForceAreas.load()
    client = create_client(settings)
    online = PostcodesIo(client, tries=settings.postcodes_io_tries) if settings.postcodes_io else None
    postcodes = Postcodes(PostcodeStore(pool), online)
    given = {
        "store": store,
        "searches": Searches(SearchStore(store), postcodes, areas, settings),
        "reports": ReportStore(store, bus if settings.take_reports else None),
        "bus": bus,
        "cache": cache,
        "cubes": Cubes(),
        "counts": CountsStore(pool, areas),
        "downloads": Downloads(bus, settings.max_downloads),
        "tiles": tiles,
        "settings": settings,
        "areas": areas,
        "postcodes": postcodes,
        "checks": {"database": database_check(pool), "bus": bus.check},
    }
    dependencies = {name: always(value) for name, value in given.items()}
    app = Litestar(
        route_handlers=[*HANDLERS, *PAGES, *document_routes(describe_api(HANDLERS, settings))],
        dependencies=dependencies,
        guards=[limits.guard, refuse_unknown_parameters],
        before_send=[add_headers],
        exception_handlers={Exception: answer_problem},
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5, exclude=UNCOMPRESSED),
        on_shutdown=[bus.close, tiles.close, cache.close, redis.close, client.aclose],
        request_max_body_size=MOST_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
    )
    limited = Doorstep(PlainTiles(app, tiles), timeout=settings.answer_timeout)
    return Observed(KeptTiles(Traced(limited), tiles))


def always(value: object) -> Provide:
    """A dependency that is the same for every request."""
    return Provide(lambda: value, sync_to_thread=False)
