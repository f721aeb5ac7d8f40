"""Counts and shares by any dimension: the tables behind the dashboards."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.cache import Cache
from services.gateway.context import of_grid
from services.gateway.coverage import Facts
from services.gateway.cube_store import Cubes
from services.gateway.errors import NotFoundError
from services.gateway.parameters import read_months
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.tables import Table, answer_table, read_names
from services.gateway.search_parameters import read_slugs
from services.gateway.statistics import (
    FEWEST_PEOPLE,
    KINDS,
    Question,
    asked_forces,
    count,
    dimensions,
    guard_people,
    is_unknown,
    rows_of,
)
from services.gateway.statistics_schemas import Statistics
from services.gateway.store import Snapshot, Store
from services.gateway.vocabulary import Vocabulary
from shared.model import Dataset, format_month, months_after

MOST_DIMENSIONS = 3
USUAL_MONTHS = 12
"""Counted back from the newest counted month, where no month is asked for."""
HIDDEN = (
    "groups of fewer than five stops of people are not told; with them, where it is only one, the next larger"
)


@get(
    ["/api/v1/statistics/street", "/api/v1/statistics/street.csv"],
    summary="Street crimes counted by any dimension",
    tags=["statistics"],
)
async def get_street_statistics(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    by: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
    outcome: FromQuery[str | None] = None,
    located: FromQuery[str | None] = None,
) -> Response[Statistics]:
    """Counts by up to three of month, force, category, outcome, outcome_group and located.

    Filters take several slugs with commas. `force` is the police area of the location, without one the force
    that published; btp is told apart. Without `month` the newest twelve are counted.
    """
    given = given_filters(
        force=force, category=category, outcome_group=outcome_group, outcome=outcome, located=located
    )

    async def compute(snapshot: Snapshot) -> Table:
        return await statistics(snapshot, cubes, Dataset.STREET, by, month, given, ["category"])

    return await answer_table(request, store, cache, compute)


@get(
    ["/api/v1/statistics/stops", "/api/v1/statistics/stops.csv"],
    summary="Stops and searches counted by any dimension",
    tags=["statistics"],
)
async def get_stop_statistics(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    cubes: NamedDependency[Cubes],
    by: FromQuery[str | None] = None,
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
) -> Response[Statistics]:
    """Counts by up to three of the filters' names and month; `force` is the one that published the stop.

    At most two of self_ethnicity, officer_ethnicity, age_range and gender are combined, and groups of fewer
    than five stops are then not told.
    """
    given = given_filters(
        force=force, type=type, object=object, legislation=legislation, self_ethnicity=self_ethnicity,
        officer_ethnicity=officer_ethnicity, age_range=age_range, gender=gender, outcome_group=outcome_group,
        outcome=outcome, located=located,
    )  # fmt: skip

    async def compute(snapshot: Snapshot) -> Table:
        return await statistics(snapshot, cubes, Dataset.STOPS, by, month, given, ["object"])

    return await answer_table(request, store, cache, compute)


def given_filters(**texts: str | None) -> dict[str, str]:
    """The filters that were given."""
    return {name: text for name, text in texts.items() if text is not None}


async def statistics(
    snapshot: Snapshot,
    cubes: Cubes,
    dataset: Dataset,
    by: str | None,
    month: str | None,
    given: Mapping[str, str],
    default: Sequence[str],
) -> Table:
    """The whole answer."""
    facts, words = await snapshot.facts(), await snapshot.vocabulary()
    names = read_names("by", by, dimensions(dataset), default, most=MOST_DIMENSIONS)
    asked, counted = counted_months(facts, dataset, month)
    question = Question(dataset, counted, names, await read_filters(snapshot, words, dataset, given))
    guard_people(question)
    cube = await cubes.cube(snapshot, facts, dataset)
    counts = await asyncio.to_thread(count, cube, words, question)
    rows = rows_of(question, counts, facts)
    held = of_grid(facts, dataset, asked, [force.slug for force in asked_forces(question, facts)])
    total = sum(counts.values())
    shown = [row for row in rows if "hidden" not in row]
    hides = bool(question.personal) and (not shown or total < FEWEST_PEOPLE)
    unknown = not total and all(
        is_unknown(facts, dataset, one, force, total)
        for one in counted
        for force in asked_forces(question, facts)
    )
    answer = Statistics(
        dataset=dataset,
        by=names,
        filters={name: list(slugs) for name, slugs in question.filters.items()},
        months=[format_month(one) for one in counted],
        data_version=held.data_version,
        missing_months=held.missing_months,
        total=None if hides or unknown else total,
        rows=rows,
        labels=labels_of(words, question, rows),
        gaps=held.gaps,
        notes=held.notes + ([HIDDEN] if question.personal else []),
    )
    hidden = ["hidden"] if question.personal else []
    return Table(answer, [*names, "count", "share", *hidden], rows)


def counted_months(
    facts: Facts, dataset: Dataset, text: str | None, usual: int | None = USUAL_MONTHS
) -> tuple[list[date], list[date]]:
    """The months that are asked for, and those of them that are counted.

    Raises:
        NotFoundError: none is counted.
    """
    counted = [month for month in facts.months(dataset) if facts.loaded[dataset, month].grid]
    if not counted:
        raise NotFoundError("month", f"no month of {dataset} is counted yet", [])
    if text is None and usual is None:
        first, last = counted[0], counted[-1]
        asked = [month for n in range(1000) if (month := months_after(first, n)) <= last]
    elif text is None:
        asked = [months_after(counted[-1], -back) for back in reversed(range(usual or 1))]
    else:
        asked = read_months(text)
    found = [month for month in asked if month in set(counted)]
    if not found:
        valid = [format_month(month) for month in counted]
        raise NotFoundError(
            "month", f"none of these months of {dataset} is held; there are {', '.join(valid)}", valid
        )
    return asked, found


async def read_filters(
    snapshot: Snapshot, words: Vocabulary, dataset: Dataset, given: Mapping[str, str]
) -> dict[str, list[str]]:
    """The slugs of each filter, all of them known."""
    kinds, filters = KINDS[dataset], {}
    for name, text in given.items():
        if name == "located":
            valid = ["true", "false"]
        elif name == "outcome_group":
            valid = [group.slug for group in await snapshot.outcome_groups(dataset)]
        else:
            valid = words.valid(kinds[name])
            if name == "category":  # what may be asked for is what was ever published, or could be
                valid = sorted({*valid, *await snapshot.categories()})
        filters[name] = read_slugs(name, text, valid) or []
    return filters


def labels_of(
    words: Vocabulary, question: Question, rows: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """What was published for the slugs that the rows have."""
    kinds = KINDS[question.dataset]
    return {
        name: {row[name]: words.labels[kinds[name]][row[name]] for row in rows}
        for name in question.by
        if name in kinds and name != "force"
    }
