"""Dashboards of time: trends, and what became of the crimes of a month."""

from services.gateway.cube_store import Cubes
from services.gateway.errors import ParameterError
from services.gateway.routes.pages.boards.asked import dashboard, require_months
from services.gateway.routes.statistics import given_filters
from services.gateway.routes.trends import funnel_table, trend_table
from services.gateway.site import words
from services.gateway.site.dashboards.missing import thin_months
from services.gateway.site.dashboards.pages import OUTCOMES, TRENDS
from services.gateway.site.dashboards.questions import (
    Period,
    Sent,
    force_field,
    held_months,
    period_fields,
    read_period,
    several_field,
)
from services.gateway.site.dashboards.shapes import Dashboard, Field, Option, api_address
from services.gateway.site.dashboards.times import cohort_chart, rolling_chart, trend_chart
from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _
from services.gateway.statistics_schemas import OutcomeFunnel, Trend
from services.gateway.store import Snapshot
from shared.model import Dataset, format_month, months_after, parse_month

USUAL_MONTHS = 24
DATASETS = {Dataset.STREET: N_("Street crimes"), Dataset.STOPS: N_("Stops and searches")}


async def trends(snapshot: Snapshot, cubes: Cubes, sent: Sent) -> Dashboard:
    """Months beside the year before."""
    dataset = read_dataset(sent.one("dataset"))
    facts, vocabulary = await snapshot.facts(), await snapshot.vocabulary()
    held = require_months(held_months(facts, dataset), dataset)
    period = read_period(sent, held, usual=USUAL_MONTHS)
    is_street = dataset is Dataset.STREET
    name, title = ("category", _("Categories")) if is_street else ("object", _("Objects of search"))
    valid = await snapshot.categories() if is_street else vocabulary.labels.get("object_of_search", {})
    given = given_filters(**{one: sent.joined(one) for one in ("force", name)})
    table = await trend_table(snapshot, cubes, dataset, period.text, given)
    answer = table.answer
    assert isinstance(answer, Trend)
    api = api_address(f"/api/v1/trends/{dataset}", month=period.text, **given)
    fields = [
        *period_fields(held, period),
        dataset_field(dataset),
        force_field(facts.forces, sent.several("force")),
        several_field(name, title, valid, sent.several(name)),
    ]
    known = [row for row in answer.rows if row.count is not None]
    keys: list[tuple[str, str, str]] = []
    if known:
        newest = known[-1]
        change, percent = words.signed(newest.change), words.percent(newest.change_percent)
        year = words.number(newest.rolling_12)
        keys = [
            (words.month(newest.month), words.number(newest.count), _("the newest month with data")),
            (_("Change on the year before"), change, percent),
            (_("Twelve months to it"), year, _("a dash where one is missing")),
        ]
    thin = thin_months(answer.gaps, facts.forces, sent.several("force"))
    charts = [trend_chart(answer.rows, thin, api), rolling_chart(answer.rows, thin, api)]
    months = [row.month for row in answer.rows if row.month in answer.data_version]
    return dashboard(TRENDS, fields, keys, charts, answer, months, period, sent, facts)


async def outcomes(snapshot: Snapshot, cubes: Cubes, sent: Sent) -> Dashboard:
    """What became of the crimes of each month."""
    facts = await snapshot.facts()
    held = require_months(held_months(facts, Dataset.STREET), Dataset.STREET)
    period = read_period(sent, held, usual=USUAL_MONTHS)
    given = given_filters(force=sent.joined("force"), category=sent.joined("category"))
    table = await funnel_table(snapshot, cubes, period.text, given)
    answer = table.answer
    assert isinstance(answer, OutcomeFunnel)
    api = api_address("/api/v1/outcome-funnel", month=period.text, **given)
    fields = [
        *period_fields(held, period),
        force_field(facts.forces, sent.several("force")),
        several_field("category", _("Categories"), await snapshot.categories(), sent.several("category")),
    ]
    crimes = sum(row.crimes for row in answer.rows)
    with_outcome = sum(row.with_outcome for row in answer.rows)
    unfinished = sum(not row.is_finished for row in answer.rows)
    told = _("of %(n)s: more outcomes may come") if unfinished else _("of %(n)s")
    # Without a month that is known there is no number, rather than none.
    keys = [
        (_("Crimes"), words.number(crimes if answer.rows else None), _("without anti-social behaviour")),
        (_("With an outcome"), words.number(with_outcome if answer.rows else None), _("published by now")),
        (
            _("Months not finished"),
            words.number(unfinished if answer.rows else None),
            told % {"n": len(answer.rows)},
        ),
    ]
    thin = thin_months(answer.gaps, facts.forces, sent.several("force"))
    charts = [cohort_chart(answer, every_month(period), thin, api)]
    months = [row.month for row in answer.rows]
    return dashboard(OUTCOMES, fields, keys, charts, answer, months, period, sent, facts)


def every_month(period: Period) -> list[str]:
    """The months of a period, held or not."""
    first, months = parse_month(period.first), [period.first]
    while months[-1] < period.last:
        months.append(format_month(months_after(first, len(months))))
    return months


def dataset_field(chosen: Dataset) -> Field:
    """Which records."""
    options = [Option(one, _(label), one is chosen) for one, label in DATASETS.items()]
    return Field("dataset", _("Records"), "select", options)


def read_dataset(text: str | None) -> Dataset:
    """The records that a trend is of.

    Raises:
        ParameterError: there is no trend of them.
    """
    for dataset in DATASETS:
        if text in (None, dataset):
            return dataset
    raise ParameterError("dataset", f"'{str(text)[:20]}' is none of {', '.join(DATASETS)}", list(DATASETS))
