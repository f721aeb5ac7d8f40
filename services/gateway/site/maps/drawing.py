"""The map as SVG, for browsers without scripts or WebGL. Pure but for its own data files."""

import json
from collections.abc import Collection, Iterator, Sequence
from functools import cache

import numpy as np
import shapely
from markupsafe import Markup, escape
from numpy.typing import NDArray

from services.gateway.schemas import HexFeature
from services.gateway.site import assets
from services.gateway.site.maps.steps import colour_of
from services.gateway.site.maps.view import SIZE, View
from services.gateway.site.words import number

LAYERS = ("land", "areas", "water", "places")
MOST_PLACES = 14
APART_PX = 70
"""Between two names."""
NARROWER = 0.61
"""A degree of longitude in degrees of latitude, in the middle of England and Wales."""
OUTLINE_PX = 0.6
"""How far an outline may be off."""


@cache
def layer(name: str) -> tuple[list[dict[str, str]], NDArray[np.object_], shapely.STRtree]:
    """A layer of the bundled basemap: properties, shapes in degrees, and an index of them."""
    features = json.loads((assets.FOLDER / "basemap" / f"{name}.json").read_bytes())["features"]
    shapes = np.array([shapely.geometry.shape(one["geometry"]) for one in features], dtype=object)
    return [one["properties"] for one in features], shapes, shapely.STRtree(shapes)


def draw_map(
    view: View,
    hexagons: Sequence[HexFeature],
    steps: Sequence[int],
    silent: Collection[str],
    chosen: Sequence[Sequence[float]] | None,
    link: str,
) -> Markup:
    """The whole drawing; `link` is the address of a hexagon but for its id, `chosen` its outline.

    A table says the same: the drawing is not read out, and its links are no stops of the keyboard.
    """
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" aria-hidden="true">',
        '<defs><pattern id="map-hatch" class="hatch" width="8" height="8" patternUnits="userSpaceOnUse">'
        '<rect width="8" height="8"/><path d="M0 8 8 0"/></pattern></defs>',
        f'<rect class="sea" width="{SIZE}" height="{SIZE}"/>',
        f'<path class="land" d="{paths(view, "land")}"/>',
        *areas(view, silent),
        f'<path class="water" d="{paths(view, "water")}"/>',
        *hexagon_links(view, hexagons, steps, link),
        f'<path class="border" d="{paths(view, "areas")}"/>',
    ]
    if chosen:
        parts.append(f'<path class="chosen" d="{path(view, np.array(chosen))}z"/>')
    return Markup("".join([*parts, *names(view), "</svg>"]))  # noqa: S704 - escaped


def hexagon_links(
    view: View, hexagons: Sequence[HexFeature], steps: Sequence[int], link: str
) -> Iterator[str]:
    """Each hexagon in its colour, with its count as its title."""
    if not hexagons:
        return
    rings = np.array([feature.geometry.coordinates[0][:6] for feature in hexagons])
    corners = view.pixels(rings).round(1)
    start = escape(link)
    for feature, ring in zip(hexagons, corners.tolist(), strict=True):
        total = feature.properties.total
        points = " ".join(f"{x:g},{y:g}" for x, y in ring)
        yield (
            f'<a href="{start}{feature.id}" data-cell="{feature.id}" tabindex="-1">'
            f'<polygon class="heat-{colour_of(total, steps)}" points="{points}">'
            f"<title>{number(total)}</title></polygon></a>"
        )


def areas(view: View, silent: Collection[str]) -> Iterator[str]:
    """Police areas: those without anything published are hatched."""
    properties, shapes, tree = layer("areas")
    for n in sorted(tree.query(shapely.box(*view.bbox())).tolist()):
        is_silent = properties[n]["force"] in silent
        kind = 'fill="url(#map-hatch)"' if is_silent else 'class="land"'
        if outline := outlines(view, shapes[n]):
            yield f'<path {kind} d="{outline}"/>'


def paths(view: View, name: str) -> str:
    """All shapes of a layer that are in view, as one path."""
    _, shapes, tree = layer(name)
    found = sorted(tree.query(shapely.box(*view.bbox())).tolist())
    return "".join(outlines(view, shapes[n]) for n in found)


def outlines(view: View, shape: shapely.Geometry) -> str:
    """One shape as a path, cut a little outside the map and no finer than can be seen."""
    west, south, east, north = view.bbox()
    margin = (east - west) * 0.05
    cut = shapely.clip_by_rect(shape, west - margin, south - margin, east + margin, north + margin)
    fine = shapely.simplify(cut, (east - west) / SIZE * OUTLINE_PX, preserve_topology=False)
    found = []
    for part in shapely.get_parts(fine):
        if part.geom_type == "Polygon":
            rings = (part.exterior, *part.interiors)
            found += [
                path(view, shapely.get_coordinates(ring)[:-1]) + "z" for ring in rings if len(ring.coords)
            ]
        elif part.geom_type == "LineString":
            found.append(path(view, shapely.get_coordinates(part)))
    return "".join(found)


def path(view: View, places: NDArray[np.float64]) -> str:
    """Longitudes and latitudes, shape (n, 2), as an open path."""
    if not len(places):
        return ""
    return "M" + " ".join(f"{x:g},{y:g}" for x, y in view.pixels(places).round(1).tolist())


def names(view: View) -> Iterator[str]:
    """The largest places in view that do not stand in each other's way."""
    properties, shapes, tree = layer("places")
    taken: list[tuple[float, float]] = []
    for n in sorted(tree.query(shapely.box(*view.bbox())).tolist()):
        (x, y) = view.pixels(shapely.get_coordinates(shapes[n]))[0].tolist()
        is_free = all(abs(x - a) > 1.6 * APART_PX or abs(y - b) > APART_PX / 2 for a, b in taken)
        if is_free and 40 < x < SIZE - 40 and 16 < y < SIZE - 8:
            taken.append((x, y))
            yield f'<text x="{x:.0f}" y="{y:.0f}">{escape(properties[n]["name"])}</text>'
        if len(taken) == MOST_PLACES:
            return


def nearest_places(places: Sequence[tuple[float, float]]) -> list[str]:
    """The name of the bundled place nearest to each latitude and longitude."""
    properties, tree = places_flat()
    points = shapely.points([(lon * NARROWER, lat) for lat, lon in places])
    return [properties[n]["name"] for n in tree.nearest(points).tolist()]


@cache
def places_flat() -> tuple[list[dict[str, str]], shapely.STRtree]:
    """Places with degrees of longitude as long as those of latitude."""
    properties, shapes, _ = layer("places")
    flat = shapely.transform(shapes, lambda degrees: degrees * (NARROWER, 1))
    return properties, shapely.STRtree(flat)
