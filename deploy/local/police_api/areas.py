"""The areas that a request can name, and the records inside them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from deploy.local.police_api.answers import Refused
from deploy.local.police_api.records import Indices, Mask, Metres, Records

MILE_METRES = 1_609.344
DEGREE_METRES = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""
POLYGON = re.compile(r"-?\d+(\.\d*)?,-?\d+(\.\d*)?(:-?\d+(\.\d*)?,-?\d+(\.\d*)?)*:?")


@dataclass(frozen=True)
class Circle:
    """Everything within a mile of a point, degrees."""

    lat: float
    lon: float

    def find(self, records: Records) -> Indices:
        metres = distances_metres(records, self.lat, self.lon)
        return np.flatnonzero(metres <= MILE_METRES)


@dataclass(frozen=True)
class Polygon:
    """A ring of (lon, lat), closed by itself. A point on its edge is inside."""

    ring: tuple[tuple[float, float], ...]

    @cached_property
    def shape(self) -> shapely.Polygon:
        shape = shapely.Polygon(self.ring)
        shapely.prepare(shape)
        return shape

    def find(self, records: Records) -> Indices:
        west, south, east, north = self.shape.bounds
        lat, lon = records.lat, records.lon
        near = np.flatnonzero((lat >= south) & (lat <= north) & (lon >= west) & (lon <= east))
        if self.is_rectangle:
            return near
        inside: Mask = shapely.intersects_xy(self.shape, lon[near], lat[near])
        return near[inside]

    @property
    def is_rectangle(self) -> bool:
        """Its bounds then say it all, and exactly so."""
        corners = {(lon, lat) for lon in self.shape.bounds[::2] for lat in self.shape.bounds[1::2]}
        return len(corners) == 4 and set(self.ring) == corners and self.shape.equals(self.shape.envelope)


def distances_metres(records: Records, lat: float, lon: float) -> Metres:
    """Of all records from a point, NaN without a location. Flat: right to a metre in a mile."""
    north = (records.lat - lat) * DEGREE_METRES
    east = (records.lon - lon) * DEGREE_METRES * np.cos(np.radians(lat))
    metres: Metres = np.hypot(north, east)
    return metres


def read_area(params: Mapping[str, str]) -> Circle | Polygon:
    """`poly`, else `lat` and `lng`.

    Raises:
        Refused: as the real API does: 400 without a place, 404 for no polygon at all, 502 for two vertices.
    """
    if "poly" in params:
        return read_polygon(params["poly"])
    return Circle(*read_point(params))


def read_point(params: Mapping[str, str]) -> tuple[float, float]:
    """`lat` and `lng` in degrees, or 400."""
    try:
        return float(params["lat"]), float(params["lng"])
    except (KeyError, ValueError):
        raise Refused(400) from None


def read_polygon(text: str) -> Polygon:
    """`lat,lng:lat,lng:…` → a polygon."""
    if not POLYGON.fullmatch(text):
        raise Refused(404)
    pairs = [vertex.split(",") for vertex in text.rstrip(":").split(":")]
    ring = tuple((float(lon), float(lat)) for lat, lon in pairs)
    if len(ring) < 3:
        raise Refused(502)
    return Polygon(ring)
