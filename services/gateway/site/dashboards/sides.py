"""Two places or periods beside each other. Pure."""

from collections.abc import Mapping
from functools import partial

from services.gateway.site import words
from services.gateway.site.charts import Pair, pairs
from services.gateway.site.dashboards.shapes import Chart, cell, share_cell
from services.gateway.statistics_schemas import Comparison, OnsComparison


def comparison_chart(answer: Comparison, labels: Mapping[str, str], a: str, b: str, api: str) -> Chart:
    """Shares of both sides, and their differences in percentage points."""
    title = "Shares of both sides"
    marks = [
        Pair(
            labels.get(row.slug, answer.labels[row.slug]),
            row.a_share,
            row.b_share,
            f"{words.points(row.difference_pp)} pp",
        )
        for row in answer.rows
    ]
    table = [
        [
            cell(labels.get(row.slug, answer.labels[row.slug])), cell(row.a_count), share_cell(row.a_share),
            cell(row.b_count), share_cell(row.b_share), (words.points(row.difference_pp), True),
        ]
        for row in answer.rows
    ]  # fmt: skip
    head = ["", a, "Share", b, "Share", "Difference in percentage points"]
    about = (
        "Composition is compared, never volume: each share is of its own side. Differences are percentage "
        "points, the first side less the second."
    )
    legend = [("disc", a), ("diamond", b)]
    return Chart(
        "shares", title, about, partial(pairs, marks, title) if marks else None, head, table, api, legend
    )


def ons_chart(answer: OnsComparison, place: str, api: str) -> Chart:
    """The mix of categories beside that of ONS recorded crime."""
    title = "Beside ONS recorded crime"
    marks = [
        Pair(row.name, row.share, row.ons_share, f"{words.points(row.difference_pp)} pp")
        for row in answer.rows
    ]
    table = [
        [
            cell(row.name), cell(row.count), share_cell(row.share), share_cell(row.ons_share),
            (words.points(row.difference_pp), True), cell(row.offence_groups),
        ]
        for row in answer.rows
    ]  # fmt: skip
    head = ["", place, "Share", "ONS share", "Difference in percentage points", "ONS offence groups"]
    about = (
        f"Only categories that ONS counts too, mapped by a published table. {answer.edition}; "
        f"its rates per 1,000 residents ({answer.population}) are compared as shares."
    )
    legend = [("disc", place), ("diamond", "ONS, the same area")]
    return Chart(
        "ons", title, about, partial(pairs, marks, title) if marks else None, head, table, api, legend
    )
