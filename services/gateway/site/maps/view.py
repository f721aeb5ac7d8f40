"""What part of the country a map shows, in Web Mercator as the maps of browsers have it. Pure."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.gateway.errors import ParameterError
from services.gateway.parameters import Bbox
from services.gateway.tile_shapes import LEVELS

SIZE = 720
"""Pixels of the drawn map along both sides."""
WORLD = 512
"""Pixels of the whole world at zoom 0."""
FURTHEST, NEAREST = 4.0, 16.0
STEP = 0.4
"""Of the map's side that it moves at once."""
FORM = "latitude,longitude,zoom as in 51.51,-0.09,11"
LATITUDES, LONGITUDES = (49.0, 56.5), (-8.0, 3.0)


@dataclass(frozen=True)
class View:
    """The middle of a map, and its zoom."""

    lat: float
    lon: float
    zoom: float

    @property
    def text(self) -> str:
        """As an address has it."""
        return f"{self.lat:.4f},{self.lon:.4f},{self.zoom:.2f}".replace(".00", "")

    @property
    def level(self) -> int:
        """The edge length of the hexagons that suit the zoom, in metres, as in the tiles."""
        return next(edge for zoom, edge in LEVELS if math.floor(self.zoom) >= zoom)

    def bbox(self) -> Bbox:
        """The rectangle that is drawn."""
        side = SIZE / self._scale
        x, y = across(self.lon), down(self.lat)
        return Bbox(
            degrees_east(x - side / 2), degrees_north(y + side / 2),
            degrees_east(x + side / 2), degrees_north(y - side / 2),
        )  # fmt: skip

    def pixels(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Longitudes and latitudes, shape (..., 2), as pixels right and down from the map's corner."""
        lat = np.radians(places[..., 1])
        x = places[..., 0] / 360 + 0.5 - across(self.lon)
        y = 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi) - down(self.lat)
        pixels: NDArray[np.float64] = np.stack([x, y], axis=-1) * self._scale + SIZE / 2
        return pixels

    def zoomed(self, by: float) -> "View | None":
        """Nearer or further; None beyond the ends."""
        zoom = self.zoom + by
        return replace(self, zoom=zoom) if FURTHEST <= zoom <= NEAREST else None

    def moved(self, right: int, down_: int) -> "View | None":
        """To a side; None where that would lead away from the country."""
        step = STEP * SIZE / self._scale
        lon = degrees_east(across(self.lon) + right * step)
        lat = degrees_north(down(self.lat) + down_ * step)
        is_there = LATITUDES[0] <= lat <= LATITUDES[1] and LONGITUDES[0] <= lon <= LONGITUDES[1]
        return replace(self, lat=lat, lon=lon) if is_there else None

    @property
    def _scale(self) -> float:
        return WORLD * 2**self.zoom


COUNTRY = View(52.85, -2.2, 5.4)
"""England and Wales."""


def read_view(text: str | None) -> View:
    """A view as an address has it; the whole country without one.

    Raises:
        ParameterError: it is none.
    """
    if not text:
        return COUNTRY
    try:
        lat, lon, zoom = map(float, text.split(","))
    except ValueError as error:
        raise ParameterError("at", f"'{text[:40]}' is no view: {FORM}") from error
    if not (-85 <= lat <= 85 and -180 <= lon <= 180 and 0 <= zoom <= 24):
        raise ParameterError("at", f"'{text[:40]}' is not on a map: {FORM}")
    return View(lat, lon, min(max(zoom, FURTHEST), NEAREST))


def across(lon: float) -> float:
    """From the western end of the world to the eastern one, 0 to 1."""
    return lon / 360 + 0.5


def down(lat: float) -> float:
    """From the northern end of the map to the southern one, 0 to 1."""
    return 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)


def degrees_east(x: float) -> float:
    """The longitude of a place across."""
    return min(max((x - 0.5) * 360, -180.0), 180.0)


def degrees_north(y: float) -> float:
    """The latitude of a place down."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * min(max(y, 0.0), 1.0)))))
