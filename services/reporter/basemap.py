"""What lies under a map: an operator's tiles, or the bundled open data. Reads its data file only."""

import lzma
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import shapely

from services.reporter import palette
from services.reporter.frame import Frame
from services.reporter.lettering import Label

DATA = Path(__file__).parent / "basemap_data" / "layers.tsv.xz"
DETAIL_BELOW_M = 6_000
"""Frames narrower than this show streets; wider ones show rivers and the larger places."""
MOST_PLACES = 12

OPENSTREETMAP = "Streets and parks © OpenStreetMap contributors, ODbL"
POLICE_AREAS = (
    "Police areas (dash-dotted) and coast, generalised: mySociety, OGL v3.0, contains National Statistics "
    "and OS data © Crown copyright and database right"
)
NATURAL_EARTH = "Rivers and neighbouring land: Natural Earth"
GEONAMES = "Place names: GeoNames, CC BY 4.0"
STREETS_END = "Streets are drawn where the bundled extract has them"


class Drawn(NamedTuple):
    """A background: SVG elements in the frame's pixels, names to be placed, and who is to be named."""

    svg: str
    labels: tuple[Label, ...]
    attributions: tuple[str, ...]


class Basemap(Protocol):
    """Anything that can draw a background: the bundled data, or what was made of an operator's tiles."""

    def draw(self, frame: Frame) -> Drawn:
        """The background of a frame; the same frame gives the same characters."""
        ...


@dataclass(frozen=True)
class Layer:
    """Shapes in metres of EPSG:27700 with their names, and an index of their rectangles."""

    names: tuple[str, ...]
    shapes: tuple[shapely.Geometry, ...]
    tree: shapely.STRtree

    def within(self, frame: Frame) -> list[tuple[str, shapely.Geometry]]:
        """What touches the frame, in the order of the file."""
        found = sorted(self.tree.query(shapely.box(*frame.bounds), predicate="intersects").tolist())
        return [(self.names[index], self.shapes[index]) for index in found]


class BundledBasemap:
    """Streets of central London; coast, police areas, rivers and places of England and Wales."""

    def __init__(self, layers: dict[str, Layer]) -> None:
        self._layers = layers

    def draw(self, frame: Frame) -> Drawn:
        """Land on sea, and on it what suits the frame's width."""
        sources = {POLICE_AREAS: True}
        svg = [
            f'<rect x="{frame.left:g}" y="{frame.top:g}" width="{frame.width:g}" height="{frame.height:g}" '
            f'fill="{palette.SEA}"/>',
            self._areas(frame, "land", palette.LAND),
        ]
        if frame.width_m < DETAIL_BELOW_M:
            streets = self._streets(frame)
            svg.append(streets)
            sources[OPENSTREETMAP] = bool(streets)
            sources[STREETS_END] = bool(streets) and not self._is_covered(frame)
        else:
            svg += [
                self._areas(frame, "lake", palette.SEA),
                line(self._path(frame, "river"), palette.RIVER, 1),
            ]
            sources[NATURAL_EARTH] = True
        svg.append(line(self._path(frame, "border"), palette.BORDER, 1, ' stroke-dasharray="5 2 1 2"'))
        labels = self._places(frame)
        sources[GEONAMES] = bool(labels)
        return Drawn("".join(svg), labels, tuple(source for source, is_drawn in sources.items() if is_drawn))

    def _shapes(self, frame: Frame, layer: str) -> list[shapely.Geometry]:
        return [shape for _, shape in self._layers[layer].within(frame)]

    def _path(self, frame: Frame, layer: str) -> str:
        return frame.path(self._shapes(frame, layer))

    def _areas(self, frame: Frame, layer: str, colour: str) -> str:
        data = self._path(frame, layer)
        return f'<path d="{data}" fill="{colour}" fill-rule="evenodd"/>' if data else ""

    def _streets(self, frame: Frame) -> str:
        """Parks, and streets with an edge: all edges below all fills, so that crossings stay open."""
        streets, main_streets = self._path(frame, "street"), self._path(frame, "main_street")
        return (
            self._areas(frame, "park", palette.PARK)
            + line(streets, palette.STREET_EDGE, 3)
            + line(main_streets, palette.STREET_EDGE, 7)
            + line(streets, palette.STREET, 2)
            + line(main_streets, palette.STREET, 5.6)
        )

    def _is_covered(self, frame: Frame) -> bool:
        extents = self._shapes(frame, "street_extent")
        return bool(shapely.union_all(extents).contains(shapely.box(*frame.bounds)))

    def _places(self, frame: Frame) -> tuple[Label, ...]:
        """The largest places of the frame; in a narrow one, all."""
        is_wide = frame.width_m >= DETAIL_BELOW_M
        found = self._layers["place"].within(frame)[: MOST_PLACES if is_wide else None]
        return tuple(
            Label(*frame.xy(shape.x, shape.y), name, 7, 3, palette.MUTED)
            if is_wide
            else Label(*frame.xy(shape.x, shape.y), name, 11, 0, palette.MUTED, is_strong=True)
            for name, shape in found
        )


@dataclass(frozen=True)
class PreparedBasemap:
    """Backgrounds that were drawn before, of an operator's tiles; the bundled one for any other frame."""

    drawn: Mapping[Frame, Drawn]

    def draw(self, frame: Frame) -> Drawn:
        """The background of a frame, wholly from one source."""
        return self.drawn.get(frame) or bundled().draw(frame)


def line(data: str, colour: str, width: float, more: str = "") -> str:
    """One SVG path without a fill; nothing where there are no data."""
    stroke = f'fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"'
    return f'<path d="{data}" {stroke}{more}/>' if data else ""


@cache
def bundled() -> BundledBasemap:
    """The bundled basemap, read once a process."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for row in lzma.decompress(DATA.read_bytes()).decode().splitlines():
        layer, name, wkt = row.split("\t")
        names[layer].append(name)
        texts[layer].append(wkt)
    layers = {}
    for layer, wkts in texts.items():
        shapes = tuple(shapely.from_wkt(wkts))
        layers[layer] = Layer(tuple(names[layer]), shapes, shapely.STRtree(shapes))
    return BundledBasemap(layers)
