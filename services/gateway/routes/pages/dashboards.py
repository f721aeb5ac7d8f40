"""Dashboards as pages, and their charts as files."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.gateway.cache import Cache
from services.gateway.cube_store import Cubes
from services.gateway.errors import NotFoundError
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.comparisons import read_places
from services.gateway.routes.pages.answers import PAGE, SVG, answer_page, answer_text
from services.gateway.routes.pages.boards.counts import crime, stops
from services.gateway.routes.pages.boards.sides import comparisons, place_texts
from services.gateway.routes.pages.boards.times import outcomes, trends
from services.gateway.routes.record_answers import Searches
from services.gateway.sides import Place
from services.gateway.site.dashboards.pages import IMAGE_HEADERS, render_dashboard, render_image, render_index
from services.gateway.site.dashboards.questions import Sent
from services.gateway.site.dashboards.shapes import Dashboard
from services.gateway.statistics import dimensions
from services.gateway.store import Snapshot, Store
from shared.model import Dataset

Build = Callable[[Snapshot, Cubes, Sent], Awaitable[Dashboard]]
"""A dashboard of what was sent."""
BUILD: dict[str, Build] = {"crime": crime, "stop-and-search": stops, "trends": trends, "outcomes": outcomes}
COMPARISONS = "comparisons"
READ = (
    "from", "to", "from_b", "to_b", "data", "dataset", "a", "b", "around_a", "around_b",
    *dimensions(Dataset.STREET), *dimensions(Dataset.STOPS),
)  # fmt: skip
"""The parameters that any of them looks at."""


@get("/dashboards", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_dashboards(request: AnyRequest) -> Response[Any]:
    """The list of them."""
    return answer_text(request, render_index())


@get("/dashboards/{name:str}", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_dashboard(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    searches: NamedDependency[Searches],
    name: FromPath[str],
) -> Response[Any]:
    """A dashboard as a page."""
    sent = Sent([one for one in request.query_params.multi_items() if one[0] in READ])
    build, places = await find(name, sent, searches)

    async def compute(snapshot: Snapshot) -> str:
        return render_dashboard(await build(snapshot, cubes, sent))

    is_long = any(place.area for place in places)
    return await answer_page(request, store, cache, compute, reads=READ, also=places, is_long=is_long)


@get("/dashboards/{name:str}/{image:str}", opt=PAGE, media_type="image/svg+xml", include_in_schema=False)
async def get_image(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    searches: NamedDependency[Searches],
    name: FromPath[str],
    image: FromPath[str],
) -> Response[Any]:
    """One of its charts as a file."""
    sent = Sent([one for one in request.query_params.multi_items() if one[0] in READ])
    build, places = await find(name, sent, searches)

    async def compute(snapshot: Snapshot) -> str:
        return render_image(await build(snapshot, cubes, sent), image.removesuffix(".svg"))

    return await answer_page(
        request,
        store,
        cache,
        compute,
        headers=IMAGE_HEADERS,
        media_type=SVG,
        is_long=bool(places),
        also=places,
    )


async def find(name: str, sent: Sent, searches: Searches) -> tuple[Build, tuple[Place, ...]]:
    """The dashboard of a name, and the places that it compares: where a postcode is may change.

    Raises:
        NotFoundError: there is none.
    """
    if name == COMPARISONS:
        a, b = await read_places(*place_texts(sent), searches)
        return partial(comparisons, areas=searches.areas, places=(a, b)), (a, b)
    if name not in BUILD:
        valid = [*BUILD, COMPARISONS]
        raise NotFoundError("dashboard", f"'{name[:40]}' is none of {', '.join(valid)}", valid)
    return BUILD[name], ()
