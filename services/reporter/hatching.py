"""Hatching over the part of the radius of which data are missing, so that it does not look empty. Pure."""

from collections.abc import Sequence

import numpy as np
import shapely

from services.reporter import palette
from services.reporter.basemap import line
from services.reporter.frame import Frame
from services.reporter.lettering import Box, text, text_width
from services.reporter.marks import corner, paper

SPACING = 6.0
"""Pixels from one line to the next along an axis."""
WIDTH = 0.9
KEY = "Data missing, or of some months only"
SWATCH = (16.0, 10.0)
ROW = 22.0
ROUNDNESS = 64
"""Corners of a quarter of the ring."""


def missing_part(frame: Frame, radius_m: int, areas: Sequence[shapely.Geometry]) -> shapely.Geometry | None:
    """What of the radius lies in these areas, in metres; None where nothing does."""
    ring = shapely.Point(frame.easting, frame.northing).buffer(radius_m, quad_segs=ROUNDNESS)
    part = shapely.intersection(shapely.union_all(list(areas)), ring)
    return part if part.area else None


def hatched(frame: Frame, part: shapely.Geometry | None) -> str:
    """The part, hatched."""
    if part is None:
        return ""
    west, south, east, north = part.bounds
    step, height = SPACING / frame.per_metre, north - south
    starts = np.arange(west - height, east, step)
    ends = np.stack([np.column_stack([starts, np.full_like(starts, south)]),
                     np.column_stack([starts + height, np.full_like(starts, north)])], axis=1)  # fmt: skip
    strokes = shapely.intersection(shapely.linestrings(ends), part)
    return line(frame.path([stroke for stroke in strokes if stroke.length]), palette.MUTED, WIDTH)


def hatching_key(frame: Frame, part: shapely.Geometry | None, *, is_low: bool) -> tuple[str, list[Box]]:
    """What hatching means: in the lower right corner or in the upper left one."""
    if part is None:
        return "", []
    width, height = SWATCH
    box = corner(frame, width + text_width(KEY, 8.5) + 24, ROW, is_right=is_low, is_low=is_low)
    x, y = box[0] + 8, box[1] + (ROW - height) / 2
    strokes = "".join(f"M{x + n:g} {y + height:g}l{height:g} {-height:g}" for n in (0, 3, 6))
    swatch = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="none" '
    swatch += f'stroke="{palette.MUTED}" stroke-width="0.7"/>{line(strokes, palette.MUTED, WIDTH)}'
    return paper(box) + swatch + text(x + width + 8, box[3] - 8, KEY, 8.5), [box]
