"""The design on one page: type, space, colours with their contrast, marks of charts. Pure."""

import re
from dataclasses import dataclass
from functools import cache, partial

from services.gateway.site import charts
from services.gateway.site.assets import assets
from services.gateway.site.render import render

TOKEN = re.compile(r"--([a-z0-9_-]+):\s*([^;]+);")
TEXTS = ("ink", "muted", "link", "link-visited")
SURFACES = ("paper", "surface", "notice")
MARKS = ("data-", "outcome-", "strong-rule")
ENOUGH_FOR_TEXT, ENOUGH_FOR_MARKS = 4.5, 3.0
"""Contrasts that WCAG 2.2 AA asks for."""


@dataclass(frozen=True)
class Swatch:
    """A colour; `contrast` is that with the paper."""

    name: str
    value: str
    contrast: float


@dataclass(frozen=True)
class Pair:
    """Text on what it stands on."""

    text: str
    on: str
    contrast: float


@cache
def render_design() -> str:
    """The page as HTML."""
    light, dark = colours()
    return render(
        "design",
        section="",
        path="/design",
        schemes=[("light", swatches(light), pairs(light)), ("dark", swatches(dark), pairs(dark))],
        type_scale=[(name.removeprefix("text-"), size) for name, size in tokens("text-")],
        spaces=[(name, size, float(size.removesuffix("rem")) * 16) for name, size in tokens("space-")],
        enough_for_text=ENOUGH_FOR_TEXT,
        enough_for_marks=ENOUGH_FOR_MARKS,
        samples=samples(),
    )


@cache
def colours() -> tuple[dict[str, str], dict[str, str]]:
    """Name and value of every colour, light and dark."""
    light, _, dark = assets()["css/tokens.css"].body.decode().partition("@media")
    return tuple({n: v for n, v in TOKEN.findall(part) if v.startswith("#")} for part in (light, dark))  # type: ignore[return-value]


def tokens(prefix: str) -> list[tuple[str, str]]:
    """Name and value of the tokens of one kind."""
    text = assets()["css/tokens.css"].body.decode()
    return [(name, value) for name, value in TOKEN.findall(text) if name.startswith(prefix)]


def swatches(scheme: dict[str, str]) -> list[Swatch]:
    """Every colour of a scheme."""
    return [Swatch(name, value, contrast(value, scheme["paper"])) for name, value in scheme.items()]


def pairs(scheme: dict[str, str]) -> list[Pair]:
    """Text on every ground that it stands on."""
    found = [(text, ground) for ground in SURFACES for text in TEXTS] + [
        ("accent-ink", "accent"),
        ("focus-ink", "focus"),
    ]
    return [Pair(text, ground, contrast(scheme[text], scheme[ground])) for text, ground in found]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG of two colours as `#rrggbb`."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return round((lighter + 0.05) / (darker + 0.05), 2)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def samples() -> list[tuple[str, str]]:
    """The kinds of charts with made-up marks, which are no data."""
    months = [f"2012-{n:02}" for n in range(1, 13)]
    heights = (3, 4, 6, 5, 7, None, None, 8, 6, 5, 4, 4)
    columns = [
        charts.Column(
            month,
            None if n is None else [("fill-positive", n), ("fill-negative", n / 2), ("fill-none", n / 3)],
            is_immature=month > "2012-09",
        )
        for month, n in zip(months, heights, strict=True)
    ]
    bars = [charts.Bar("One", 8, "8"), charts.Bar("Two", 5, "5"), charts.Bar("Three", None, "not published")]
    pairs_ = [charts.Pair("One", 35, 28, "+7.0"), charts.Pair("Two", 12, 20, "\N{MINUS SIGN}8.0")]
    return [
        ("bars", charts.both(partial(charts.bars, bars, "Sample of bars"))),
        ("pairs", charts.both(partial(charts.pairs, pairs_, "Sample of pairs"))),
        ("columns", charts.both(partial(charts.columns, columns, "Sample of columns"))),
    ]
