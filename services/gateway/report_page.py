"""The page that verifies a report, as HTML. Pure; the template escapes every value."""

import base64
import hashlib
import re
from datetime import datetime
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.gateway.report_figures import Month
from services.gateway.report_status import status_of
from services.gateway.report_store import Rendered, Report
from services.gateway.schemas import ATTRIBUTION, LICENCE
from shared.model import parse_month
from shared.postcodes import shown

NOTHING = "\N{EN DASH}"
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STATES = {
    "not_published": "nothing was published",
    "not_loaded": "not loaded",
    "partial_suspected": "may be incomplete",
    "known_issue": "known issue",
}


def number(value: int | None) -> str:
    """`1,234`; a dash where nothing is known."""
    return NOTHING if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """A share in per cent."""
    return NOTHING if value is None else f"{value:.1f} %"


def points(value: float | None) -> str:
    """A difference in percentage points, with its sign."""
    return NOTHING if value is None else f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def month_words(month: str) -> str:
    """`2018-10` is October 2018."""
    return f"{parse_month(month):%B %Y}"


def day_words(moment: datetime | None) -> str:
    """A day, as people write it."""
    return NOTHING if moment is None else f"{moment.day} {moment:%B %Y}"


def by_year(months: list[Month]) -> list[tuple[str, list[Month | None]]]:
    """The months as rows of twelve; None outside the window."""
    rows = []
    for year, held in groupby(months, key=lambda month: month.month[:4]):
        by_number = {int(month.month[5:]): month for month in held}
        rows.append((year, [by_number.get(n) for n in range(1, 13)]))
    return rows


ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {
    "number": number,
    "percent": percent,
    "points": points,
    "month": month_words,
    "day": day_words,
}
ENVIRONMENT.globals |= {"attribution": ATTRIBUTION, "licence": LICENCE}
TEMPLATE = ENVIRONMENT.get_template("report.html")


def render_report(report: Report) -> str:
    """A known report: current, superseded, waiting or failed."""
    figures = report.outcome.figures if isinstance(report.outcome, Rendered) else None
    return TEMPLATE.render(
        name=str(report.id),
        status=status_of(report),
        figures=figures,
        years=by_year(figures.months) if figures else [],
        month_names=MONTH_NAMES,
        doubtful=[(month.month, STATES[month.state]) for month in figures.months if month.state in STATES]
        if figures
        else [],
    )


def render_unknown(name: str) -> str:
    """An id that no report has."""
    return TEMPLATE.render(name=shown(name) if len(name) > 36 else name, status=None, figures=None)


def style_hash(name: str) -> str:
    """What a content security policy names a page's style by."""
    page = (Path(__file__).parent / "web" / name).read_text(encoding="utf-8")
    style = re.findall("<style>(.*?)</style>", page, re.DOTALL)[0]
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


STYLE_HASH = style_hash("report.html")
