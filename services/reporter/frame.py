"""The window of a map: from metres of EPSG:27700 to the pixels of a drawing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from shared import hexgrid


@dataclass(frozen=True)
class Frame:
    """A rectangle on the ground and on paper: centre and width in metres, box in pixels."""

    easting: float
    northing: float
    width_m: float
    left: float
    top: float
    width: float
    height: float

    @property
    def per_metre(self) -> float:
        """Pixels of a metre."""
        return self.width / self.width_m

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres."""
        half, half_height = self.width_m / 2, self.height / self.per_metre / 2
        return (
            self.easting - half,
            self.northing - half_height,
            self.easting + half,
            self.northing + half_height,
        )

    def xy(self, easting: float, northing: float) -> tuple[float, float]:
        """Where a point lies in pixels; y grows downwards."""
        x, y = self.pixels(np.array([[easting, northing]]))[0].tolist()
        return x, y

    def pixels(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points lie, shape (n, 2)."""
        west, _, _, north = self.bounds
        return (metres - (west, north)) * (self.per_metre, -self.per_metre) + (self.left, self.top)

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel is inside."""
        return self.left <= x <= self.left + self.width and self.top <= y <= self.top + self.height

    def path(self, shapes: Sequence[shapely.Geometry]) -> str:
        """Lines and areas, cut at the edge, as the data of one SVG path; empty where nothing is inside."""
        parts = shapely.get_parts(shapely.clip_by_rect(list(shapes), *self.bounds))
        parts = parts[~shapely.is_empty(parts)]
        is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        return self._lines(parts[~is_area], "") + self._lines(shapely.get_rings(parts[is_area]), "Z")

    def _lines(self, lines: NDArray[np.object_], end: str) -> str:
        coordinates, line = shapely.get_coordinates(lines, return_index=True)
        starts = np.flatnonzero(np.diff(line, prepend=-1)).tolist()
        points = [f"{x:.1f} {y:.1f}" for x, y in self.pixels(coordinates).tolist()]
        ends = [*starts[1:], len(points)] if starts else []
        return "".join(
            f"M{'L'.join(points[start:until])}{end}" for start, until in zip(starts, ends, strict=True)
        )


def to_metres(points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Latitudes and longitudes of WGS 84 as eastings and northings, shape (n, 2)."""
    degrees = np.array(points, float).reshape(-1, 2)
    return np.stack(hexgrid.project(degrees[:, 1], degrees[:, 0]), axis=1)
