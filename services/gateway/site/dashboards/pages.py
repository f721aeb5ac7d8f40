"""A dashboard as HTML, and one of its charts as an image that stands alone. Pure."""

import re
from functools import cache
from textwrap import wrap

from markupsafe import escape

from services.gateway.errors import NotFoundError
from services.gateway.schemas import ATTRIBUTION
from services.gateway.site import words
from services.gateway.site.assets import FOLDER
from services.gateway.site.charts import LETTER, WIDE, text
from services.gateway.site.dashboards.missing import runs
from services.gateway.site.dashboards.shapes import Board, Chart, Dashboard
from services.gateway.site.language import N_, ngettext
from services.gateway.site.language import gettext as _
from services.gateway.site.render import render

CRIME = Board(
    "/dashboards/crime",
    N_("Street crime"),
    N_("Published records of street crime, counted by month, category, outcome and police area."),
)
STOPS = Board(
    "/dashboards/stop-and-search",
    N_("Stop and search"),
    N_("Published stops and searches, counted as they were recorded."),
)
TRENDS = Board(
    "/dashboards/trends",
    N_("Trends"),
    N_("Records month by month, beside the year before, and summed over twelve months."),
)
COMPARISONS = Board(
    "/dashboards/comparisons",
    N_("Comparisons"),
    N_("The mix of one place or period beside that of another: forces, areas by radius, or the country."),
)
OUTCOMES = Board(
    "/dashboards/outcomes",
    N_("Outcomes"),
    N_("The crimes of each month, by the outcome that is published of them by now."),
)
ALL = (CRIME, STOPS, TRENDS, COMPARISONS, OUTCOMES)
IMAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""An image has its style in it."""
HEAD, FOOT, LINE = 66, 44, 20
MARKS = {
    "disc": '<circle class="fill-1" cx="6" cy="-4.5" r="6"/>',
    "diamond": '<path class="fill-2" d="M6.5-11.5l7 7-7 7-7-7z"/>',
    "line-2": '<path class="line-2" d="M0-4.5h16"/>',
}
"""Those of legends that are no squares."""


def render_dashboard(dashboard: Dashboard) -> str:
    """The page."""
    return render("dashboard", section="dashboards", path=dashboard.board.path, board=dashboard, boards=ALL)


def render_index() -> str:
    """The list of them."""
    return render("dashboards", section="dashboards", path="/dashboards", boards=ALL)


def render_image(dashboard: Dashboard, key: str) -> str:
    """A chart with its title, months, data version and source.

    Raises:
        NotFoundError: the dashboard has no such chart, or there is nothing to draw.
    """
    drawn = {chart.key: chart for chart in dashboard.charts if chart.draw}
    if key not in drawn:
        raise NotFoundError("image", f"'{key[:40]}' is none of {', '.join(drawn)}", list(drawn))
    return alone(dashboard, drawn[key])


def alone(dashboard: Dashboard, chart: Chart) -> str:
    """The whole file."""
    assert chart.draw is not None
    inner = chart.draw(WIDE)
    match = re.search(r'viewBox="0 0 [0-9.]+ ([0-9.]+)"', inner)
    assert match is not None
    legend = drawn_legend(chart)
    body = inner.partition(">")[2].removesuffix("</svg>")
    told = wrap(about(dashboard), int(WIDE / LETTER))
    head = HEAD + LINE * (len(told) - 1)
    top = head + (LINE if legend else -8)
    height = float(match[1]) + head + FOOT + (LINE if legend else 0)
    lines = "".join(text(0, 38 + LINE * n, one, kind="quiet") for n, one in enumerate(told))
    source = _("%(attribution)s CrimeMapsUK, data version %(version)s.") % {
        "attribution": ATTRIBUTION,
        "version": dashboard.version,
    }
    size = f'width="{WIDE + 40}" height="{height + 40:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="-20 -20 {WIDE + 40} {height + 40:g}" '
        f'{size}><style>{image_style()}</style><rect x="-20" y="-20" {size} fill="#fff"/>'
        '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" class="hatch">'
        '<rect width="8" height="8"/><path d="M0 8 8 0"/></pattern></defs>'
        f'<text y="16" class="title">{escape(dashboard.board.title)}: {escape(chart.title)}</text>'
        f'{lines}<g transform="translate(0 {head})">{legend}</g><g transform="translate(0 {top})">{body}</g>'
        f'<text y="{height - 4:g}" class="quiet small">{escape(source)}</text></svg>'
    )


def about(dashboard: Dashboard) -> str:
    """The months and filters of an image, and what is missing of it."""
    months = ", ".join(words.span(run) for run in runs(dashboard.months)) or _("no month held")
    chosen = [f"{field.label}: {', '.join(field.chosen)}" for field in dashboard.fields if field.is_filter]
    missing = len(dashboard.missing_months)
    told = ngettext(
        "%(n)s month in between or around is not held",
        "%(n)s months in between or around are not held",
        missing,
    )
    held = [told % {"n": missing}] if missing else []
    return " · ".join([months, *chosen, *held])


def drawn_legend(chart: Chart) -> str:
    """The marks and their meaning, side by side."""
    parts, x = [], 0.0
    for kind, label in chart.legend:
        mark = MARKS.get(kind, f'<rect class="{kind}" width="13" height="13" y="-11"/>')
        parts.append(f'<g transform="translate({x:g} 0)">{mark}<text x="20">{escape(label)}</text></g>')
        x += 20 + len(label) * LETTER + 20
    return "".join(parts)


@cache
def image_style() -> str:
    """The rules of charts with the values of the light tokens in place of their names."""
    tokens = (FOLDER / "css" / "tokens.css").read_text(encoding="utf-8").partition("@media")[0]
    values = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", tokens))
    rules = (FOLDER / "css" / "charts.css").read_text(encoding="utf-8")
    plain = re.sub(r"var\((--[\w-]+)\)", lambda found: values[found[1]], rules)
    return plain + ".plot text.title{font-size:18px;font-weight:700}.plot text.small{font-size:11px}"
