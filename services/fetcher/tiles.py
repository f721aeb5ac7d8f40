"""Cutting the country into tiles that each hold about as many records as the source gives in one answer.

Pure, but for reading the bundled prior. A tile owns its southern and western border: tiles that were cut
from one rectangle hold each of its points exactly once. What is asked for overlaps by a hair, see `poly`.
"""

import csv
import lzma
from importlib.resources import files
from math import ceil, cos, radians
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.areas import UNITED_KINGDOM as UNITED_KINGDOM
from shared.areas import Bounds

Tile = Bounds
"""A rectangle of WGS 84 degrees, rounded to 6 decimals."""

NATIONAL_MONTH = 450_000
"""Records of a month in the whole country, for planning without any knowledge.

More than most months have: an extra tile costs one request, one that is too full costs three.
"""

_OVERLAP = 1e-6
_SPREAD = 4
"""So many points each way stand for a tile of which only the number of records is known."""
_SMALLEST_SIDE = 1e-4
"""Degrees, some 10 m: map points lie further apart, so cutting on could never help."""


class Points(NamedTuple):
    """Where records are known or expected: degrees and the number of records, shape (n,) each."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    weight: NDArray[np.float64]

    def inside(self, tile: Tile) -> "Points":
        """Those that the tile owns."""
        south, west, north, east = tile
        mask = (self.lat >= south) & (self.lat < north) & (self.lon >= west) & (self.lon < east)
        return Points(self.lat[mask], self.lon[mask], self.weight[mask])


class ExpectedTile(NamedTuple):
    """A tile and the number of records that it should hold."""

    tile: Tile
    expected: int


def poly(tile: Tile) -> str:
    """The tile as the source wants a polygon: four corners, latitude first.

    A hair larger, because nobody knows whether the source counts points on a border.
    """
    south, west, north, east = tile
    south, west, north, east = south - _OVERLAP, west - _OVERLAP, north + _OVERLAP, east + _OVERLAP
    corners = ((south, west), (south, east), (north, east), (north, west))
    return ":".join(f"{lat:.6f},{lon:.6f}" for lat, lon in corners)


def kd_tiles(points: Points, root: Tile, target: float) -> list[ExpectedTile]:
    """Cut a rectangle into tiles of at most `target` expected records, all about equally full.

    A tile may exceed the target only where it cannot be cut: all its points in one place. Points outside
    the rectangle do not count. `ValueError` unless the target is positive.
    """
    if target <= 0:
        raise ValueError(f"a tile cannot be planned for {target} records: the target must be positive")
    inside = points.inside(root)
    expected = float(inside.weight.sum())
    leaves = ceil(expected / target)
    halves = _halves(root, inside, (leaves // 2) / leaves) if leaves > 1 else None
    if halves is None:
        return [ExpectedTile(root, round(expected))]
    return [leaf for half in halves for leaf in kd_tiles(inside, half, target)]


def split(tile: Tile, points: Points) -> tuple[Tile, Tile]:
    """Cut a tile that holds too many records in two: equally full as far as known, else equally large.

    `ValueError` for a tile that is too small to be cut.
    """
    if max(tile.north - tile.south, tile.east - tile.west) < 2 * _SMALLEST_SIDE:
        raise ValueError(f"tile {poly(tile)} is too small to be cut: so many records cannot be in one place")
    return _halves(tile, points.inside(tile), 0.5) or _at(tile, *_middle(tile))


def prior_points(records: float = NATIONAL_MONTH) -> Points:
    """Where crimes are expected when nothing is known: at postcodes, scaled to a month of `records`."""
    packed = files("shared.reference").joinpath("prior_density.csv.xz").read_bytes()
    rows = list(csv.reader(lzma.decompress(packed).decode().splitlines()))[1:]
    lat, lon, weight = np.array(rows, dtype=np.float64).T
    return Points(lat, lon, weight * (records / weight.sum()))


def spread(tiles: NDArray[np.float64]) -> Points:
    """Points for tiles of which only the number of records is known, as if these lay evenly in each.

    `tiles` is (south, west, north, east, records), shape (n, 5).
    """
    south, west, north, east, records = tiles.T[:, :, None, None]
    steps = (np.arange(_SPREAD) + 0.5) / _SPREAD
    lat = south + (north - south) * steps[:, None]
    lon = west + (east - west) * steps[None, :]
    shape = (len(tiles), _SPREAD, _SPREAD)
    return Points(*(np.broadcast_to(part, shape).ravel() for part in (lat, lon, records / _SPREAD**2)))


def _halves(tile: Tile, points: Points, share: float) -> tuple[Tile, Tile] | None:
    """Cut where `share` of the weight is south or west; across the longer side if its points allow it."""
    for cuts_latitude in (_is_tall(tile), not _is_tall(tile)):
        low, high = (tile.south, tile.north) if cuts_latitude else (tile.west, tile.east)
        cut = _quantile(points.lat if cuts_latitude else points.lon, points.weight, share)
        if cut is not None and low < cut < high:
            return _at(tile, cuts_latitude, cut)
    return None


def _quantile(values: NDArray[np.float64], weight: NDArray[np.float64], share: float) -> float | None:
    """A value between two neighbours with about `share` of the weight below; None if there are no two."""
    values, inverse = np.unique(values, return_inverse=True)
    if len(values) < 2:
        return None
    below = np.cumsum(np.bincount(inverse, weight))
    nth = int(np.argmin(np.abs(below[:-1] - share * below[-1])))
    # Not on the next value itself, unless nothing lies between: points on a border come from both tiles.
    cut = round(float(values[nth] + values[nth + 1]) / 2, 6)
    return cut if cut > values[nth] else round(float(values[nth + 1]), 6)


def _middle(tile: Tile) -> tuple[bool, float]:
    if _is_tall(tile):
        return True, round((tile.south + tile.north) / 2, 6)
    return False, round((tile.west + tile.east) / 2, 6)


def _is_tall(tile: Tile) -> bool:
    """Whether the tile is longer from south to north than from west to east, in metres."""
    width = (tile.east - tile.west) * cos(radians((tile.south + tile.north) / 2))
    return tile.north - tile.south >= width


def _at(tile: Tile, cuts_latitude: bool, cut: float) -> tuple[Tile, Tile]:
    if cuts_latitude:
        return tile._replace(north=cut), tile._replace(south=cut)
    return tile._replace(east=cut), tile._replace(west=cut)
