"""Templates into pages. Texts are English; a language more is a catalogue (`web/locale`)."""

import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import shared
from services.gateway.schemas import ATTRIBUTION, LICENCE
from services.gateway.site import assets, language, words

MADE_OF = {".py", ".jinja", ".sql", ".csv", ".json", ".geojson"}
"""What decides what a page says, in the service and in the shared package."""
TEMPLATES = Path(__file__).parents[1] / "web" / "templates"
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; font-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Nothing from elsewhere, nothing inline, nothing framed."""


@cache
def environment() -> Environment:
    """The templates with what they may use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        language.gettext, language.ngettext, newstyle=True
    )
    made.filters |= {
        "number": words.number,
        "percent": words.percent,
        "points": words.points,
        "size": words.size,
        "signed": words.signed,
        "month": words.month,
        "short_month": words.short_month,
        "day": words.day,
        "span": words.span,
    }
    made.globals |= {"asset": assets.address, "attribution": ATTRIBUTION, "licence": LICENCE}
    return made


def render(template: str, **values: object) -> str:
    """A page, by the name of its template without the ending."""
    return environment().get_template(f"{template}.html.jinja").render(**values)


@cache
def edition() -> str:
    """Names all that pages are made of but the data: one of an earlier release is given anew."""
    hashed = hashlib.sha256(assets.digest().encode())
    for folder in (Path(__file__).parents[1], Path(shared.__file__).parent):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in MADE_OF):
            hashed.update(path.read_bytes())
    return hashed.hexdigest()[:12]
