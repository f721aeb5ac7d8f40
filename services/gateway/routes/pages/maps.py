"""The maps: street crimes, stops and searches."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.response import Redirect

from services.gateway.cache import Cache
from services.gateway.errors import describe
from services.gateway.hex_history import history
from services.gateway.hexes import collect, read_asked
from services.gateway.parameters import Bbox, read_bbox
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE, answer_now, answer_page
from services.gateway.routes.record_answers import POSTCODE_ERRORS
from services.gateway.settings import GatewaySettings
from services.gateway.site.maps.page import Shown, render_map, render_parts, silent_areas
from services.gateway.site.maps.policy import page_headers
from services.gateway.site.maps.state import PATHS, MapState, first, is_sent_by_form, read_state
from services.gateway.site.maps.view import View
from services.gateway.store import CATEGORY_KIND, Snapshot, Store
from shared.areas import ForceAreas
from shared.errors import RequestError
from shared.model import Dataset, format_month
from shared.postcode_lookup import Postcodes
from shared.postcodes import PostcodeError

POSTCODE_ZOOM = 13.0
Render = Callable[[Shown], str]


@get("/maps", opt=PAGE, include_in_schema=False)
async def get_maps() -> Redirect:
    """To the map of street crimes."""
    return Redirect(PATHS[Dataset.STREET], status_code=302)


@get(list(PATHS.values()), opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_map(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    settings: NamedDependency[GatewaySettings],
    areas: NamedDependency[ForceAreas],
    postcodes: NamedDependency[Postcodes],
) -> Response[Any]:
    """A map with its filters, the chosen hexagon and the table."""
    state = read_state(dataset_of(request), request.query_params.dict())
    postcode = first(request.query_params.dict(), "postcode")
    compute = computed(state, areas, settings)
    if postcode:
        try:
            return Redirect(state.address(at=await find(postcodes, postcode)), status_code=303)
        except RequestError as error:
            fault = str(error).removeprefix("postcode: ")
            async with store.long_snapshot() as snapshot:
                shown = await compute(snapshot)
            told = render_map(shown, style_url=settings.basemap_style_url, fault=fault, postcode=postcode)
            answer = answer_now(told, describe(error)[0])
            answer.headers.update(page_headers(settings.basemap_style_url))
            return answer
    if is_sent_by_form(request.query_params.dict()):
        return Redirect(state.address(), status_code=303)

    async def page(snapshot: Snapshot) -> str:
        return render_map(await compute(snapshot), style_url=settings.basemap_style_url)

    style_url = settings.basemap_style_url
    return await answer_page(
        request, store, cache, page, headers=page_headers(style_url), is_long=True, also=style_url
    )


@get([f"{path}/parts" for path in PATHS.values()], opt=PAGE, include_in_schema=False)
async def get_map_parts(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    settings: NamedDependency[GatewaySettings],
    areas: NamedDependency[ForceAreas],
) -> Response[Any]:
    """What stands beside and below a map, for the rectangle that a browser's own map shows (`bbox`)."""
    given = request.query_params.dict()
    state = read_state(dataset_of(request), given)
    compute = computed(state, areas, settings, read_bbox(first(given, "bbox")))

    async def page(snapshot: Snapshot) -> str:
        return render_parts(await compute(snapshot))

    return await answer_page(request, store, cache, page, is_long=True)


def dataset_of(request: AnyRequest) -> Dataset:
    """Which map an address is about."""
    path = request.url.path.removesuffix("/parts").rstrip("/")
    return next(dataset for dataset, known in PATHS.items() if known == path)


async def find(postcodes: Postcodes, text: str) -> View:
    """The streets around a postcode.

    Raises:
        ParameterError: it cannot be found; the text says why.
    """
    try:
        place = await postcodes.find(text)
    except PostcodeError as error:
        raise POSTCODE_ERRORS[error.reason]("postcode", str(error)) from error
    return View(round(place.latitude, 4), round(place.longitude, 4), POSTCODE_ZOOM)


def computed(
    state: MapState, areas: ForceAreas, settings: GatewaySettings, bbox: Bbox | None = None
) -> Callable[[Snapshot], Awaitable[Shown]]:
    """How a map is computed: with the functions that answer `/api/v1/hexes`."""
    west, south, east, north = (round(degrees, 5) for degrees in bbox or state.view.bbox())
    rectangle = Bbox(west, south, east, north)

    async def compute(snapshot: Snapshot) -> Shown:
        facts = await snapshot.facts()
        held = [
            format_month(one) for one in facts.months(state.dataset) if facts.loaded[state.dataset, one].grid
        ]
        month = state.month or (held[-1] if held else "")
        level, category, group = state.view.level, state.category, state.outcome_group
        asked = await read_asked(snapshot, state.dataset, level, month, category, group)
        cells = await collect(snapshot, asked, rectangle, areas, settings.max_cells)
        names = facts.names
        chosen = None
        if state.cell:
            every = await read_asked(snapshot, state.dataset, state.cell.level, None, category, group)
            counts = await snapshot.cell_months(every.query, state.cell.i, state.cell.j)
            chosen = history(state.cell, every, counts, areas)
        grids = [facts.loaded[state.dataset, one].grid for one in asked.query.months]
        return Shown(
            state=state,
            bbox=rectangle,
            asked=asked,
            cells=cells,
            chosen=chosen,
            held=held,
            categories=await category_names(snapshot, state.dataset),
            silent=silent_areas(facts, asked, areas.force_ids, names),
            without_place=sum(grid.without_cell for grid in grids if grid),
            names=names,
        )

    return compute


async def category_names(snapshot: Snapshot, dataset: Dataset) -> dict[str, str]:
    """Slug and name of what a map can be limited to: categories of crime, or objects of search."""
    published = (await snapshot.vocabulary()).labels.get(CATEGORY_KIND[dataset], {})
    found = await snapshot.categories() if dataset is Dataset.STREET else published
    return dict(sorted(found.items(), key=lambda pair: pair[1]))
