"""Pages to order a report and to follow an order. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from services.gateway.report_status import address_of, status_of
from services.gateway.report_store import Rendered, Report
from services.gateway.site import words
from services.gateway.site.area import Refused, area_address
from services.gateway.site.language import gettext as _
from services.gateway.site.render import render
from shared.area_figures.shapes import Figures
from shared.area_figures.telling import spans, tier_months, told
from shared.brand_text import colour_fault, text_fault
from shared.model import format_month
from shared.provision import REPORT_DAYS
from shared.tiers import Tier, window_of

LONGEST_LINE, MOST_LINES = 100, 6
"""Of a brand, as the reporter takes them."""
COLOUR = re.compile("#[0-9A-Fa-f]{6}")
USUAL_COLOUR = "#12436d"
CARD_WIDTH, CARD_ROOM = 600, 552
LETTER = 0.56
"""Mean width of a letter by its height."""
TOP_CATEGORIES = 5


@dataclass
class Draft:
    """An order as it is typed; `faults` by field, in words."""

    postcode: str
    tier: str
    name: str
    colour: str
    contact: str
    key: str
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """Lines of contact that are not empty."""
        return [line.strip() for line in self.contact.splitlines() if line.strip()]

    @property
    def branding(self) -> dict[str, Any] | None:
        """As an order has it; None without."""
        given = {"name": self.name, "colour": self.colour or None, "contact": self.lines or None}
        found = {name: value for name, value in given.items() if value}
        return found or None


@dataclass(frozen=True)
class TierChoice:
    """A tier with the months that it is about now; `span` is empty where nothing is loaded."""

    value: str
    name: str
    months: str
    span: str


def read_draft(given: Mapping[str, object], key: str) -> Draft:
    """What was typed into the form, with what is wrong with the brand. `key` is for a form without one."""

    def text(name: str) -> str:
        value = given.get(name)
        return value.strip() if isinstance(value, str) else ""

    draft = Draft(
        text("postcode"), text("tier") or str(Tier.ESSENTIAL), text("name"), text("colour"),
        text("contact"), text("key") or key,
    )  # fmt: skip
    draft.faults |= brand_faults(draft)
    return draft


def brand_faults(draft: Draft) -> dict[str, str]:
    """What the reporter would refuse of a brand, as far as it can be told without its fonts."""
    faults = {}
    if draft.branding and not draft.name:
        faults["name"] = _("A brand needs a name.")
    if draft.name and (fault := line_fault(draft.name, is_name=True)):
        faults["name"] = fault
    if draft.colour and not COLOUR.fullmatch(draft.colour):
        faults["colour"] = _("Write a colour as %(usual)s: # and six of 0-9 and a-f.") % {
            "usual": USUAL_COLOUR
        }
    elif draft.colour and (fault := colour_fault(draft.colour)):
        faults["colour"] = f"{fault}."
    if len(draft.lines) > MOST_LINES:
        faults["contact"] = _("There may be %(n)s lines.") % {"n": MOST_LINES}
    elif fault := next((fault for line in draft.lines if (fault := line_fault(line))), None):
        faults["contact"] = fault
    return faults


def line_fault(line: str, *, is_name: bool = False) -> str | None:
    """What is wrong with the name or a line of contact, as a sentence."""
    if len(line) > LONGEST_LINE:
        long = (
            _("The name has %(n)s characters; %(most)s are allowed.")
            if is_name
            else _("A line has %(n)s characters; %(most)s are allowed.")
        )
        return long % {"n": len(line), "most": LONGEST_LINE}
    fault = text_fault(line)
    if fault is None:
        return None
    if fault.startswith("has "):
        told = _("The name %(fault)s.") if is_name else _("A line %(fault)s.")
    else:
        told = (
            _("The name cannot be printed: %(fault)s.")
            if is_name
            else _("A line cannot be printed: %(fault)s.")
        )
    return told % {"fault": fault}


def tier_choices(held: Collection[date]) -> list[TierChoice]:
    """Every tier."""
    found = []
    for tier in Tier:
        window = window_of(tier, held) if held else None
        span = words.span([format_month(window.first), format_month(window.last)]) if window else ""
        found.append(TierChoice(str(tier), tier.title(), tier_months(tier), span))
    return found


def render_reports(
    draft: Draft,
    choices: Sequence[TierChoice],
    *,
    is_taken: bool,
    needs_key: bool,
    figures: Figures | None = None,
    refused: Refused | None = None,
) -> str:
    """The page to order. `figures` are the preview; `refused` says why there are none."""
    preview = {"f": None} if figures is None else preview_of(figures)
    return render(
        "reports",
        section="reports",
        path="/reports",
        draft=draft,
        choices=choices,
        can_order=is_taken and not needs_key,
        is_taken=is_taken,
        needs_key=needs_key,
        refused=refused,
        card=brand_card(draft, figures) if draft.branding and not draft.faults else None,
        report_days=REPORT_DAYS,
        longest_line=LONGEST_LINE,
        most_lines=MOST_LINES,
        usual_colour=USUAL_COLOUR,
        **preview,
    )


def preview_of(figures: Figures) -> dict[str, Any]:
    """The key figures of what is about to be ordered."""
    return {
        "f": figures,
        "area": area_address(figures.postcode, figures.tier),
        "top": [row for row in figures.categories if row.crimes][:TOP_CATEGORIES],
        "spans": spans,
    } | told(figures)


def brand_card(draft: Draft, figures: Figures | None) -> Markup:
    """The head of a report's first page, with the brand, on white as it is printed."""
    colour = draft.colour or USUAL_COLOUR
    place = figures.postcode if figures else "EC2M 7PY"
    parts = [card_line(52, 20, draft.name, f'font-weight="700" fill="{colour}"')]
    y = 58
    for line in draft.lines:
        y += 19
        parts.append(card_line(y, 13, line))
    parts.append(card_line(y + 46, 13, _("Neighbourhood report"), 'fill="#4d5b68"'))
    parts.append(card_line(y + 88, 38, place, 'font-weight="700"'))
    height = y + 114
    box = f'viewBox="0 0 {CARD_WIDTH} {height}"'
    label = _("Head of a report of %(name)s") % {"name": draft.name}
    return Markup(  # noqa: S704 - every text is escaped, the colour is # and six digits
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" fill="#14202b" '
        f'aria-label="{escape(label)}">'
        f'<rect width="{CARD_WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<rect width="{CARD_WIDTH}" height="8" fill="{colour}"/>{"".join(parts)}</svg>'
    )


def card_line(y: int, size: float, line: str, more: str = "") -> str:
    """A line of the card, smaller where it would be too long."""
    fits = min(size, CARD_ROOM / (len(line) * LETTER))
    return f'<text x="24" y="{y}" font-size="{fits:.1f}" {more}>{escape(line)}</text>'


def render_order(report: Report | None, name: str) -> str:
    """How far an order is. `report` is None where none is known."""
    status = status_of(report) if report else None
    figures = report.outcome.figures if report and isinstance(report.outcome, Rendered) else None
    return render(
        "report_order",
        section="reports",
        path=f"/reports/{name}",
        name=name,
        status=status,
        figures=figures,
        state=status.state if status else "unknown",
        events=f"{address_of(name)}/events",
        area=area_address(figures.postcode, figures.tier) if figures else None,
        report_days=REPORT_DAYS,
    )
