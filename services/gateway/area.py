"""Where records are searched: a circle, a rectangle, a polygon, or what belongs to a force. Pure.

Edges of rectangles and polygons are straight in degrees of WGS 84, as GeoJSON has it; a circle's radius is
measured on the ellipsoid. Borders belong to the area.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import shapely
from pyproj import Geod

from services.gateway.errors import ParameterError
from services.gateway.parameters import read_bbox
from services.gateway.settings import GatewaySettings

USUAL_RADIUS_M = 500.0
WAYS = {
    "latitude": ("longitude", "radius"),
    "bbox": (),
    "polygon": (),
    "postcode": ("radius",),
    "force": (),
}
"""What says where, and what may go with it."""
WAYS_IN_WORDS = ["latitude and longitude (and radius)", "bbox", "polygon", "postcode (and radius)", "force"]
PARTS = ("latitude", "longitude", "radius", "bbox", "polygon", "postcode", "force")
ELLIPSOID = Geod(ellps="WGS84")
FEWEST_POSITIONS = 4
WIDEST_DEGREES = 10.0
"""Far more than any area within the limits spans in Great Britain."""


@dataclass(frozen=True)
class Circle:
    """Degrees, WGS 84, and metres; `postcode` if that is what it is around."""

    latitude: float
    longitude: float
    radius_m: float
    postcode: str | None = None

    @property
    def km2(self) -> float:
        """Its size."""
        return math.pi * self.radius_m**2 / 1e6

    @property
    def words(self) -> dict[str, Any]:
        """As answers repeat it."""
        postcode = {"postcode": self.postcode} if self.postcode else {}
        return postcode | {"latitude": self.latitude, "longitude": self.longitude, "radius": self.radius_m}


@dataclass(frozen=True)
class Shape:
    """A polygon or several; `words` is how answers repeat it."""

    outline: shapely.Geometry
    km2: float
    words: dict[str, Any]

    @property
    def smallest_km2(self) -> float:
        """The size of the smallest of its parts."""
        return min(km2_of(part) for part in shapely.get_parts(self.outline))


@dataclass(frozen=True)
class Around:
    """A postcode that is still to be looked up, and metres."""

    postcode: str
    radius_m: float

    def at(self, latitude: float, longitude: float, postcode: str) -> Circle:
        """The circle around where it is."""
        return Circle(latitude, longitude, self.radius_m, postcode)


@dataclass(frozen=True)
class ForceArea:
    """What belongs to a force, with and without a location."""

    force: str

    @property
    def words(self) -> dict[str, Any]:
        """As answers repeat it."""
        return {"force": self.force}


Area = Circle | Shape | ForceArea


class Geometry(msgspec.Struct):
    """GeoJSON; whatever else it has does not matter here."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: msgspec.Raw


Position = Annotated[list[float], msgspec.Meta(min_length=2)]
GEOMETRY = msgspec.json.Decoder(Geometry)
POLYGON = msgspec.json.Decoder(list[list[Position]])
MULTIPOLYGON = msgspec.json.Decoder(list[list[list[Position]]])


def read_area(given: Mapping[str, str], forces: Iterable[str], settings: GatewaySettings) -> Area | Around:
    """The one area that the parameters name.

    Raises:
        ParameterError: none, several, half of one, or one that is too large; the text names the limit.
    """
    named = [name for name in PARTS if name in given]
    ways = [name for name in WAYS if name in named]
    if "longitude" in named and "latitude" not in named:
        raise ParameterError("latitude", "is missing beside longitude")
    if len(ways) != 1:
        how = f"{' and '.join(ways)} are given" if ways else "no place is given"
        raise ParameterError(
            ways[1] if ways else "place",
            f"{how}: say where by one of {'; '.join(WAYS_IN_WORDS)}",
            WAYS_IN_WORDS,
        )
    [way] = ways
    for name in named:
        if name != way and name not in WAYS[way]:
            raise ParameterError(name, f"does not go with {way}", [way, *WAYS[way]])
    match way:
        case "latitude":
            return Circle(
                read_degrees("latitude", given.get("latitude"), 90),
                read_degrees("longitude", given.get("longitude"), 180),
                read_radius(given.get("radius"), settings.max_radius_m),
            )
        case "postcode":
            return Around(given["postcode"], read_radius(given.get("radius"), settings.max_radius_m))
        case "bbox":
            bbox = read_bbox(given["bbox"])
            return sized("bbox", shapely.box(*bbox), {"bbox": list(bbox)}, settings)
        case "polygon":
            return read_polygon(given["polygon"].encode(errors="replace"), settings)
        case _:
            return ForceArea(read_force(given["force"], forces))


def read_degrees(name: str, text: str | None, most: int) -> float:
    """A coordinate."""
    if text is None:
        raise ParameterError(name, "is missing: latitude and longitude go together")
    degrees = read_number(name, text, f"degrees from -{most} to {most}, such as 51.5155")
    if abs(degrees) > most:
        raise ParameterError(name, f"{text} is not on Earth: degrees from -{most} to {most}")
    return degrees


def read_radius(text: str | None, most: float) -> float:
    """Metres."""
    if text is None:
        return USUAL_RADIUS_M
    form = f"metres, more than 0 and at most {most:g}"
    metres = read_number("radius", text, form)
    if not 0 < metres <= most:
        raise ParameterError("radius", f"{text} is out of range: {form}")
    return metres


def read_number(name: str, text: str, form: str) -> float:
    """A finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ParameterError(name, f"'{text[:40]}' is not a number: {form}")
    return number


def read_force(text: str, forces: Iterable[str]) -> str:
    """One force."""
    known = sorted(forces)
    if text not in known:
        raise ParameterError("force", f"'{text[:40]}' is none of {', '.join(known)}", known)
    return text


def read_polygon(text: bytes, settings: GatewaySettings) -> Shape:
    """A Polygon or MultiPolygon in GeoJSON."""
    try:
        geometry = GEOMETRY.decode(text)
        if geometry.type == "Polygon":
            parts = [POLYGON.decode(geometry.coordinates)]
        else:
            parts = MULTIPOLYGON.decode(geometry.coordinates)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParameterError("polygon", f"is no GeoJSON Polygon or MultiPolygon: {error}") from error
    vertices = sum(len(ring) for part in parts for ring in part)
    if vertices > settings.max_vertices:
        raise ParameterError(
            "polygon", f"has {vertices} vertices: at most {settings.max_vertices}; simplify it"
        )
    for ring in (ring for part in parts for ring in part):
        check_ring(ring)
    if not parts or not all(parts):
        raise ParameterError("polygon", "has no ring")
    outline = shapely.MultiPolygon([(part[0], part[1:]) for part in flat(parts)])
    if not shapely.is_valid(outline):
        raise ParameterError("polygon", f"is no simple area: {shapely.is_valid_reason(outline)}")
    return sized("polygon", outline, {"polygon": {"type": geometry.type, "vertices": vertices}}, settings)


def flat(parts: list[list[list[list[float]]]]) -> list[list[list[list[float]]]]:
    """Without heights."""
    return [[[position[:2] for position in ring] for ring in part] for part in parts]


def check_ring(ring: list[list[float]]) -> None:
    """Refuse a ring that is none, or not on Earth."""
    if len(ring) < FEWEST_POSITIONS:
        raise ParameterError(
            "polygon",
            f"has a ring of {len(ring)} positions: at least {FEWEST_POSITIONS}, the last is the first",
        )
    if ring[0] != ring[-1]:
        raise ParameterError("polygon", f"has a ring that is not closed: {ring[0]} is not {ring[-1]}")
    for position in ring:
        if not (abs(position[0]) <= 180 and abs(position[1]) <= 90):
            raise ParameterError(
                "polygon", f"has the position {position}: longitude from -180 to 180, latitude from -90 to 90"
            )


def sized(name: str, outline: shapely.Geometry, words: dict[str, Any], settings: GatewaySettings) -> Shape:
    """The shape, unless it is too large."""
    west, south, east, north = outline.bounds
    if east - west > WIDEST_DEGREES or north - south > WIDEST_DEGREES:
        raise ParameterError(name, f"is wider or higher than {WIDEST_DEGREES:g} degrees: take a smaller area")
    km2 = km2_of(outline)
    if km2 > settings.max_area_km2:
        raise ParameterError(name, f"covers {km2:,.0f} km²: at most {settings.max_area_km2:g} km²")
    return Shape(outline, km2, words)


def km2_of(outline: shapely.Geometry) -> float:
    """The size on the ellipsoid, without holes."""
    # Edges are searched straight in degrees; long ones measured as the shortest way would enclose less.
    # A rectangle may be a point or a line: it has no size.
    fine = shapely.segmentize(outline, 0.1) if outline.area else outline
    square_metres: float = ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(fine))[0]
    return abs(square_metres) / 1e6
