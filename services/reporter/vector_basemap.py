"""A background drawn of vector tiles in the style of the bundled one. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import shapely

from services.reporter import palette
from services.reporter.basemap import DETAIL_BELOW_M, MOST_PLACES, Drawn, line
from services.reporter.frame import Frame
from services.reporter.lettering import Label
from services.reporter.tile_grid import Cut, Tile
from services.reporter.vector_rules import Look
from services.reporter.vector_tile import Feature, read_features
from shared.errors import PermanentError

TILE_PIXELS = 512
"""A vector tile is made to be drawn about this large; more zoom would only bring paths and house numbers."""
MOST_POINTS = 80_000
"""Of one background: some 1 MB of SVG. Streets and parks of Covent Garden take 4,400."""
MOST_STREETS = 8
ALONG = (0.5, 0.25, 0.75)
"""Where a street may bear its name, as shares of its length."""
FINEST = 0.25
"""Pixels that a line may be moved by leaving out points."""

WIDE_LOOKS = {Look.LAND, Look.WATER, Look.STREAM, Look.BORDER, Look.CITY, Look.TOWN}
"""What a frame shows that is not narrow enough for streets; as the bundled map does."""
FILLS = {
    Look.LAND: palette.LAND,
    Look.PARK: palette.PARK,
    Look.WATER: palette.SEA,
    Look.BUILDING: palette.BUILDING,
}
EDGES = {Look.MINOR: 3.0, Look.MIDDLE: 5.0, Look.MAIN: 7.0}
"""Pixels of a street's width with its edges, which all lie below all fills, so that crossings stay open."""
STROKES = {
    Look.STREAM: (palette.RIVER, 1.0, ""),
    Look.RAIL: (palette.RAIL, 1.0, ""),
    Look.MINOR: (palette.STREET, 2.0, ""),
    Look.MIDDLE: (palette.STREET, 3.8, ""),
    Look.MAIN: (palette.STREET, 5.6, ""),
    Look.BORDER: (palette.BORDER, 1.0, ' stroke-dasharray="5 2 1 2"'),
}


def painted(frame: Frame, cut: Cut, tiles: Mapping[Tile, bytes]) -> Drawn:
    """The frame from its tiles. The same tiles give the same characters.

    Raises:
        PermanentError: a tile cannot be read, or there is too much in them.
    """
    features = [feature for tile in cut.tiles for feature in read_features(tile, tiles[tile])]
    if frame.width_m >= DETAIL_BELOW_M:
        features = [feature for feature in features if feature.look in WIDE_LOOKS]
    try:
        paths = {look: path_of(frame, look, features) for look in (*FILLS, *STROKES)}
        labels = (*places(frame, features), *streets(frame, features))
    except shapely.GEOSException as error:
        raise PermanentError(f"the tiles of zoom {cut.zoom} hold shapes that cannot be drawn") from error
    return Drawn(svg_of(frame, bounded(paths)), labels, ())


def path_of(frame: Frame, look: Look, features: Iterable[Feature]) -> str:
    """All of one look as the data of an SVG path. Areas are united, since those of two tiles overlap."""
    shapes = [feature.shape for feature in features if feature.look is look and feature.is_drawn]
    if look.dimension == Look.LAND.dimension:
        shapes = [shapely.union_all(shapes)]
    return frame.path(shapely.simplify(shapes, FINEST / frame.per_metre))


def bounded(paths: dict[Look, str]) -> dict[Look, str]:
    """The paths; without buildings if these make them too long."""
    for kept in (paths, {**paths, Look.BUILDING: ""}):
        points = sum(path.count("M") + path.count("L") for path in kept.values())
        if points <= MOST_POINTS:
            return kept
    raise PermanentError(f"the tiles have {points:,} points in a map, more than {MOST_POINTS:,}")


def svg_of(frame: Frame, paths: Mapping[Look, str]) -> str:
    """The paths in their colours. Land is what is not water, unless the tiles say what is land."""
    box = f'x="{frame.left:g}" y="{frame.top:g}" width="{frame.width:g}" height="{frame.height:g}"'
    view = f"{frame.left:g} {frame.top:g} {frame.width:g} {frame.height:g}"
    ground = palette.SEA if paths[Look.LAND] else palette.LAND
    areas = "".join(
        f'<path d="{paths[look]}" fill="{colour}" fill-rule="evenodd"/>'
        for look, colour in FILLS.items()
        if paths[look]
    )
    edges = "".join(line(paths[look], palette.STREET_EDGE, width) for look, width in EDGES.items())
    strokes = {look: line(paths[look], *stroke) for look, stroke in STROKES.items()}
    below = strokes.pop(Look.STREAM) + strokes.pop(Look.RAIL)
    return (
        f'<svg {box} viewBox="{view}"><rect {box} fill="{ground}"/>'
        f"{areas}{below}{edges}{''.join(strokes.values())}</svg>"
    )


def places(frame: Frame, features: Iterable[Feature]) -> tuple[Label, ...]:
    """The names of the most important places, as the bundled map writes them."""
    is_wide = frame.width_m >= DETAIL_BELOW_M
    found: dict[str, tuple[float, float]] = {}
    for feature in sorted(features, key=lambda each: (each.look, each.importance, each.name)):
        if feature.look.dimension == Look.CITY.dimension and feature.name:
            x, y = frame.xy(*shapely.get_coordinates(feature.shape)[0])
            if frame.holds(x, y):
                found.setdefault(feature.name, (x, y))
    return tuple(
        Label(x, y, name, 7, 3, palette.MUTED)
        if is_wide
        else Label(x, y, name, 11, 0, palette.MUTED, is_strong=True)
        for name, (x, y) in list(found.items())[:MOST_PLACES]
    )


def streets(frame: Frame, features: Sequence[Feature]) -> tuple[Label, ...]:
    """The names of main streets, widest and longest first, each at some places of its longest piece.

    `place` draws a text once: at the first place that is free.
    """
    looks: defaultdict[str, Look] = defaultdict(lambda: Look.MIDDLE)
    pieces: defaultdict[str, list[shapely.Geometry]] = defaultdict(list)
    for look, name, _, _, shape in features:
        if look in (Look.MAIN, Look.MIDDLE) and name:
            looks[name] = max(looks[name], look)
            pieces[name].append(shape)
    longest = {name: longest_piece(frame, lines) for name, lines in pieces.items()}
    drawn = [name for name, piece in longest.items() if not piece.is_empty]
    drawn.sort(key=lambda name: (-looks[name], -longest[name].length, name))
    spots = (
        (longest[name].interpolate(share, normalized=True), name)
        for name in drawn[:MOST_STREETS]
        for share in ALONG
    )
    return tuple(Label(*frame.xy(at.x, at.y), name, 7.5, 0, palette.MUTED) for at, name in spots)


def longest_piece(frame: Frame, lines: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """The longest line that can be made of some, inside the frame; an empty shape if none is.

    They are snapped to pixels, so that what two tiles have of a street where they overlap becomes one.
    """
    joined = shapely.line_merge(shapely.union_all(lines, grid_size=1 / frame.per_metre))
    inside = shapely.clip_by_rect(joined, *frame.bounds)
    return max(shapely.get_parts(inside), key=shapely.length, default=inside)
