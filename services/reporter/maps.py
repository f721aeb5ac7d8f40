"""The two maps of a report, as SVG: where it looks, and where the crimes it counts were placed. Pure.

Drawn in metres of EPSG:27700, north of the grid upwards. 640 pixels are 150 mm on paper.
"""

from collections.abc import Mapping, Sequence

import shapely

from services.reporter import palette
from services.reporter.basemap import Basemap, Drawn
from services.reporter.frame import Frame, to_metres
from services.reporter.hatching import hatched, hatching_key, missing_part
from services.reporter.lettering import Label, place, text, wrapped
from services.reporter.marks import (
    around,
    circle,
    circle_radius,
    corner,
    furniture,
    legend,
    pin,
    reach,
    ring,
    scale_and_north,
)

WIDTH, HEIGHT = 640.0, 392.0
RADII_ACROSS = 3.5
"""The frame is so many radii wide: the ring and a little around it."""
LOCATOR = (132.0, 84.0)
LOCATOR_WIDTH_M = 80_000
FINE_PRINT = 7.5
LINE = 9.5
POLICE_DATA = "Crimes and street names: data.police.uk, OGL v3.0"
PREFIX = "On or near "
DOT = 1.6
"""Pixels of the radius of a map point without a count."""
CORE = 0.5
"""The part of a circle's radius that no name may cover."""
MOST_NAMES = 40
Point = tuple[float, float]
"""Latitude and longitude."""

Named = tuple[float, float, str]
"""Latitude, longitude and published street name."""


def coverage_map(
    lat: float,
    lon: float,
    radius_m: int,
    basemap: Basemap,
    labels: Sequence[Named] = (),
    postcode: str = "",
    silent: Sequence[shapely.Geometry] = (),
) -> str:
    """Where the report looks: the radius around the postcode, and a small map of where that is.

    `labels` are published map points with their street names, in the order in which they get room; `silent`
    are areas, in metres, of which data are missing.
    """
    frame, ground = setting(lat, lon, radius_m, basemap)
    part = missing_part(frame, radius_m, silent)
    key, key_boxes = hatching_key(frame, part, is_low=True)
    locator, named = locate(frame, basemap)
    points = [(x, y) for x, y in pixels(frame, [label[:2] for label in labels]) if frame.holds(x, y)]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{DOT}" fill="{palette.MUTED}"/>' for x, y in points)
    taken = [*furniture(frame), *key_boxes, corner(frame, *LOCATOR), *(around(x, y, DOT) for x, y in points)]
    body = [
        hatched(frame, part),
        ring(frame, radius_m, 0.06),
        dots,
        reach(frame, radius_m, taken),
        pin(frame, postcode, taken),
        place([*ground.labels, *street_labels(frame, labels, {})], frame, taken),
        locator,
        key,
    ]
    sources = (*ground.attributions, *named, *([POLICE_DATA] if labels else []))
    return sheet(frame, ground.svg, body, sources)


def density_map(
    lat: float,
    lon: float,
    radius_m: int,
    points: Sequence[tuple[float, float, int]],
    basemap: Basemap,
    labels: Sequence[Named] = (),
    silent: Sequence[shapely.Geometry] = (),
) -> str:
    """Where crimes were placed: a circle at each published map point, its area in proportion to the count.

    `silent` are areas, in metres, of which data are missing.
    """
    frame, ground = setting(lat, lon, radius_m, basemap)
    part = missing_part(frame, radius_m, silent)
    most = max((n for *_, n in points), default=0)
    at = pixels(frame, [point[:2] for point in points])
    spots = [(x, y, n) for (x, y), (*_, n) in zip(at, points, strict=True) if n and frame.holds(x, y)]
    spots.sort(key=lambda spot: (-spot[2], spot))  # small circles stay visible upon large ones
    circles = "".join(circle(x, y, n, most) for x, y, n in spots)
    counts, counts_box = legend(frame, most)
    key, key_boxes = hatching_key(frame, part, is_low=False)
    taken = [*furniture(frame), counts_box, *key_boxes]
    taken += (around(x, y, circle_radius(n, most) * CORE) for x, y, n in spots)
    radii = {point[:2]: circle_radius(point[2], most) for point in points if most}
    names = street_labels(frame, labels, radii)[:MOST_NAMES]
    body = [
        hatched(frame, part),
        ring(frame, radius_m, 0),
        circles,
        pin(frame, "", taken),
        place([*names, *ground.labels], frame, taken),
        counts,
        key,
    ]
    return sheet(frame, ground.svg, body, (*ground.attributions, POLICE_DATA))


def setting(lat: float, lon: float, radius_m: int, basemap: Basemap) -> tuple[Frame, Drawn]:
    """The frame around a point, and its background."""
    frame, _ = frames(lat, lon, radius_m)
    return frame, basemap.draw(frame)


def frames(lat: float, lon: float, radius_m: int) -> tuple[Frame, Frame]:
    """All that needs a background: the frame of both maps, and that of the region in its corner."""
    easting, northing = to_metres([(lat, lon)])[0].tolist()
    frame = Frame(easting, northing, RADII_ACROSS * radius_m, 0, 0, WIDTH, HEIGHT)
    return frame, region_of(frame)


def region_of(frame: Frame) -> Frame:
    """The frame of the region in the upper left corner of another."""
    left, top, _, _ = corner(frame, *LOCATOR)
    return Frame(frame.easting, frame.northing, LOCATOR_WIDTH_M, left, top, *LOCATOR)


def pixels(frame: Frame, points: Sequence[Point]) -> list[tuple[float, float]]:
    """Where points lie in the drawing."""
    return [(x, y) for x, y in frame.pixels(to_metres(points)).tolist()]


def street_labels(frame: Frame, labels: Sequence[Named], radii: Mapping[Point, float]) -> list[Label]:
    """One label for each street name, at the first of its points and beside the circle there."""
    at = pixels(frame, [label[:2] for label in labels])
    first: dict[str, Label] = {}
    for (x, y), (lat, lon, published) in zip(at, labels, strict=True):
        name = published.removeprefix(PREFIX).strip()
        if name:
            first.setdefault(name, Label(x, y, name, away=radii.get((lat, lon), DOT) + 2.5))
    return list(first.values())


def locate(frame: Frame, basemap: Basemap) -> tuple[str, tuple[str, ...]]:
    """A small map of the region in the upper left corner, and whom it has to name."""
    left, top, _, bottom = corner(frame, *LOCATOR)
    region = region_of(frame)
    ground = basemap.draw(region)
    x, y = region.xy(frame.easting, frame.northing)
    mark = f'<rect x="{x - 3:g}" y="{y - 3:g}" width="6" height="6" fill="none" stroke-width="2" '
    mark += f'stroke="{palette.ACCENT}"/>'
    scale = Label(left + 3, bottom - 7, f"{LOCATOR_WIDTH_M // 1000} km across", 6.5, 1, palette.MUTED)
    names = place([scale, *ground.labels], region, [around(x, y, 5)])
    edge = f'<rect x="{left:g}" y="{top:g}" width="{LOCATOR[0]:g}" height="{LOCATOR[1]:g}" fill="none" '
    return f'{ground.svg}{mark}{names}{edge}stroke="{palette.MUTED}" stroke-width="1"/>', ground.attributions


def sheet(frame: Frame, ground: str, body: Sequence[str], sources: Sequence[str]) -> str:
    """The whole drawing, with everybody who is to be named below the map."""
    lines = wrapped(dict.fromkeys(sources), FINE_PRINT, WIDTH - 4)
    height = HEIGHT + 4 + LINE * len(lines)
    credit = "".join(
        text(1, HEIGHT + LINE * (index + 1), line, FINE_PRINT, palette.MUTED)
        for index, line in enumerate(lines)
    )
    edge = f'<rect x="0.5" y="0.5" width="{WIDTH - 1:g}" height="{HEIGHT - 1:g}" fill="none" '
    edge += f'stroke="{palette.RULE}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{height:g}" '
        f'viewBox="0 0 {WIDTH:g} {height:g}" font-family="Inter">'
        f"{ground}{''.join(body)}{scale_and_north(frame)}{edge}{credit}</svg>"
    )
