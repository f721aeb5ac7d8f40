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
from services.gateway.site.language import N_, ngettext
from services.gateway.site.language import gettext as _
from services.gateway.statistics_schemas import Statistics
from services.gateway.store import Snapshot
from shared.model import Dataset

PEOPLE = {
    "self_ethnicity": N_("Self-defined ethnicity"),
    "officer_ethnicity": N_("Officer-defined ethnicity"),
    "age_range": N_("Age range"),
    "gender": N_("Gender"),
}
NOT_TOLD = N_("not told")
MONTH_BY_MONTH = N_("Month by month")
CRIME_MONTHS = N_("Records by the month in which they were recorded.")
CATEGORIES = N_("Each record has one category.")
CRIME_OUTCOMES = N_("What is published by now. Recent crimes may still get one: see the outcomes dashboard.")
STOP_MONTHS = N_("Stops by the month in which they happened.")
STOP_OUTCOMES = N_("Published outcomes in groups; the methodology says which label is in which.")
OBJECTS = N_("What was searched for.")
OF_PEOPLE = N_(
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
    charts = [by_month(months, span_of(months), thin, _(MONTH_BY_MONTH), _(CRIME_MONTHS), api)]
    categories, api = await question.ask("category")
    charts.append(by_slug(categories, names, "categories", _("By category"), _(CATEGORIES), api))
    outcomes, api = await question.ask("outcome_group")
    charts.append(by_slug(outcomes, groups, "outcomes", _("By outcome"), _(CRIME_OUTCOMES), api))
    if not filters["force"]:
        forces, api = await question.ask("force")
        charts.append(by_force(forces, facts.names, api))
    located = (await question.ask("located"))[0]
    without = next((int(row["count"] or 0) for row in located.rows if row["located"] is False), 0)
    unlocated = _(NOT_TOLD) if months.total is None else f"{without:,}"
    fields = [
        *period_fields(held, period),
        force_field(facts.forces, sent.several("force")),
        several_field("category", _("Categories"), names, sent.several("category")),
        several_field("outcome_group", _("Outcomes"), groups, sent.several("outcome_group")),
    ]
    keys = [
        *total_keys(months),
        (_("Without published coordinates"), unlocated, _("counted here, on no map")),
    ]
    return dashboard(CRIME, fields, keys, charts, months, months.months, period, sent, facts)


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
    charts = [by_month(months, span_of(months), thin, _(MONTH_BY_MONTH), _(STOP_MONTHS), api)]
    outcomes, api = await question.ask("outcome_group")
    charts.append(by_slug(outcomes, groups, "outcomes", _("By outcome"), _(STOP_OUTCOMES), api))
    objects, api = await question.ask("object")
    searched = words.get("object_of_search", {})
    charts.append(by_slug(objects, searched, "objects", _("By object of search"), _(OBJECTS), api))
    for name, title in PEOPLE.items():
        if question.combines(name):
            answer, api = await question.ask(name)
            charts.append(by_slug(answer, words.get(name, {}), name, _(title), _(OF_PEOPLE), api))
    fields = [
        *period_fields(held, period),
        force_field(facts.forces, sent.several("force")),
        several_field("outcome_group", _("Outcomes"), groups, sent.several("outcome_group")),
        several_field("object", _("Objects of search"), searched, sent.several("object")),
        several_field(
            "legislation", _("Legislation"), words.get("legislation", {}), sent.several("legislation")
        ),
        *(
            several_field(one, _(title), words.get(one, {}), sent.several(one))
            for one, title in PEOPLE.items()
        ),
    ]
    keys = total_keys(months)
    return dashboard(STOPS, fields, keys, charts, months, months.months, period, sent, facts)


def span_of(answer: Statistics) -> list[str]:
    """All months of a period, held or not."""
    return sorted({*answer.months, *answer.missing_months})


def total_keys(answer: Statistics) -> list[tuple[str, str, str]]:
    """The total, and the months that it is of."""
    total = _(NOT_TOLD) if answer.total is None else f"{answer.total:,}"
    missing = len(answer.missing_months)
    more = ngettext("%(n)s more is not held", "%(n)s more are not held", missing) % {"n": missing}
    told = more if missing else _("all are held")
    return [
        (_("Records"), total, _("in the months shown")),
        (_("Months"), str(len(answer.months)), told),
    ]
