"""Map tiles: which cells one shows, and where their corners are in it. Pure."""

from functools import lru_cache
from math import atan, degrees, pi, sinh
from typing import NamedTuple

import numpy as np
from numpy.polynomial.chebyshev import chebpts1
from numpy.typing import NDArray

from shared.hexgrid import CellRange, cells_in_bbox, corner_degrees, corners

MAX_ZOOM = 12
"""A unit is then 1.5 m; maps show the same tiles larger beyond it."""
EXTENT = 4096
"""Units along a tile's side."""
RIM = 16
"""Units around a tile whose cells it shows too, so that no outline ends at its border.

Cells are never cut: at the last zoom one is 380 units wide, and what is outside the tile is not drawn.
"""
LEVELS = ((10, 275), (8, 1100), (6, 4400), (0, 17600))
"""Zoom from which on, edge length. A tile full of cells then has some 3,000, each 12 to 25 pixels wide."""

# A polynomial of degree 5 along both axes is at every zoom within a tenth of a unit of the projection itself.
NODES = chebpts1(6)
TO_COEFFICIENTS = np.linalg.inv(np.vander(NODES))


class Tile(NamedTuple):
    """A square of the Web Mercator pyramid; x counts from the west, y from the north."""

    z: int
    x: int
    y: int

    def exists(self) -> bool:
        """Whether it is in the part of the pyramid that is served."""
        return 0 <= self.z <= MAX_ZOOM and min(self.x, self.y) >= 0 and max(self.x, self.y) < 2**self.z

    @property
    def level(self) -> int:
        """The edge length of the cells it shows, in metres."""
        return next(edge for zoom, edge in LEVELS if self.z >= zoom)

    def area(self) -> CellRange:
        """A range that holds every cell touching the tile or its rim."""
        rim = RIM / EXTENT
        west, north = degrees_at(self.z, self.x - rim, self.y - rim)
        east, south = degrees_at(self.z, self.x + 1 + rim, self.y + 1 + rim)
        return cells_in_bbox(self.level, west, south, east, north)


def degrees_at(z: int, x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the pyramid."""
    return x / 2**z * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * y / 2**z))))


def exact(tile: Tile, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees as units of a tile, right and down from its north-west corner: shape (2, ...)."""
    across = (lon + 180) / 360
    down = 0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2 * pi)
    return np.array([across * 2**tile.z - tile.x, down * 2**tile.z - tile.y]) * EXTENT


def hexagons(tile: Tile, i: NDArray[np.int32], j: NDArray[np.int32]) -> NDArray[np.int32]:
    """Corners in whole units of the tile, clockwise as drawn: shape (n, 6, 2).

    Projecting every corner would take longer than all else together. Over a tile the projection is smooth:
    it is computed at 36 places, and the polynomial through them on the lattice of corners, where neighbours
    share theirs to the bit.
    """
    # Corner by corner, which makes what follows faster; on the ground, with north up, counter-clockwise.
    x, y = (part[:, 5::-1].T for part in corners(i, j))
    low, high = (x.min(), y.min()), (x.max(), y.max())
    places = [(first + last + (last - first) * NODES) / 2 for first, last in zip(low, high, strict=True)]
    flat = np.zeros((len(NODES), len(NODES)))
    nodes = exact(tile, *corner_degrees(tile.level, flat + places[0][:, None], flat + places[1]))
    lattice = weights(int(high[0] - low[0])) @ nodes @ weights(int(high[1] - low[1])).T
    return np.rint(lattice[:, x - low[0], y - low[1]]).astype(np.int32).transpose(2, 1, 0)


@lru_cache(1000)
def weights(steps: int) -> NDArray[np.float64]:
    """How much each node counts at 0, 1, ... steps between the ends of a range: shape (steps + 1, nodes)."""
    found: NDArray[np.float64] = np.vander(np.linspace(-1, 1, steps + 1), len(NODES)) @ TO_COEFFICIENTS
    return found


def near(shapes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of the hexagons, shape (n, 6, 2), a tile shows."""
    found: NDArray[np.bool_] = ((shapes.max(1) >= -RIM) & (shapes.min(1) <= EXTENT + RIM)).all(1)
    return found
