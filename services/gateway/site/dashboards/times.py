"""What changes with time: months beside the year before, and what became of the crimes of a month. Pure."""

from collections.abc import Collection, Sequence
from functools import partial

from services.gateway.site import words
from services.gateway.site.charts import Column, columns
from services.gateway.site.dashboards.counts import month_legend
from services.gateway.site.dashboards.missing import runs
from services.gateway.site.dashboards.shapes import Chart, cell, share_cell
from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _
from services.gateway.statistics_schemas import OutcomeCohort, OutcomeFunnel, TrendMonth
from shared.area_figures.figures import LEAST_FORCES
from shared.model import format_month, months_after, parse_month
from shared.rates import MATURE_AFTER_MONTHS

GROUPS = ("positive", "local_resolution", "negative", "none", "unmapped")
"""Outcome groups as they stand on each other, the first at the bottom."""
IMMATURE = N_(
    "Paler months are less than %(n)s months older than the newest one held: "
    "many of their crimes may still get an outcome."
)


def trend_chart(rows: Sequence[TrendMonth], thin: Collection[str], api: str) -> Chart:
    """Each month, and a line of the same month a year before."""
    title = _("Month by month")
    marks = [
        Column(
            row.month,
            None if row.count is None else [("fill-doubtful" if row.month in thin else "fill-1", row.count)],
        )
        for row in rows
    ]
    line = [row.same_month_last_year for row in rows]
    table = [
        [
            cell(words.month(row.month)), cell(row.count), cell(row.same_month_last_year),
            (words.signed(row.change), True), share_cell(row.change_percent),
        ]
        for row in rows
    ]  # fmt: skip
    legend = month_legend(marks)
    if any(value is not None for value in line):
        legend.append(("line-2", _("The same month a year before")))
    head = [_("Month"), _("Records"), _("A year before"), _("Change"), _("Change in per cent")]
    about = _("Records of each month, beside those of the same month a year before where that is held.")
    return Chart("trend", title, about, partial(columns, marks, title, line=line), head, table, api, legend)


def rolling_chart(rows: Sequence[TrendMonth], thin: Collection[str], api: str) -> Chart:
    """Sums of twelve months, where all twelve are known."""
    title = _("Sums of twelve months")
    marks = [
        Column(
            row.month,
            None
            if row.rolling_12 is None
            else [("fill-doubtful" if touches(row.month, thin) else "fill-3", row.rolling_12)],
        )
        for row in rows
    ]
    table = [
        [cell(words.month(row.month)), cell(row.rolling_12), cell(row.rolling_12_last_year)] for row in rows
    ]
    about = _("Each month with the eleven before it: seasons even out. Unknown where one of the twelve is.")
    is_known = any(mark.parts for mark in marks)
    return Chart(
        "rolling", title, about, partial(columns, marks, title) if is_known else None,
        [_("Twelve months to"), _("Records"), _("A year before")], table, api,
        rolling_legend(marks) if is_known else [],
        "" if is_known else _("No month has all twelve months held."),
    )  # fmt: skip


def touches(month: str, thin: Collection[str]) -> bool:
    """Whether too few police areas have data in one of the twelve months to this one."""
    last = parse_month(month)
    return any(format_month(months_after(last, -back)) in thin for back in range(12))


def rolling_legend(marks: Sequence[Column]) -> list[tuple[str, str]]:
    """What the columns of sums stand for."""
    told = {
        "fill-3": _("Twelve months to the one named"),
        "fill-doubtful": _("Fewer than %(n)s police areas have data in one of the twelve")
        % {"n": LEAST_FORCES},
    }
    kinds = {part[0] for mark in marks for part in mark.parts or ()}
    legend = [(kind, label) for kind, label in told.items() if kind in kinds]
    return [
        *legend,
        *([("gap", _("Not known for all twelve"))] if any(not mark.parts for mark in marks) else []),
    ]


def cohort_chart(answer: OutcomeFunnel, months: Sequence[str], thin: Collection[str], api: str) -> Chart:
    """The crimes of each month, stacked by what is published of their outcome."""
    title = _("Crimes by month recorded and outcome published")
    cohorts = {row.month: row for row in answer.rows}
    groups = shown_groups(answer)
    marks = [cohort_column(month, cohorts.get(month), groups) for month in months]
    table = [
        [
            cell(words.month(row.month)), cell(row.crimes),
            *(cell(row.groups.get(group)) for group in groups),
            share_cell(row.resolution_rate), cell("" if row.is_finished else _("not finished")),
        ]
        for row in answer.rows
    ]  # fmt: skip
    labels = [answer.outcome_groups[group] for group in groups]
    head = [_("Month"), _("Crimes"), *labels, _("Resolution rate"), ""]
    legend = [(f"fill-{group}", answer.outcome_groups[group]) for group in groups]
    if any(mark.parts is None for mark in marks):
        legend.append(("gap", _("No data")))
    about = _("Without anti-social behaviour, of which no outcome is ever published.")
    few = [month for month in months if month in thin and month in cohorts]
    notes = [_(IMMATURE) % {"n": MATURE_AFTER_MONTHS}]
    if few:
        spans = ", ".join(words.span(run) for run in runs(few))
        told = {"n": LEAST_FORCES, "months": spans}
        notes.append(_("Fewer than %(n)s police areas have data: %(months)s.") % told)
    draw = partial(columns, marks, title, height=280) if answer.rows else None
    return Chart("cohorts", title, about, draw, head, table, api, legend, " ".join(notes))


def shown_groups(answer: OutcomeFunnel) -> list[str]:
    """The groups that any crime is in, in the order of the chart; those of other names behind."""
    known = [group for group in (*GROUPS, *answer.outcome_groups) if group in answer.outcome_groups]
    return [group for group in dict.fromkeys(known) if any(row.groups.get(group) for row in answer.rows)]


def cohort_column(month: str, row: OutcomeCohort | None, groups: Sequence[str]) -> Column:
    """One month; without an answer it is a gap."""
    if row is None:
        return Column(month, None)
    parts = [(f"fill-{group}", row.groups.get(group, 0)) for group in groups]
    return Column(month, parts, is_immature=not row.is_finished)
