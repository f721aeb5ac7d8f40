"""The page that verifies a report. Pure; the template escapes every value."""

from services.gateway.report_status import status_of
from services.gateway.report_store import Rendered, Report
from services.gateway.site.area import area_address
from services.gateway.site.render import render
from shared.area_figures.telling import NAMES, by_year
from shared.postcodes import shown

WHOLE = ("published", "published_empty")
"""States of which nothing needs saying."""


def render_report(report: Report) -> str:
    """A known report: current, superseded, waiting or failed."""
    figures = report.outcome.figures if isinstance(report.outcome, Rendered) else None
    months = figures.months if figures else []
    return render(
        "report",
        section="reports",
        path=f"/r/{report.id}",
        name=str(report.id),
        status=status_of(report),
        figures=figures,
        area=area_address(figures.postcode, figures.tier) if figures else None,
        years=by_year(months),
        month_names=NAMES,
        known_months=sum(month.crimes is not None for month in months),
        doubtful=[(month.month, month.state) for month in months if month.state not in WHOLE],
    )


def render_unknown(name: str) -> str:
    """An id that no report has."""
    told = shown(name) if len(name) > 36 else name
    return render("report", section="reports", path="/reports", name=told, status=None, figures=None)
