"""The page of a postcode: the figures of a report, with charts and tables. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from markupsafe import escape

from services.gateway.report_csv import figures_csv
from services.gateway.site import area_charts
from services.gateway.site.language import gettext as _
from services.gateway.site.links import address
from services.gateway.site.render import SECURITY, render
from shared.area_figures.shapes import Figures, canonical, checksum
from shared.area_figures.telling import spans, tier_months, told
from shared.tiers import RADIUS_M, Tier

EMBED_SECURITY = SECURITY | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors *"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
"""What other sites may frame: it has no script and no form."""
EMBED_ROWS = 6
EMBED_HEIGHT = 620
"""Pixels that the frame takes on another site."""


@dataclass(frozen=True)
class Refused:
    """Why there are no figures of a postcode: for a page, with the status of its answer."""

    status: int
    title: str
    detail: str


@dataclass(frozen=True)
class Window:
    """A tier that can be chosen."""

    address: str
    name: str
    months: str
    is_current: bool


def compact(postcode: str) -> str:
    """As it stands in addresses: `EC2M7PY`."""
    return postcode.replace(" ", "")


def area_address(postcode: str, tier: Tier | str, ending: str = "", **more: object) -> str:
    """Where the figures of a postcode are; the tier that is usual is left out."""
    path = f"/area/{compact(postcode)}{ending}"
    return address(path, tier=None if tier == Tier.ESSENTIAL else str(tier), **more)


def windows(figures: Figures) -> list[Window]:
    """The tiers, and which one it is."""
    return [
        Window(area_address(figures.postcode, tier), tier.title(), tier_months(tier), tier == figures.tier)
        for tier in Tier
    ]


def render_area(figures: Figures, base: str, asked_revision: str | None) -> str:
    """The page. `base` is where the public reaches it; `asked_revision` that of a permanent link."""
    tier = figures.tier
    return render(
        "area",
        section="reports",
        path=f"/area/{compact(figures.postcode)}",
        f=figures,
        windows=windows(figures),
        asked_revision=asked_revision,
        spans=spans,
        csv=area_address(figures.postcode, tier, ".csv"),
        json=area_address(figures.postcode, tier, ".json"),
        permanent=area_address(figures.postcode, tier, data=figures.revision),
        order=address("/reports", postcode=figures.postcode, tier=tier),
        embed=embed_code(figures, base),
        embed_preview=area_address(figures.postcode, tier, "/embed"),
        checksum=checksum(figures),
        charts=area_charts.all_of(figures),
        **told(figures),
    )


def embed_code(figures: Figures, base: str) -> str:
    """What another site puts into its page."""
    source = base.rstrip("/") + area_address(figures.postcode, figures.tier, "/embed")
    title = _("Published street crimes within %(metres)s metres of %(postcode)s") % {
        "metres": RADIUS_M,
        "postcode": figures.postcode,
    }
    return (
        f'<iframe src="{source}" title="{escape(title)}" width="100%" height="{EMBED_HEIGHT}" loading="lazy" '
        'referrerpolicy="no-referrer"></iframe>'
    )


def render_embed(figures: Figures) -> str:
    """The compact version that other sites may frame."""
    return render(
        "area_embed",
        f=figures,
        refused=None,
        spans=spans,
        page=area_address(figures.postcode, figures.tier),
        chart=area_charts.embed_categories(figures, EMBED_ROWS),
        rows=[row for row in figures.categories if row.crimes],
        **told(figures),
    )


def render_embed_refused(refused: Refused) -> str:
    """The same where there are no figures."""
    return render("area_embed", f=None, refused=refused, page="/area")


def render_search(refused: Refused | None, text: str, wider: Sequence[tuple[str, str]] = ()) -> str:
    """A page to ask for a postcode, with why there is nothing of the one before, if there was one.

    `wider`: addresses of other windows of the same postcode, with the months that they look back.
    """
    known = {"refused": refused, "text": text[:20], "wider": wider}
    return render("area_search", section="reports", path="/area", **known)


def as_json(figures: Figures) -> str:
    """The figures as data: the bytes that a report's checksum is of."""
    return canonical(figures).decode()


def as_csv(figures: Figures) -> str:
    """The same as a table, one number a row, in the form that reports have."""
    return figures_csv(msgspec.json.decode(canonical(figures)))
