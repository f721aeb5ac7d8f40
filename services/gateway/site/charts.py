"""Charts as SVG, drawn for a narrow and a wide page; CSS shows the one that fits. Pure.

A month without data is a hatched band, never a bar of height zero. Marks have classes, whose colours,
light or dark, are the page's (`web/static/css/charts.css`).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap

from markupsafe import Markup, escape

from services.gateway.site import words
from services.gateway.site.language import gettext as _

NARROW, WIDE = 340, 800
TEXT = 13
"""Height of letters in pixels of the drawing."""
LETTER = 7.0
"""Mean width of a letter."""
TOP, BOTTOM, RIGHT = 10, 26, 6
MOST_TICKS = 5
MOST_BESIDE = 0.4
"""The part of the width that labels may take beside their marks; longer ones stand above them."""


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart. `value` None is not known, and has no bar."""

    label: str
    value: float | None
    text: str


@dataclass(frozen=True)
class Column:
    """A month: the parts that stand on each other, with their classes. None is a month without data."""

    month: str
    parts: Sequence[tuple[str, float]] | None
    is_immature: bool = False


@dataclass(frozen=True)
class Pair:
    """A row with two values."""

    label: str
    a: float | None
    b: float | None
    text: str


def both(draw: Callable[[int], Markup]) -> Markup:
    """The same chart twice."""
    narrow, wide = (
        str(draw(width)).replace("<svg ", f'<svg class="{name}" ', 1)
        for width, name in ((NARROW, "narrow"), (WIDE, "wide"))
    )
    return Markup(narrow + wide)  # noqa: S704 - escaped


def sheet(width: int, height: float, label: str, parts: Sequence[str]) -> Markup:
    """A drawing with what it is called for those who cannot see it."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" role="img"'
    return Markup(f'{head} aria-label="{escape(label)}">{"".join(parts)}</svg>')  # noqa: S704 - escaped


def text(x: float, y: float, words_: str, anchor: str = "start", kind: str = "") -> str:
    """A line of text."""
    more = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words_)}</text>'


def rectangle(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> str:
    """A mark."""
    told = f"<title>{escape(title)}</title>" if title else ""
    size = f'x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{max(height, 0):.2f}"'
    return f'<rect {size} class="{kind}">{told}</rect>' if told else f'<rect {size} class="{kind}"/>'


def bars(rows: Sequence[Bar], label: str, width: int) -> Markup:
    """Horizontal bars; their labels beside them, or above where there is little room. None is ever cut."""
    longest = max((len(row.label) for row in rows), default=0) * LETTER + 12
    beside = longest <= width * MOST_BESIDE
    left = longest if beside else 0
    room = max((len(row.text) for row in rows), default=0) * LETTER + 10
    most = max((row.value or 0 for row in rows), default=0) or 1
    parts, y = [], 0.0
    for row in rows:
        lines = [row.label] if beside else wrap(row.label, int(width / LETTER)) or [""]
        for n, line_ in enumerate(lines):
            parts.append(text(0, y + 19 if beside else y + TEXT + n * (TEXT + 3), line_))
        bar_y = y + (5 if beside else len(lines) * (TEXT + 3) + 3)
        length = (row.value or 0) / most * (width - left - room)
        if row.value is not None:
            parts.append(rectangle(left, bar_y, max(length, 1), 20, "fill-1", f"{row.label}: {row.text}"))
        parts.append(text(left + length + 6, bar_y + 15, row.text))
        y = bar_y + (25 if beside else 30)
    return sheet(width, max(y, TEXT), label, parts)


def pairs(rows: Sequence[Pair], label: str, width: int) -> Markup:
    """Two marks a row on one scale: a disc and a diamond, with a line between."""
    longest = max((len(row.label) for row in rows), default=0) * LETTER + 16
    beside = longest <= width * MOST_BESIDE
    left = longest if beside else 8
    room = max((len(row.text) for row in rows), default=0) * LETTER + 10
    ticks = ticks_to(max((value or 0 for row in rows for value in (row.a, row.b)), default=0))
    scale = (width - left - room - 8) / ticks[-1]
    marks, y = [], 0.0
    for row in rows:
        lines = [row.label] if beside else wrap(row.label, int(width / LETTER)) or [""]
        middle = y + (15 if beside else len(lines) * (TEXT + 3) + 13)
        for n, line_ in enumerate(lines):
            marks.append(text(0, middle + 4 if beside else y + TEXT + n * (TEXT + 3), line_))
        marks += pair_marks(row, left, scale, middle)
        marks.append(text(width, middle + 4, row.text, "end"))
        y = middle + (15 if beside else 17)
    grid = []
    for tick in ticks:
        x = left + tick * scale
        grid.append(f'<path class="grid" d="M{x:.1f} 0V{y:.1f}"/>')
        grid.append(text(x, y + BOTTOM - 8, f"{tick:g}%", "middle", "quiet"))
    return sheet(width, y + BOTTOM, label, [*grid, *marks])


def pair_marks(row: Pair, left: float, scale: float, y: float) -> Iterator[str]:
    """The line and both marks of a row, as far as they are known."""
    a, b = (None if value is None else left + value * scale for value in (row.a, row.b))
    if a is not None and b is not None:
        yield f'<path class="axis" d="M{a:.1f} {y:.1f}H{b:.1f}"/>'
    if b is not None:
        yield f'<path class="fill-2" d="M{b:.1f} {y - 7:.1f}l7 7-7 7-7-7z"/>'
    if a is not None:
        yield f'<circle class="fill-1" cx="{a:.1f}" cy="{y:.1f}" r="6"/>'


def columns(
    months: Sequence[Column], label: str, width: int, *, height: int = 240, line: Sequence[float | None] = ()
) -> Markup:
    """A column a month, of parts on each other; a line of other values over them."""
    high = max((sum(n for _, n in month.parts) for month in months if month.parts), default=0)
    ticks = ticks_to(max([high, *(value for value in line if value)]))
    left = max(len(words.number(tick)) for tick in ticks) * LETTER + 12
    plot = height - TOP - BOTTOM
    step = (width - left - RIGHT) / max(len(months), 1)

    def y(value: float) -> float:
        return TOP + plot * (1 - value / ticks[-1])

    parts = []
    for tick in ticks:
        parts.append(
            f'<path class="{"grid" if tick else "axis"}" d="M{left:.1f} {y(tick):.1f}H{width - RIGHT}"/>'
        )
        parts.append(text(left - 8, y(tick) + 4, words.number(tick), "end", "quiet"))
    parts += gap_bands(months, left, step, plot)
    for n, month in enumerate(months):
        parts += column(month, left + n * step + step * 0.08, step * 0.84, y)
    if known := runs(line):
        points = [
            "L".join(f"{left + (n + 0.5) * step:.1f} {y(value):.1f}" for n, value in run) for run in known
        ]
        parts.append(f'<path class="line-2" d="{"".join(f"M{run}" for run in points)}"/>')
    parts += month_labels([month.month for month in months], left, step, height)
    return sheet(width, height, label, parts)


def column(month: Column, x: float, width: float, y: Callable[[float], float]) -> Iterator[str]:
    """The parts of one month, the first at the bottom."""
    base = 0.0
    for kind, n in month.parts or ():
        if n:
            title = f"{words.month(month.month)}: {words.number(n)}"
            shade = f"{kind} immature" if month.is_immature else kind
            yield rectangle(x, y(base + n), width, y(base) - y(base + n), shade, title)
        base += n


def gap_bands(months: Sequence[Column], left: float, step: float, plot: float) -> Iterator[str]:
    """A hatched band for each run of months without data."""
    start = 0
    for is_gap, run in groupby(months, lambda month: month.parts is None):
        held = list(run)
        if is_gap:
            title = _("%(months)s: no data") % {"months": words.span([month.month for month in held])}
            yield rectangle(left + start * step, TOP, len(held) * step, plot, "gap", title)
        start += len(held)


def month_labels(months: Sequence[str], left: float, step: float, height: float) -> Iterator[str]:
    """As many names of months as there is room for, Januaries first."""
    every = math.ceil(9 * LETTER / step) if step else 1
    for n, name in enumerate(months):
        year_only = every > 3
        is_named = name.endswith("-01") if year_only else (len(months) - 1 - n) % every == 0
        if is_named or (year_only and len(months) < 12 and n == 0):
            shown = name[:4] if year_only else words.short_month(name)
            yield text(left + (n + 0.5) * step, height - 8, shown, "middle", "quiet")


def runs(line: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """The known values in unbroken runs, each with its place."""
    found = []
    for is_known, run in groupby(enumerate(line), lambda entry: entry[1] is not None):
        if is_known:
            found.append([(n, value) for n, value in run if value is not None])
    return found


def ticks_to(most: float) -> list[float]:
    """Round numbers from zero to at least the largest value."""
    if not most:
        return [0, 1]
    rough = most / MOST_TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough)
    step = max(step, 1) if most >= 1 else step
    return [n * step for n in range(math.ceil(most / step) + 1)]
