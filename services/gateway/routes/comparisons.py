"""Two places or two periods beside each other, and a place beside what ONS publishes."""

import asyncio
from collections.abc import Mapping, Sequence

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec.structs import asdict

from services.gateway.area import ForceArea
from services.gateway.cache import Cache
from services.gateway.comparison import compare
from services.gateway.coverage import Facts
from services.gateway.cube_store import Cubes
from services.gateway.parameters import required
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.record_answers import Searches, touched
from services.gateway.routes.statistics import counted_months, given_filters, read_filters
from services.gateway.routes.tables import Table, answer_table, read_names
from services.gateway.sides import (
    COUNTRY,
    FORM,
    Place,
    area_parameters,
    count_area,
    count_force,
    read_force_place,
)
from services.gateway.statistics import KINDS, Question
from services.gateway.statistics_schemas import ComparedRow, Comparison, OnsComparison, OnsRow
from services.gateway.store import Snapshot, Store
from shared.areas import ForceAreas
from shared.coverage import BTP
from shared.model import Dataset
from shared.ons import current
from shared.rates import percent, points

IMPERSONAL = ["type", "object", "legislation", "outcome", "outcome_group"]


@get(
    ["/api/v1/comparisons/street", "/api/v1/comparisons/street.csv"],
    summary="The mix of street crimes of two places or periods",
    tags=["statistics"],
)
async def get_street_comparison(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    searches: NamedDependency[Searches],
    a: FromQuery[str | None] = None,
    b: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    month_b: FromQuery[str | None] = None,
    by: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
) -> Response[Comparison]:
    """Shares of both sides by category (or outcome, or outcome_group) and their differences.

    `a` and `b` are england-and-wales (`b` if not given), a force, circle:latitude,longitude,metres,
    postcode:EC2M 7PY,metres, bbox:west,south,east,north or polygon:{GeoJSON}; `month_b` is the period of `b`
    if it is another. Months in which a force published nothing are left out of its side, and named.
    """
    places = await read_places(a, b, searches)
    given = given_filters(category=category, outcome_group=outcome_group)

    async def compute(snapshot: Snapshot) -> Table:
        names = read_names("by", by, ["category", "outcome", "outcome_group"], ["category"], most=1)
        return await comparison_table(
            snapshot, cubes, searches.areas, Dataset.STREET, places, (month, month_b), names[0], given
        )

    return await answer_table(request, store, cache, compute, places=places)


@get(
    ["/api/v1/comparisons/stops", "/api/v1/comparisons/stops.csv"],
    summary="The mix of stops and searches of two places or periods",
    tags=["statistics"],
)
async def get_stop_comparison(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    searches: NamedDependency[Searches],
    a: FromQuery[str | None] = None,
    b: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    month_b: FromQuery[str | None] = None,
    by: FromQuery[str | None] = None,
    object: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
) -> Response[Comparison]:
    """Shares of both sides by object (or type, legislation, outcome, outcome_group) and their differences.

    `a` and `b` are england-and-wales (`b` if not given), a force, circle:latitude,longitude,metres,
    postcode:EC2M 7PY,metres, bbox:west,south,east,north or polygon:{GeoJSON}; `month_b` is the period of `b`
    if it is another. What describes people is not compared: that is for the statistics of whole forces.
    """
    places = await read_places(a, b, searches)
    given = given_filters(object=object, outcome_group=outcome_group)

    async def compute(snapshot: Snapshot) -> Table:
        names = read_names("by", by, IMPERSONAL, ["object"], most=1)
        return await comparison_table(
            snapshot, cubes, searches.areas, Dataset.STOPS, places, (month, month_b), names[0], given
        )

    return await answer_table(request, store, cache, compute, places=places)


@get(
    ["/api/v1/comparisons/ons", "/api/v1/comparisons/ons.csv"],
    summary="The mix of street crimes beside ONS recorded crime",
    tags=["statistics"],
)
async def get_ons_comparison(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    force: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
) -> Response[OnsComparison]:
    """Shares of the categories that ONS counts too; `force` is a police area or england-and-wales.

    Composition is compared, never volume. The edition and its population are named in the answer.
    """

    async def compute(snapshot: Snapshot) -> Table:
        return await ons_table(snapshot, cubes, force, month)

    return await answer_table(request, store, cache, compute)


async def comparison_table(
    snapshot: Snapshot,
    cubes: Cubes,
    areas: ForceAreas,
    dataset: Dataset,
    places: Sequence[Place],
    periods: Sequence[str | None],
    by: str,
    given: Mapping[str, str],
) -> Table:
    """The whole answer."""
    facts, words = await snapshot.facts(), await snapshot.vocabulary()
    filters = await read_filters(snapshot, words, dataset, given)
    cube = await cubes.cube(snapshot, facts, dataset)
    sides = []
    for place, period in zip(
        places, (periods[0], periods[0] if periods[1] is None else periods[1]), strict=True
    ):
        question = ask(facts, dataset, place, period, by, filters)
        if place.area is None:
            sides.append(await asyncio.to_thread(count_force, cube, words, facts, question, place))
        else:
            forces = touched(areas, place.area)
            sides.append(await count_area(snapshot, words, facts, question, place, forces))
    rows = compare(sides[0].counts, sides[1].counts)
    labels = words.labels.get(KINDS[dataset].get(by, ""), {})
    answer = Comparison(
        dataset=dataset,
        by=by,
        filters=filters,
        a=sides[0].side,
        b=sides[1].side,
        rows=rows,
        labels={row.slug: labels.get(row.slug, row.slug) for row in rows},
    )
    return Table(answer, ComparedRow.__struct_fields__, [asdict(row) for row in rows])


async def read_places(a: str | None, b: str | None, searches: Searches) -> list[Place]:
    """Both sides; the second is the country unless it is given."""
    return [await read_place("a", a, searches), await read_place("b", COUNTRY if b is None else b, searches)]


async def read_place(name: str, text: str | None, searches: Searches) -> Place:
    """A force, the country or an area; a postcode is looked up."""
    text = required(name, text, f"it is {FORM}")
    given = area_parameters(text)
    if given is None:
        return read_force_place(name, text, [COUNTRY, *searches.areas.force_ids, BTP])
    area = await searches.area(given)
    assert not isinstance(area, ForceArea)
    return Place(text, area)


def ask(
    facts: Facts,
    dataset: Dataset,
    place: Place,
    period: str | None,
    by: str,
    filters: Mapping[str, Sequence[str]],
) -> Question:
    """What is to be counted of a side; all months that are asked for, held or not."""
    asked, _ = counted_months(facts, dataset, period)
    where: dict[str, Sequence[str]] = {}
    if place.text == COUNTRY:  # without Northern Ireland, Scotland's stations, and btp, which has no area
        where["force"] = [force.slug for force in facts.forces if force.population]
    elif place.area is None:
        where["force"] = [place.text]
    return Question(dataset, asked, [by], {**filters, **where})


async def ons_table(snapshot: Snapshot, cubes: Cubes, force: str | None, month: str | None) -> Table:
    """The whole answer."""
    facts, words, ons = await snapshot.facts(), await snapshot.vocabulary(), current()
    valid = [COUNTRY, *sorted(slug for slug in ons.rates if slug != COUNTRY)]
    place = read_force_place("force", COUNTRY if force is None else force, valid)
    cube = await cubes.cube(snapshot, facts, Dataset.STREET)
    question = ask(facts, Dataset.STREET, place, month, "category", {})
    counted = await asyncio.to_thread(count_force, cube, words, facts, question, place)
    here = {slug: counted.counts[slug] for slug in ons.offence_groups}
    total = sum(here.values())
    rates, shares = ons.rates[place.text], ons.shares(place.text) or {}
    names = await snapshot.categories()
    rows = [
        OnsRow(
            category=slug,
            name=names[slug],
            offence_groups=groups,
            count=here[slug],
            share=percent(here[slug], total),
            ons_rate=round(rates[slug], 2),
            ons_share=shares[slug],
            difference_pp=points(percent(here[slug], total), shares[slug]),
        )
        for slug, groups in ons.offence_groups.items()
    ]
    side = counted.side
    answer = OnsComparison(
        area=place.text,
        edition=ons.title,
        population=ons.population,
        months=side.months,
        data_version=side.data_version,
        missing_months=side.missing_months,
        total=total,
        rows=sorted(rows, key=lambda row: (-row.count, row.name)),
        gaps=side.gaps,
        notes=side.notes,
    )
    return Table(answer, OnsRow.__struct_fields__, [asdict(row) for row in answer.rows])
