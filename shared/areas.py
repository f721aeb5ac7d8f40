"""Which police area a point lies in.

Pure but for reading its own data file, `shared/reference/force_areas.geojson`. The published point of a crime
is the nearest of a fixed list of map points, so that it may lie in another area than that of the force that
recorded it (0.3 % do): this is "located in", never "recorded by".
"""

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from shared import hexgrid

NEAREST_WITHIN_M = 500
"""A point outside every area belongs to the nearest one within this distance: the coastlines are simplified.

Of 329,348 real points 31 lie outside but within 155 m; the next are Scotland's stations, from 18 km on.
"""


class Bounds(NamedTuple):
    """A rectangle of WGS 84 degrees."""

    south: float
    west: float
    north: float
    east: float

    def overlaps(self, other: "Bounds") -> bool:
        """Whether the two share more than a border."""
        return (
            self.south < other.north
            and other.south < self.north
            and self.west < other.east
            and other.west < self.east
        )

    def union(self, other: "Bounds") -> "Bounds":
        """The smallest rectangle around both."""
        return Bounds(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))


UNITED_KINGDOM = Bounds(49.8, -8.7, 61.0, 1.9)
"""Everything that can be published, with the stations of Scotland."""

# More than NEAREST_WITHIN_M in either direction anywhere in the United Kingdom.
_MARGIN_DEGREES = 0.02


class ForceAreas:
    """The areas of the territorial forces of England and Wales, and Northern Ireland."""

    def __init__(self, force_ids: Sequence[str], areas: Sequence[shapely.Geometry]) -> None:
        """Take the areas as WGS 84 polygons, one a force; on a shared border the earlier one wins."""
        self.force_ids = tuple(force_ids)
        self._names = np.array([*force_ids, None], dtype=object)
        self._bounds = dict(zip(force_ids, shapely.bounds(list(areas)).tolist(), strict=True))
        self._areas = [shapely.transform(area, _to_metres) for area in areas]
        self._tree = shapely.STRtree(self._areas)

    @classmethod
    def load(cls) -> "ForceAreas":
        """Read the bundled areas; takes some 50 ms."""
        text = files("shared.reference").joinpath("force_areas.geojson").read_text(encoding="utf-8")
        features = json.loads(text)["features"]
        return cls(
            [feature["properties"]["force"] for feature in features],
            [shapely.geometry.shape(feature["geometry"]) for feature in features],
        )

    def assign(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[str | None]:
        """The force id of every point of WGS 84 degrees, shape (n,); None away from all areas.

        On a shared border, and between two areas equally near, the first in alphabetical order wins.
        """
        points = shapely.points(*hexgrid.project(lon, lat))
        nobody = len(self.force_ids)
        area_of = np.full(len(points), nobody)
        area, point = shapely.STRtree(points).query(self._areas, predicate="intersects")
        np.minimum.at(area_of, point, area)
        outside = np.flatnonzero(area_of == nobody)
        point, area = self._tree.query_nearest(points[outside], max_distance=NEAREST_WITHIN_M)
        np.minimum.at(area_of, outside[point], area)
        assigned: list[str | None] = self._names[area_of].tolist()
        return assigned

    def reaching(self, lon: float, lat: float, metres: float) -> list[str]:
        """The force ids of all areas that come within so many metres of a point of WGS 84 degrees."""
        (x,), (y,) = hexgrid.project(np.array([lon]), np.array([lat]))
        found = self._tree.query(shapely.Point(x, y), predicate="dwithin", distance=metres)
        return sorted(self.force_ids[n] for n in found.tolist())

    def outlines(self, force_ids: Iterable[str]) -> list[shapely.Geometry]:
        """The areas of some forces, in metres of EPSG:27700."""
        return [self._areas[self.force_ids.index(force)] for force in force_ids]

    def meeting(self, outline: shapely.Geometry) -> list[str]:
        """The force ids of all areas that `assign` can give to a point of an outline of WGS 84 degrees."""
        # Long edges are straight in degrees and not in metres; a rectangle may be a point or a line.
        fine = shapely.segmentize(outline, 0.1) if outline.area else shapely.convex_hull(outline)
        metres = shapely.transform(fine, _to_metres)
        found = set(self._tree.query(metres, predicate="intersects").tolist())
        outside = shapely.difference(metres, shapely.union_all([self._areas[n] for n in found]))
        if not outside.is_empty:
            found |= set(self._tree.query(outside, predicate="dwithin", distance=NEAREST_WITHIN_M).tolist())
        return sorted(self.force_ids[n] for n in found)

    def bounds(self, force_ids: Iterable[str]) -> list[Bounds]:
        """Rectangles that hold every point which `assign` gives to one of these forces; none overlap.

        British Transport Police has no area of its own: the whole United Kingdom. `ValueError` for an
        unknown force.
        """
        wanted = sorted(set(force_ids))
        if "btp" in wanted:
            return [UNITED_KINGDOM]
        unknown = [force for force in wanted if force not in self._bounds]
        if unknown:
            raise ValueError(f"no area for {', '.join(unknown)}: known are btp, {', '.join(self.force_ids)}")
        return _merged([_with_margin(*self._bounds[force]) for force in wanted])


def _to_metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(hexgrid.project(degrees[:, 0], degrees[:, 1]), axis=1)


def _with_margin(west: float, south: float, east: float, north: float) -> Bounds:
    return Bounds(
        round(south - _MARGIN_DEGREES, 6),
        round(west - _MARGIN_DEGREES, 6),
        round(north + _MARGIN_DEGREES, 6),
        round(east + _MARGIN_DEGREES, 6),
    )


def _merged(rectangles: Iterable[Bounds]) -> list[Bounds]:
    """Replace overlapping rectangles by the one around them, until none overlaps another."""
    apart: list[Bounds] = []
    for rectangle in rectangles:
        while touching := [other for other in apart if rectangle.overlaps(other)]:
            apart = [other for other in apart if other not in touching]
            for other in touching:
                rectangle = rectangle.union(other)
        apart.append(rectangle)
    return sorted(apart)
