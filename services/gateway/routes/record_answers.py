"""How a search of records is answered: as JSON, GeoJSON or CSV."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response

from services.gateway.area import Area, Around, Circle, ForceArea, read_area
from services.gateway.context import Context, of_records
from services.gateway.coverage import Facts
from services.gateway.errors import NotFoundError, ParameterError, UnprocessableError
from services.gateway.parameters import among
from services.gateway.record_shapes import FIELDS, RecordCollection, Records, feature, json_record
from services.gateway.routes.answers import (
    BY_TYPE,
    CSV,
    GEO_JSON,
    JSON,
    AnyRequest,
    described_by,
    headers_for,
    is_current,
    month_headers,
    next_page,
    not_modified,
    wanted_type,
)
from services.gateway.search_parameters import guard_people, read_asked, read_filters
from services.gateway.search_store import Search, SearchStore
from services.gateway.settings import GatewaySettings
from shared.areas import ForceAreas
from shared.coverage import BTP
from shared.model import Dataset, format_month
from shared.postcode_lookup import Postcodes
from shared.postcodes import PostcodeError, Reason

NO_LOCATION = "records without a location are in no area; force finds them"
TRANSPORT_POLICE_NOTE = (
    "the police area's records include those of the British Transport Police in it (location_type BTP)"
)


@dataclass(frozen=True)
class Searches:
    """All that it takes to answer."""

    store: SearchStore
    postcodes: Postcodes
    areas: ForceAreas
    settings: GatewaySettings

    async def answer(self, request: AnyRequest, dataset: Dataset, given: Mapping[str, str]) -> Response[Any]:
        """One page of what is asked for."""
        media_type = wanted_type(request, (JSON, GEO_JSON, CSV))
        asked = read_asked(given, dataset, FIELDS[dataset], self.settings)
        area = await self.area(given)
        async with self.store.snapshot() as snapshot:
            facts, words = await snapshot.facts(), await snapshot.vocabulary()
            groups = await snapshot.outcome_groups(
                Dataset.STOPS if dataset is Dataset.STOPS else Dataset.STREET
            )
            filters = read_filters(given, dataset, words, [group.slug for group in groups])
            guard_people(area, filters)
            held = among(asked.months, facts.months(dataset), dataset)
            tag = tag_of(facts, media_type, area)
            if request.method == "GET" and is_current(request, tag):
                return not_modified(tag, BY_TYPE)
            versions = {month: facts.loaded[dataset, month].version for month in held}
            search = Search(dataset, area, asked, filters, versions, words)
            body: Any
            if media_type == CSV:
                body, last = await self.store.csv(snapshot, search)
            else:
                body, last = await self.store.rows(snapshot, search)
        context = of_records(facts, dataset, asked.months[::-1], touched(self.areas, area))
        is_get = request.method == "GET"
        headers = headers_for(tag) if is_get else {"Cache-Control": "no-store"}
        headers |= {"Vary": BY_TYPE, **month_headers(context.data_version, context.missing_months)}
        following = None if last is None else next_page(request, "after", last)
        links = [f'<{following}>; rel="next"'] if following else []
        if media_type != CSV:
            context.notes.extend(notes_of(facts, search))
            body = written(search, context, body, following, media_type)
        elif is_get and (link := described_by(request)):
            links.append(link)
        if links:
            headers["Link"] = ", ".join(links)
        return Response(body, headers=headers, media_type=media_type)

    async def area(self, given: Mapping[str, str]) -> Area:
        """Where is searched.

        Raises:
            ParameterError: nowhere, or where nothing can be.
        """
        area = read_area(given, (*self.areas.force_ids, BTP), self.settings)
        if not isinstance(area, Around):
            return area
        try:
            found = await self.postcodes.find(area.postcode)
        except PostcodeError as error:
            raise POSTCODE_ERRORS[error.reason]("postcode", str(error)) from error
        return Circle(found.latitude, found.longitude, area.radius_m, found.postcode)


POSTCODE_ERRORS: dict[Reason, type[ParameterError]] = {
    Reason.MALFORMED: ParameterError,
    Reason.UNKNOWN: NotFoundError,
    Reason.TERMINATED: NotFoundError,
    Reason.OUTSIDE: UnprocessableError,
    Reason.NO_POSITION: UnprocessableError,
}


def tag_of(facts: Facts, media_type: str, area: Area) -> str:
    """Names the state of an answer: of the data, of where the postcode is, and how it is written."""
    place = repr(area) if isinstance(area, Circle) and area.postcode else ""
    return f"{facts.revision}-{hashlib.sha256(f'{media_type}{place}'.encode()).hexdigest()[:8]}"


def touched(areas: ForceAreas, area: Area) -> list[str]:
    """The forces whose gaps may be gaps of this area."""
    if isinstance(area, ForceArea):
        return [area.force]
    if isinstance(area, Circle):
        return [*areas.reaching(area.longitude, area.latitude, area.radius_m), BTP]
    return [*areas.meeting(area.outline), BTP]


def notes_of(facts: Facts, search: Search) -> list[str]:
    """What the area leaves out or takes in that might not be expected."""
    if isinstance(search.area, ForceArea):
        return [] if search.dataset is Dataset.STOPS else [TRANSPORT_POLICE_NOTE]
    late = [
        f"{format_month(month)}: a newer version is loaded whose new places are not on the map yet: "
        "records at them are missing here"
        for month in sorted(search.versions)
        if not ((grid := facts.loaded[search.dataset, month].grid) and grid.is_current)
    ]
    return [NO_LOCATION, *late]


def written(
    search: Search, context: Context, rows: list[Any], following: str | None, media_type: str
) -> Records | RecordCollection:
    """The body of an answer in JSON."""
    asked, fields = search.asked, search.asked.fields
    filters: dict[str, Any] = search.area.words | {"months": [format_month(one) for one in asked.months]}
    if asked.crime_months is not None:
        filters["crime_months"] = [format_month(one) for one in asked.crime_months]
    said = (
        context.data_version,
        context.missing_months,
        filters | search.filters.words,
        context.gaps,
        context.notes,
    )
    if media_type == GEO_JSON:
        return RecordCollection(*said, [feature(row, fields) for row in rows], following)
    return Records(*said, [json_record(row, fields) for row in rows], following)
