"""Two places or periods beside each other. Pure."""

from collections.abc import Mapping
from functools import partial

from services.gateway.site import words
from services.gateway.site.charts import Pair, pairs
from services.gateway.site.dashboards.shapes import Chart, cell, share_cell
from services.gateway.site.language import gettext as _
from services.gateway.statistics_schemas import Comparison, OnsComparison


def comparison_chart(answer: Comparison, labels: Mapping[str, str], a: str, b: str, api: str) -> Chart:
    """Shares of both sides, and their differences in percentage points."""
    title = _("Shares of both sides")
    marks = [
        Pair(
            labels.get(row.slug, answer.labels[row.slug]),
            row.a_share,
            row.b_share,
            words.named_points(row.difference_pp),
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
    head = ["", a, _("Share"), b, _("Share"), _("Difference in percentage points")]
    about = _(
        "Composition is compared, never volume: each share is of its own side. Differences are percentage "
        "points, the first side less the second."
    )
    legend = [("disc", a), ("diamond", b)]
    return Chart(
        "shares", title, about, partial(pairs, marks, title) if marks else None, head, table, api, legend
    )


def ons_chart(answer: OnsComparison, place: str, api: str) -> Chart:
    """The mix of categories beside that of ONS recorded crime."""
    title = _("Beside ONS recorded crime")
    marks = [
        Pair(row.name, row.share, row.ons_share, words.named_points(row.difference_pp)) for row in answer.rows
    ]
    table = [
        [
            cell(row.name), cell(row.count), share_cell(row.share), share_cell(row.ons_share),
            (words.points(row.difference_pp), True), cell(row.offence_groups),
        ]
        for row in answer.rows
    ]  # fmt: skip
    head = [
        "", place, _("Share"), _("ONS share"), _("Difference in percentage points"), _("ONS offence groups"),
    ]  # fmt: skip
    about = _(
        "Only categories that ONS counts too, mapped by a published table. %(edition)s; "
        "its rates per 1,000 residents (%(population)s) are compared as shares."
    ) % {"edition": answer.edition, "population": answer.population}
    legend = [("disc", place), ("diamond", _("ONS, the same area"))]
    return Chart(
        "ons", title, about, partial(pairs, marks, title) if marks else None, head, table, api, legend
    )
