"""Which Web Mercator tiles lie under a frame, and how they lie there. Pure."""

from dataclasses import dataclass
from math import ceil, cos, floor, log2, pi, radians
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.reporter.frame import Frame
from shared import hexgrid

EQUATOR_M = 2 * pi * 6_378_137
PRINTED_PIXELS = 150 / 25.4 * 200 / 640
"""Dots on paper of a drawing's pixel: 640 pixels are 150 mm, printed with 200 dots per inch."""
MOST_TILES = 36
"""Of one frame. A map of 1,750 m needs 15 to 35, with 256 pixels a side."""

Matrix = tuple[float, float, float, float, float, float]
"""As SVG's `matrix()`: x' = a x + c y + e, y' = b x + d y + f."""


class Tile(NamedTuple):
    """A square of the Web Mercator map as tile servers number them: y grows southwards."""

    z: int
    x: int
    y: int

    def __str__(self) -> str:
        return f"{self.z}/{self.x}/{self.y}"


@dataclass(frozen=True)
class Cut:
    """The part of a zoom level that holds a frame; its sides are in tiles, as x and y of `Tile` count."""

    zoom: int
    west: float
    north: float
    east: float
    south: float

    @property
    def columns(self) -> range:
        """x of its tiles."""
        return range(floor(self.west), ceil(self.east))

    @property
    def rows(self) -> range:
        """y of its tiles."""
        return range(floor(self.north), ceil(self.south))

    @property
    def tiles(self) -> list[Tile]:
        """Row by row from the north-west."""
        return [Tile(self.zoom, x, y) for y in self.rows for x in self.columns]


def choose(frame: Frame, tile_pixels: int, zooms: range) -> Cut | None:
    """The cut whose tiles have about as many pixels as the paper has dots; None if no zoom can serve.

    `tile_pixels` is a tile's side.
    """
    latitude = hexgrid.unproject(np.array(frame.easting), np.array(frame.northing))[1]
    dot = frame.width_m / (frame.width * PRINTED_PIXELS)
    ideal = round(log2(EQUATOR_M * cos(radians(float(latitude))) / (dot * tile_pixels)))
    for zoom in range(min(ideal, zooms[-1]), zooms[0] - 1, -1):
        cut = cut_out(frame, zoom)
        if len(cut.columns) * len(cut.rows) <= MOST_TILES:
            return cut
    return None


def cut_out(frame: Frame, zoom: int) -> Cut:
    """What a frame shows of a zoom level: the frame is askew in it, so a little more."""
    west, south, east, north = frame.bounds
    steps = np.linspace(0, 1, 5)
    x, y = west + steps * (east - west), south + steps * (north - south)
    edge = [*((e, n) for e in x for n in (south, north)), *((e, n) for n in y for e in (west, east))]
    at = in_tiles(np.array(edge), zoom)
    (left, top), (right, bottom) = at.min(axis=0).tolist(), at.max(axis=0).tolist()
    return Cut(zoom, left, top, right, bottom)


def in_tiles(metres: NDArray[np.float64], zoom: int) -> NDArray[np.float64]:
    """Points of EPSG:27700 as x and y in tiles, shape (n, 2) each."""
    lon, lat = hexgrid.unproject(metres[:, 0], metres[:, 1])
    x = 0.5 + lon / 360
    y = 0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * pi)
    return np.stack([x, y], axis=1) * 2.0**zoom


def out_of_tiles(points: NDArray[np.float64], zoom: int) -> NDArray[np.float64]:
    """Points in tiles as points of EPSG:27700, shape (n, 2) each: `in_tiles` backwards."""
    x, y = (points / 2.0**zoom).T
    lat = np.degrees(np.arctan(np.sinh(pi * (1 - 2 * y))))
    return np.stack(hexgrid.project(x * 360 - 180, lat), axis=1)


def placement(frame: Frame, zoom: int, origin: tuple[float, float], tile_pixels: int) -> Matrix:
    """From the pixels of a picture of tiles to those of the frame, counted from the frame's corner.

    `origin` is the picture's north-west corner in tiles. Exact in the frame's middle; what is bent on the
    ground is straight here, which at the edge is a thousandth of a pixel in a map of 1,750 m, and a tenth
    in one of 80 km.
    """
    west, south, east, north = frame.bounds
    points = [
        (frame.easting, frame.northing),
        (west, frame.northing),
        (east, frame.northing),
        (frame.easting, north),
        (frame.easting, south),
    ]
    middle, left, right, top, bottom = (in_tiles(np.array(points), zoom) - origin) * tile_pixels
    steps = np.stack([(right - left) / frame.width, (bottom - top) / frame.height], axis=1)
    turn = np.linalg.inv(steps)
    e, f = (np.array([frame.width, frame.height]) / 2 - turn @ middle).tolist()
    (a, c), (b, d) = turn.tolist()
    return a, b, c, d, e, f
