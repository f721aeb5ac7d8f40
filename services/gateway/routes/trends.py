"""What changes with time: months beside the year before, and what has become of the crimes of a month."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec.structs import asdict

from services.gateway.cache import Cache
from services.gateway.context import Context, of_grid
from services.gateway.coverage import Facts
from services.gateway.cube_store import Cubes
from services.gateway.cubes import Cube
from services.gateway.funnel import cohorts
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.statistics import HIDDEN, counted_months, given_filters, read_filters
from services.gateway.routes.tables import Table, answer_table
from services.gateway.statistics import (
    FEWEST_PEOPLE,
    Question,
    asked_forces,
    count,
    guard_people,
    is_late,
    is_unknown,
)
from services.gateway.statistics_schemas import OutcomeCohort, OutcomeFunnel, Trend
from services.gateway.store import Snapshot, Store
from services.gateway.trends import YEAR, trend
from services.gateway.vocabulary import Vocabulary
from shared.model import Dataset, format_month, months_after

TOGETHER = "all forces together are counted as far as they published: see gaps"
UNFINISHED = "crimes of the last twelve months may still get an outcome: see is_finished"


@get(
    ["/api/v1/trends/street", "/api/v1/trends/street.csv"],
    summary="Street crimes month by month, beside the year before",
    tags=["statistics"],
)
async def get_street_trend(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
    outcome: FromQuery[str | None] = None,
    located: FromQuery[str | None] = None,
) -> Response[Trend]:
    """Counts of each month, of the same month a year before, and sums of twelve months; null where not known.

    Filters are those of the statistics. Without `month` all counted months are shown.
    """
    given = given_filters(
        force=force, category=category, outcome_group=outcome_group, outcome=outcome, located=located
    )

    async def compute(snapshot: Snapshot) -> Table:
        return await trend_table(snapshot, cubes, Dataset.STREET, month, given)

    return await answer_table(request, store, cache, compute)


@get(
    ["/api/v1/trends/stops", "/api/v1/trends/stops.csv"],
    summary="Stops and searches month by month, beside the year before",
    tags=["statistics"],
)
async def get_stop_trend(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    type: FromQuery[str | None] = None,
    object: FromQuery[str | None] = None,
    legislation: FromQuery[str | None] = None,
    self_ethnicity: FromQuery[str | None] = None,
    officer_ethnicity: FromQuery[str | None] = None,
    age_range: FromQuery[str | None] = None,
    gender: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
    outcome: FromQuery[str | None] = None,
    located: FromQuery[str | None] = None,
) -> Response[Trend]:
    """Counts of each month, of the same month a year before, and sums of twelve months; null where not known.

    Filters are those of the statistics, and so is the rule about people: counts under five are null.
    """
    given = given_filters(
        force=force, type=type, object=object, legislation=legislation, self_ethnicity=self_ethnicity,
        officer_ethnicity=officer_ethnicity, age_range=age_range, gender=gender, outcome_group=outcome_group,
        outcome=outcome, located=located,
    )  # fmt: skip

    async def compute(snapshot: Snapshot) -> Table:
        return await trend_table(snapshot, cubes, Dataset.STOPS, month, given)

    return await answer_table(request, store, cache, compute)


@get(
    ["/api/v1/outcome-funnel", "/api/v1/outcome-funnel.csv"],
    summary="What has become of the crimes of each month",
    tags=["statistics"],
)
async def get_outcome_funnel(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
) -> Response[OutcomeFunnel]:
    """Cohorts: the crimes of a month by the outcome that is published of them by now.

    Anti-social behaviour never has an outcome and is not counted. Months that are too recent to be complete
    are marked: `is_finished`.
    """
    given = given_filters(force=force, category=category)

    async def compute(snapshot: Snapshot) -> Table:
        return await funnel_table(snapshot, cubes, month, given)

    return await answer_table(request, store, cache, compute)


async def trend_table(
    snapshot: Snapshot, cubes: Cubes, dataset: Dataset, month: str | None, given: Mapping[str, str]
) -> Table:
    """The whole answer."""
    facts, words = await snapshot.facts(), await snapshot.vocabulary()
    asked, _ = counted_months(facts, dataset, month, usual=None)
    filters = await read_filters(snapshot, words, dataset, given)
    cube = await cubes.cube(snapshot, facts, dataset)
    question = Question(dataset, cube.months, ["month"], filters)
    guard_people(question)
    known = await asyncio.to_thread(known_counts, cube, words, question, facts)
    rows = trend(known, asked)
    earlier = [month for month in cube.months if months_after(asked[0], 1 - 2 * YEAR) <= month < asked[0]]
    summed = [*earlier, *asked]
    held = of_grid(facts, dataset, summed, [force.slug for force in asked_forces(question, facts)])
    answer = Trend(
        dataset=dataset,
        filters=filters,
        data_version=held.data_version,
        missing_months=held.missing_months,
        rows=rows,
        gaps=held.gaps,
        notes=[
            *held.notes,
            *([] if "force" in filters else [TOGETHER]),
            *([HIDDEN] if question.personal else []),
        ],
    )
    return Table(answer, rows[0].__struct_fields__, [asdict(row) for row in rows])


def known_counts(cube: Cube, words: Vocabulary, question: Question, facts: Facts) -> dict[date, int | None]:
    """The count of each month; None where nothing is known of it, or few people are counted."""
    counts = count(cube, words, question)
    known = known_months(cube, words, question, facts)

    def told(month: date) -> int | None:
        n = counts[format_month(month),]
        is_hidden = bool(question.personal) and 0 < n < FEWEST_PEOPLE
        return n if month in known and not is_hidden else None

    return {month: told(month) for month in question.months}


def known_months(cube: Cube, words: Vocabulary, question: Question, facts: Facts) -> set[date]:
    """The months of which something is known: of all forces together, or of each that was asked for."""
    late = [one for one in question.months if is_late(facts, question.dataset, one)]
    # By force only where it matters: it takes twice the time.
    of_late = count(cube, words, replace(question, by=["month", "force"], months=late))
    forces = asked_forces(question, facts)
    enough = all if "force" in question.filters else any
    return {
        one
        for one in question.months
        if enough(
            not is_unknown(facts, question.dataset, one, force, of_late[format_month(one), force.slug])
            for force in forces
        )
    }


def notes_of(held: Context, question: Question) -> list[str]:
    """What is to be known of counts of months."""
    together = [] if "force" in question.filters else [TOGETHER]
    return [*held.notes, *together, *([HIDDEN] if question.personal else [])]


async def funnel_table(
    snapshot: Snapshot, cubes: Cubes, month: str | None, given: Mapping[str, str]
) -> Table:
    """The whole answer."""
    facts, words = await snapshot.facts(), await snapshot.vocabulary()
    asked, counted = counted_months(facts, Dataset.STREET, month, usual=None)
    filters = await read_filters(snapshot, words, Dataset.STREET, given)
    groups = await snapshot.outcome_groups(Dataset.STREET)
    cube = await cubes.cube(snapshot, facts, Dataset.STREET)
    question = Question(Dataset.STREET, counted, ["month"], filters)
    known = await asyncio.to_thread(known_months, cube, words, question, facts)
    question = replace(question, months=[one for one in counted if one in known])
    slugs = [group.slug for group in groups]
    rows = await asyncio.to_thread(cohorts, cube, words, question, slugs, cube.months[-1])
    held = of_grid(facts, Dataset.STREET, asked, [force.slug for force in asked_forces(question, facts)])
    answer = OutcomeFunnel(
        filters=filters,
        data_version=held.data_version,
        missing_months=held.missing_months,
        outcome_groups={group.slug: group.label for group in groups},
        rows=rows,
        gaps=held.gaps,
        notes=[*notes_of(held, question), UNFINISHED],
    )
    flat = [{**(row := asdict(cohort)), **row.pop("groups")} for cohort in rows]
    columns = [name for name in OutcomeCohort.__struct_fields__ if name != "groups"]
    return Table(answer, [*columns, *slugs], flat)
