"""What stands upon a map: ring, needle, circles, legend, scale bar, north arrow; each as SVG. Pure."""

from math import sqrt

from services.reporter import palette
from services.reporter.frame import Frame
from services.reporter.lettering import Box, Label, place, text, text_width

LARGEST_CIRCLE = 20.0
"""Pixels of the radius that the largest count has; areas are in proportion to counts."""
INSET = 8.0
NO_CRIMES = "No published crimes to draw"


def ring(frame: Frame, radius_m: int, opacity: float) -> str:
    """The radius, with a faint ground where asked for."""
    x, y = frame.xy(frame.easting, frame.northing)
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius_m * frame.per_metre:.1f}" fill="{palette.ACCENT}" '
        f'fill-opacity="{opacity:g}" stroke="{palette.ACCENT}" stroke-width="1.8"/>'
    )


def reach(frame: Frame, radius_m: int, taken: list[Box]) -> str:
    """A line from the postcode to the ring that says how far that is."""
    x, y = frame.xy(frame.easting, frame.northing)
    end = x + radius_m * frame.per_metre
    label = Label((x + end) / 2, y, f"{radius_m} m", 9, 0, palette.ACCENT, is_strong=True)
    line = f'<path d="M{x:g} {y:g}H{end:.1f}" stroke="{palette.ACCENT}" stroke-dasharray="3 3"/>'
    return line + place([label], frame, taken)


def pin(frame: Frame, postcode: str, taken: list[Box]) -> str:
    """The postcode: a needle whose tip is the place."""
    x, y = frame.xy(frame.easting, frame.northing)
    taken.append((x - 9, y - 25, x + 9, y + 2))
    needle = (
        f'<path d="M{x:g} {y:g}C{x - 2:g} {y - 7:g} {x - 8:g} {y - 10:g} {x - 8:g} {y - 16:g}'
        f'A8 8 0 0 1 {x + 8:g} {y - 16:g}C{x + 8:g} {y - 10:g} {x + 2:g} {y - 7:g} {x:g} {y:g}Z" '
        f'fill="{palette.ACCENT}" stroke="{palette.PAPER}" stroke-width="1.2"/>'
        f'<circle cx="{x:g}" cy="{y - 16:g}" r="3" fill="{palette.PAPER}"/>'
    )
    label = Label(x, y - 14, postcode, 11, 12, palette.ACCENT, is_strong=True)
    return needle + (place([label], frame, taken) if postcode else "")


def circle(x: float, y: float, n: int, most: int) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{circle_radius(n, most):.2f}" fill="{palette.ACCENT}" '
        f'fill-opacity="0.45" stroke="{palette.ACCENT}" stroke-width="0.7"/>'
    )


def circle_radius(n: int, most: int) -> float:
    """Pixels; the area is in proportion to the count."""
    return LARGEST_CIRCLE * sqrt(n / most)


def legend(frame: Frame, most: int) -> tuple[str, Box]:
    """Circles of round counts and what they stand for, in the lower right corner."""
    if not most:
        width = text_width(NO_CRIMES, 9) + 16
        left, _, _, bottom = box = corner(frame, width, 24, is_right=True, is_low=True)
        return paper(box) + text(left + 8, bottom - 8.5, NO_CRIMES, 9), box
    counts = round_counts(most)
    title = "Crimes at a map point"
    spans = [max(2 * circle_radius(n, most), text_width(f"{n:,}", 8.5)) + 12 for n in counts]
    width = max(sum(spans) + 8, text_width(title, 8.5, is_strong=True) + 16)
    tall = 2 * circle_radius(counts[0], most)
    left, top, _, bottom = box = corner(frame, width, tall + 40, is_right=True, is_low=True)
    drawn = [paper(box), text(left + 8, top + 14, title, 8.5, is_strong=True)]
    x = left + 8
    for n, span in zip(counts, spans, strict=True):
        middle, radius = x + (span - 12) / 2, circle_radius(n, most)
        drawn.append(circle(middle, top + 21 + tall - radius, n, most))
        drawn.append(text(middle - text_width(f"{n:,}", 8.5) / 2, bottom - 7, f"{n:,}", 8.5))
        x += span
    return "".join(drawn), box


def round_counts(most: int) -> list[int]:
    """Up to three round numbers up to `most`, the largest first."""
    steps = [digit * 10**power for power in range(len(str(most))) for digit in (1, 2, 5)]
    rounded = [max(step for step in steps if step <= max(1, share)) for share in (most, most / 4, most / 20)]
    return list(dict.fromkeys(rounded))


def furniture(frame: Frame) -> list[Box]:
    """The boxes of the scale bar and of the north arrow."""
    bar = corner(frame, nice_length(frame) * frame.per_metre + 16, 24, is_low=True)
    return [bar, corner(frame, 24, 34, is_right=True)]


def scale_and_north(frame: Frame) -> str:
    """A scale bar in the lower left corner, north in the upper right."""
    bar, north = furniture(frame)
    length = nice_length(frame)
    x, y = bar[0] + 8, bar[3] - 6
    middle = (north[0] + north[2]) / 2
    return (
        paper(bar)
        + f'<path d="M{x:g} {y - 4:g}V{y:g}H{x + length * frame.per_metre:.1f}V{y - 4:g}" fill="none" '
        f'stroke="{palette.INK}" stroke-width="1.2"/>'
        + text(x, y - 7, f"{length:,} m", 8.5)
        + paper(north)
        + f'<path d="M{middle:g} {north[1] + 4:g}l5 14l-5 -4l-5 4Z" fill="{palette.INK}"/>'
        + text(middle - text_width("N", 8.5, is_strong=True) / 2, north[3] - 5, "N", 8.5, is_strong=True)
    )


def nice_length(frame: Frame) -> int:
    """The longest round number of metres up to a sixth of the frame."""
    return round_counts(int(frame.width_m / 6))[0]


def corner(frame: Frame, width: float, height: float, *, is_right: bool = False, is_low: bool = False) -> Box:
    """A box in a corner of the frame."""
    left = frame.left + (frame.width - width - INSET if is_right else INSET)
    top = frame.top + (frame.height - height - INSET if is_low else INSET)
    return left, top, left + width, top + height


def around(x: float, y: float, radius: float) -> Box:
    """The box of a circle."""
    return x - radius, y - radius, x + radius, y + radius


def paper(box: Box) -> str:
    """A pale ground for what stands over the map."""
    left, top, right, bottom = box
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="2" '
        f'fill="{palette.PAPER}" fill-opacity="0.88"/>'
    )
