"""Words on a map: measured with the real font, placed one by one so that none covers another. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from PIL import ImageFont

from services.reporter import palette
from services.reporter.frame import Frame

FONTS = Path(__file__).parent / "fonts"
GAP = 2.0
"""Pixels kept free around words."""
MEASURED_AT = 100

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Label:
    """Words beside a point, `away` pixels from it; in the middle of it where `away` is 0."""

    x: float
    y: float
    text: str
    size: float = 8.5
    away: float = 4.0
    colour: str = palette.INK
    is_strong: bool = False


def place(labels: Iterable[Label], frame: Frame, taken: list[Box]) -> str:
    """SVG of the labels that find room, in order, each text once; `taken` is not to be covered, and grows."""
    drawn: dict[str, str] = {}
    for label in labels:
        box = next((box for box in candidates(label) if is_free(box, frame, taken)), None)
        if box is not None and label.text not in drawn:  # a street may be named by the map and by its crimes
            taken.append(box)
            drawn[label.text] = draw(label, box)
    return "".join(drawn.values())


def candidates(label: Label) -> list[Box]:
    """Where the words may stand: right, left, above and below of the point, then askew; or around it."""
    width, height = text_width(label.text, label.size, is_strong=label.is_strong), label.size * 1.1
    if not label.away:
        sides, away = [(0, 0)], 0.0
    else:
        sides, away = [(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)], label.away
    corners = []
    for right, down in sides:
        far = away * (0.75 if right and down else 1)  # the corner of the box touches the circle
        left = label.x + right * far + (right - 1) * width / 2
        corners.append((left, label.y + down * far + (down - 1) * height / 2))
    return [(left, top, left + width, top + height) for left, top in corners]


def is_free(box: Box, frame: Frame, taken: list[Box]) -> bool:
    """Whether a box lies inside the frame and touches nothing."""
    left, top, right, bottom = box[0] - GAP, box[1] - GAP, box[2] + GAP, box[3] + GAP
    inside = frame.holds(left, top) and frame.holds(right, bottom)
    return inside and not any(
        left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in taken
    )


def draw(label: Label, box: Box) -> str:
    """The words on a pale ground."""
    left, top, right, bottom = box
    ground = (
        f'<rect x="{left - 1:.1f}" y="{top - 0.5:.1f}" width="{right - left + 2:.1f}" '
        f'height="{bottom - top + 1:.1f}" rx="1.5" fill="{palette.PAPER}" fill-opacity="0.78"/>'
    )
    return ground + text(
        left, bottom - label.size * 0.24, label.text, label.size, label.colour, is_strong=label.is_strong
    )


def text(
    x: float, y: float, words: str, size: float, colour: str = palette.INK, *, is_strong: bool = False
) -> str:
    """One line of text that begins at x, its baseline at y."""
    weight = ' font-weight="600"' if is_strong else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{weight} fill="{colour}">{escape(words)}</text>'
    )


def wrapped(parts: Iterable[str], size: float, width: float) -> list[str]:
    """Lines of parts joined by a middle dot, each no wider than `width` unless one part alone is."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def text_width(words: str, size: float, *, is_strong: bool = False) -> float:
    """Pixels from the beginning to the end of a line."""
    return font(is_strong=is_strong).getlength(words) * size / MEASURED_AT


@cache
def font(*, is_strong: bool) -> ImageFont.FreeTypeFont:
    name = "Inter-SemiBold.otf" if is_strong else "Inter-Regular.otf"
    return ImageFont.truetype(str(FONTS / name), MEASURED_AT, layout_engine=ImageFont.Layout.BASIC)
