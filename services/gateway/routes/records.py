"""Single records, as they were published: street crimes, outcomes, stops."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from services.gateway.area import PARTS
from services.gateway.routes.answers import ENDINGS, AnyRequest
from services.gateway.routes.record_answers import Searches
from services.gateway.search_parameters import KINDS, read_body
from shared.model import Dataset

MOST_BYTES = 1_000_000
"""Of a body. A polygon with as many vertices as are allowed is a twentieth of it."""
PAGING = ("limit", "fields")
FILTERS = {
    Dataset.STREET: ("month", *KINDS[Dataset.STREET], "outcome_group", "outcome"),
    Dataset.OUTCOMES: ("month", "crime_month", *KINDS[Dataset.OUTCOMES], "outcome_group", "outcome"),
    Dataset.STOPS: ("month", *KINDS[Dataset.STOPS], "outcome_group", "outcome"),
}
STREET_CRIMES, OUTCOMES, STOPS = "/api/v1/street-crimes", "/api/v1/outcomes", "/api/v1/stops"

Latitude = Annotated[str | None, QueryParameter(description="Degrees, WGS 84; with longitude")]
Longitude = Annotated[str | None, QueryParameter(description="Degrees, WGS 84; with latitude")]
Radius = Annotated[str | None, QueryParameter(description="Metres around the point or postcode; usually 500")]
Box = Annotated[str | None, QueryParameter(description="west,south,east,north in degrees")]
Polygon = Annotated[str | None, QueryParameter(description="GeoJSON text of a Polygon or MultiPolygon")]
Postcode = Annotated[str | None, QueryParameter(description="A whole postcode in England or Wales")]
Area = Annotated[str | None, QueryParameter(description="Police area, located or not; a force's id, or btp")]
Publisher = Annotated[str | None, QueryParameter(description="The force that published the stop")]
Month = Annotated[str | None, QueryParameter(description="YYYY-MM, a range 2018-10..2018-12, or a list")]
Words = Annotated[str | None, QueryParameter(description="Published words as slugs, with commas between")]
Group = Annotated[str | None, QueryParameter(description="Groups of outcomes, with commas between")]
Outcome = Annotated[str | None, QueryParameter(description="Outcomes as slugs or codes, with commas between")]
Limit = Annotated[str | None, QueryParameter(description="Records of a page; usually 100")]
After = Annotated[str | None, QueryParameter(description="The id of the last record of the page before")]
Fields = Annotated[str | None, QueryParameter(description="Only these fields, with commas between")]


def addresses(path: str) -> list[str]:
    """A path, plain and with all its endings."""
    return [path, *(f"{path}.{ending}" for ending in ENDINGS)]


@get(addresses(STREET_CRIMES), summary="Street crimes, one by one", tags=["records"])
async def get_street_crimes(
    request: AnyRequest,
    searches: NamedDependency[Searches],
    latitude: Latitude = None,
    longitude: Longitude = None,
    radius: Radius = None,
    bbox: Box = None,
    polygon: Polygon = None,
    postcode: Postcode = None,
    force: Area = None,
    month: Month = None,
    category: Words = None,
    outcome_group: Group = None,
    outcome: Outcome = None,
    limit: Limit = None,
    after: After = None,
    fields: Fields = None,
) -> Response[Any]:
    """Crimes of a circle, rectangle, polygon, postcode or police area, newest month first.

    Exactly one place is named. `after` is the id of the last record that was given: nothing comes twice, even
    if the data change meanwhile. Endings `.json`, `.geojson` and `.csv` go before `Accept`.
    """
    return await searches.answer(request, Dataset.STREET, request.query_params)


@get(addresses(OUTCOMES), summary="Outcomes of crimes, one by one", tags=["records"])
async def get_outcomes(
    request: AnyRequest,
    searches: NamedDependency[Searches],
    latitude: Latitude = None,
    longitude: Longitude = None,
    radius: Radius = None,
    bbox: Box = None,
    polygon: Polygon = None,
    postcode: Postcode = None,
    force: Area = None,
    month: Month = None,
    crime_month: Month = None,
    category: Words = None,
    outcome_group: Group = None,
    outcome: Outcome = None,
    limit: Limit = None,
    after: After = None,
    fields: Fields = None,
) -> Response[Any]:
    """Outcomes by the month in which they were recorded; the crime may be of any earlier `crime_month`.

    Places, pages and endings as for street crimes.
    """
    return await searches.answer(request, Dataset.OUTCOMES, request.query_params)


@get(addresses(STOPS), summary="Stops and searches, one by one", tags=["records"])
async def get_stops(
    request: AnyRequest,
    searches: NamedDependency[Searches],
    latitude: Latitude = None,
    longitude: Longitude = None,
    radius: Radius = None,
    bbox: Box = None,
    polygon: Polygon = None,
    postcode: Postcode = None,
    force: Publisher = None,
    month: Month = None,
    self_ethnicity: Words = None,
    officer_ethnicity: Words = None,
    age_range: Words = None,
    gender: Words = None,
    object: Words = None,
    legislation: Words = None,
    type: Words = None,
    outcome_group: Group = None,
    outcome: Outcome = None,
    limit: Limit = None,
    after: After = None,
    fields: Fields = None,
) -> Response[Any]:
    """Stops as published, never joined to each other or to crimes.

    At most two of `self_ethnicity`, `officer_ethnicity`, `age_range` and `gender` are combined, and these
    need a force, a radius of 500 m or more, or 0.75 km². Places, pages and endings as for street crimes.
    """
    return await searches.answer(request, Dataset.STOPS, request.query_params)


@post(addresses(STREET_CRIMES), status_code=200, request_max_body_size=MOST_BYTES,
      summary="Street crimes of a large polygon", tags=["records"])  # fmt: skip
async def post_street_crimes(
    request: AnyRequest, searches: NamedDependency[Searches], after: After = None
) -> Response[Any]:
    """The same as GET with the parameters as a JSON object, `polygon` an object in it; only reads.

    `after` stays in the address: post the same body to `next`.
    """
    return await answer_body(request, searches, Dataset.STREET)


@post(addresses(OUTCOMES), status_code=200, request_max_body_size=MOST_BYTES,
      summary="Outcomes of crimes of a large polygon", tags=["records"])  # fmt: skip
async def post_outcomes(
    request: AnyRequest, searches: NamedDependency[Searches], after: After = None
) -> Response[Any]:
    """The same as GET with the parameters as a JSON object, `polygon` an object in it; only reads.

    `after` stays in the address: post the same body to `next`.
    """
    return await answer_body(request, searches, Dataset.OUTCOMES)


@post(addresses(STOPS), status_code=200, request_max_body_size=MOST_BYTES,
      summary="Stops and searches of a large polygon", tags=["records"])  # fmt: skip
async def post_stops(
    request: AnyRequest, searches: NamedDependency[Searches], after: After = None
) -> Response[Any]:
    """The same as GET with the parameters as a JSON object, `polygon` an object in it; only reads.

    `after` stays in the address: post the same body to `next`.
    """
    return await answer_body(request, searches, Dataset.STOPS)


async def answer_body(request: AnyRequest, searches: Searches, dataset: Dataset) -> Response[Any]:
    """The answer to a search that is sent as a body."""
    given = read_body(await request.body(), (*PARTS, *FILTERS[dataset], *PAGING))
    return await searches.answer(request, dataset, given | dict(request.query_params))
