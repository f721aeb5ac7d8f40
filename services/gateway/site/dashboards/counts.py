"""Counts along one dimension, as charts with their tables. Pure."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from services.gateway.site import words
from services.gateway.site.charts import Bar, Column, bars, columns
from services.gateway.site.dashboards.missing import thin_told
from services.gateway.site.dashboards.shapes import Cell, Chart, cell, share_cell
from services.gateway.site.language import gettext as _
from services.gateway.statistics_schemas import Statistics


def by_slug(
    answer: Statistics, labels: Mapping[str, str], key: str, title: str, about: str, api: str
) -> Chart:
    """Counts of the words of one dimension, the larger first, with their shares."""
    [name] = answer.by
    rows = [(labels.get(str(row[name]), str(row[name])), row["count"], row["share"]) for row in answer.rows]
    marks = [
        Bar(label, number(n), f"{words.number(number(n))} ({words.percent(number(share))})")
        if n is not None
        else Bar(label, None, _("not told"))
        for label, n, share in rows
    ]
    table = [[cell(label), cell(number(n)), share_cell(number(share))] for label, n, share in rows]
    return Chart(
        key,
        title,
        about,
        partial(bars, marks, title) if marks else None,
        ["", _("Records"), _("Share")],
        table,
        api,
    )


def number(value: object) -> float | None:
    """A count or a share; None where it is not told."""
    return value if isinstance(value, int | float) else None


def by_month(
    answer: Statistics, period: Sequence[str], thin: Collection[str], title: str, about: str, api: str
) -> Chart:
    """Counts of each month of a period; a month that nobody published or that is not held is a gap.

    `thin` are the months in which too few police areas have data to speak for the country.
    """
    counts = {str(row["month"]): row["count"] for row in answer.rows}
    held = set(answer.months)
    marks, table = [], []
    for month in period:
        value = number(counts.get(month, 0)) if month in held else None
        kind = "fill-doubtful" if month in thin else "fill-1"
        marks.append(Column(month, None if value is None else [(kind, value)]))
        state = "" if value is not None else _("not published") if month in held else _("not held")
        told = _("few areas") if month in thin else state
        table.append([cell(words.month(month)), cell(value), cell(told)])
    head = [_("Month"), _("Records"), ""]
    return Chart(
        "months", title, about, partial(columns, marks, title), head, table, api, month_legend(marks)
    )


def month_legend(marks: Sequence[Column]) -> list[tuple[str, str]]:
    """What the columns stand for, where they are of several kinds."""
    kinds = {part[0] for mark in marks for part in mark.parts or ()}
    legend = [("fill-1", _("Records"))] if len(kinds) > 1 else []
    legend += [("fill-doubtful", thin_told())] if "fill-doubtful" in kinds else []
    return legend + ([("gap", _("No data"))] if any(mark.parts is None for mark in marks) else [])


def by_force(answer: Statistics, names: Mapping[str, str], api: str) -> Chart:
    """A table of the forces in the order of their names: no order of counts, which would rank them."""
    rows: list[list[Cell]] = [
        [
            cell(names.get(str(row["force"]), str(row["force"]))),
            cell(number(row["count"])),
            share_cell(number(row["share"])),
        ]
        for row in answer.rows
    ]
    about = _("In the order of their names. Areas differ in people, visitors and recording; counts do not.")
    return Chart(
        "forces", _("By police area"), about, None, [_("Police area"), _("Records"), _("Share")],
        sorted(rows, key=lambda row: row[0][0]), api,
    )  # fmt: skip
