"""Dashboards of counts: street crimes, and stops and searches."""

from services.gateway.cube_store import Cubes
from services.gateway.routes.pages.boards.asked import Question, dashboard, require_months
from services.gateway.site.dashboards.counts import by_force, by_month, by_slug
from services.gateway.site.dashboards.missing import thin_months
from services.gateway.site.dashboards.pages import CRIME, STOPS
from services.gateway.site.dashboards.questions import (
    Sent,
    force_field,
    held_months,
    period_fields,
    read_period,
    several_field,
)
from services.gateway.site.dashboards.shapes import Dashboard
from services.gateway.statistics_schemas import Statistics
from services.gateway.store import Snapshot
from shared.model import Dataset

PEOPLE = {
    "self_ethnicity": "Self-defined ethnicity",
    "officer_ethnicity": "Officer-defined ethnicity",
    "age_range": "Age range",
    "gender": "Gender",
}
NOT_TOLD = "not told"
MONTH_BY_MONTH = "Month by month"
CRIME_MONTHS = "Records by the month in which they were recorded."
CATEGORIES = "Each record has one category."
CRIME_OUTCOMES = "What is published by now. Recent crimes may still get one: see the outcomes dashboard."
STOP_MONTHS = "Stops by the month in which they happened."
STOP_OUTCOMES = "Published outcomes in groups; the methodology says which label is in which."
OBJECTS = "What was searched for."
OF_PEOPLE = (
    "As published, without any rate: who is in a place at a time is not known. Small groups are not told."
)


async def crime(snapshot: Snapshot, cubes: Cubes, sent: Sent) -> Dashboard:
    """Street crimes: how many, of which categories, when, with which outcomes, where."""
    facts = await snapshot.facts()
    held = require_months(held_months(facts, Dataset.STREET), Dataset.STREET)
    period = read_period(sent, held)
    names = await snapshot.categories()
    groups = {group.slug: group.label for group in await snapshot.outcome_groups(Dataset.STREET)}
    filters = {name: sent.joined(name) for name in ("force", "category", "outcome_group")}
    question = Question(snapshot, cubes, Dataset.STREET, period, filters)
    months, api = await question.ask("month")
    thin = thin_months(months.gaps, facts.forces, sent.several("force"))
    charts = [by_month(months, span_of(months), thin, MONTH_BY_MONTH, CRIME_MONTHS, api)]
    categories, api = await question.ask("category")
    charts.append(by_slug(categories, names, "categories", "By category", CATEGORIES, api))
    outcomes, api = await question.ask("outcome_group")
    charts.append(by_slug(outcomes, groups, "outcomes", "By outcome", CRIME_OUTCOMES, api))
    if not filters["force"]:
        forces, api = await question.ask("force")
        charts.append(by_force(forces, {force.slug: force.name for force in facts.forces}, api))
    located, _ = await question.ask("located")
    without = next((int(row["count"] or 0) for row in located.rows if row["located"] is False), 0)
    unlocated = NOT_TOLD if months.total is None else f"{without:,}"
    fields = [
        *period_fields(held, period),
        force_field(facts.forces, sent.several("force")),
        several_field("category", "Categories", names, sent.several("category")),
        several_field("outcome_group", "Outcomes", groups, sent.several("outcome_group")),
    ]
    keys = [
        *total_keys(months),
        ("Without published coordinates", unlocated, "counted here, on no map"),
    ]
    return dashboard(CRIME, fields, keys, charts, months, months.months, period, sent)


async def stops(snapshot: Snapshot, cubes: Cubes, sent: Sent) -> Dashboard:
    """Stops and searches: how many, when, of what, of whom, with which outcomes."""
    facts, vocabulary = await snapshot.facts(), await snapshot.vocabulary()
    held = require_months(held_months(facts, Dataset.STOPS), Dataset.STOPS)
    period = read_period(sent, held)
    groups = {group.slug: group.label for group in await snapshot.outcome_groups(Dataset.STOPS)}
    words = vocabulary.labels
    names = ("force", "object", "legislation", "outcome_group", *PEOPLE)
    question = Question(snapshot, cubes, Dataset.STOPS, period, {name: sent.joined(name) for name in names})
    months, api = await question.ask("month")
    thin = thin_months(months.gaps, facts.forces, sent.several("force"))
    charts = [by_month(months, span_of(months), thin, MONTH_BY_MONTH, STOP_MONTHS, api)]
    outcomes, api = await question.ask("outcome_group")
    charts.append(by_slug(outcomes, groups, "outcomes", "By outcome", STOP_OUTCOMES, api))
    objects, api = await question.ask("object")
    charts.append(
        by_slug(objects, words.get("object_of_search", {}), "objects", "By object of search", OBJECTS, api)
    )
    for name, title in PEOPLE.items():
        if question.combines(name):
            answer, api = await question.ask(name)
            charts.append(by_slug(answer, words.get(name, {}), name, title, OF_PEOPLE, api))
    fields = [
        *period_fields(held, period),
        force_field(facts.forces, sent.several("force")),
        several_field("outcome_group", "Outcomes", groups, sent.several("outcome_group")),
        several_field(
            "object", "Objects of search", words.get("object_of_search", {}), sent.several("object")
        ),
        several_field(
            "legislation", "Legislation", words.get("legislation", {}), sent.several("legislation")
        ),
        *(several_field(one, title, words.get(one, {}), sent.several(one)) for one, title in PEOPLE.items()),
    ]
    keys = total_keys(months)
    return dashboard(STOPS, fields, keys, charts, months, months.months,
        period, sent,
    )  # fmt: skip


def span_of(answer: Statistics) -> list[str]:
    """All months of a period, held or not."""
    return sorted({*answer.months, *answer.missing_months})


def total_keys(answer: Statistics) -> list[tuple[str, str, str]]:
    """The total, and the months that it is of."""
    total = NOT_TOLD if answer.total is None else f"{answer.total:,}"
    missing = len(answer.missing_months)
    told = f"{missing} more are not held" if missing else "all are held"
    return [("Records", total, "in the months shown"), ("Months", str(len(answer.months)), told)]
