"""Which features of vector tiles are drawn, and as what, by Protomaps and by OpenMapTiles. Pure."""

from collections.abc import Mapping
from enum import IntEnum, auto

Properties = Mapping[str, object]
"""What a tile says of a feature."""


class Look(IntEnum):
    """What a feature is on the map: areas and lines in the order of painting, then places by importance."""

    LAND = auto()
    PARK = auto()
    WATER = auto()
    BUILDING = auto()
    STREAM = auto()
    RAIL = auto()
    MINOR = auto()
    MIDDLE = auto()
    MAIN = auto()
    BORDER = auto()
    CITY = auto()
    TOWN = auto()
    VILLAGE = auto()
    QUARTER = auto()
    HAMLET = auto()

    @property
    def dimension(self) -> int:
        """2 for areas, 1 for lines, 0 for places."""
        return 2 if self <= Look.BUILDING else 1 if self <= Look.BORDER else 0


Kinds = Mapping[str, Look | None]
"""By a feature's kind; `ANY` stands for all others, None is not drawn whatever else the feature says."""

ANY = ""
SAYS_KIND = ("kind_detail", "pmap:kind_detail", "subclass", "kind", "pmap:kind", "class", "admin_level")
"""Properties that name the kind, the most exact first. Protomaps wrote `pmap:` before version 4."""

GREEN: Kinds = dict.fromkeys(
    (
        *("park", "garden", "recreation_ground", "village_green", "golf_course", "playground", "pitch"),
        *("cemetery", "allotments", "grass", "grassland", "meadow", "wood", "forest", "scrub", "heath"),
    ),
    Look.PARK,
)
ROADS: Kinds = {
    **dict.fromkeys(("motorway", "trunk", "primary", "highway", "major_road"), Look.MAIN),
    **dict.fromkeys(("secondary", "secondary_link", "tertiary", "tertiary_link", "medium_road"), Look.MIDDLE),
    **dict.fromkeys(("minor_road", "minor", "pedestrian"), Look.MINOR),
    **dict.fromkeys(("rail", "light_rail"), Look.RAIL),
    **dict.fromkeys(("service", "subway", "tram"), None),
}
BORDERS: Kinds = dict.fromkeys(("country", "region", "2", "4"), Look.BORDER)
PLACES: Kinds = {
    "city": Look.CITY,
    "town": Look.TOWN,
    "village": Look.VILLAGE,
    **dict.fromkeys(("suburb", "quarter", "macrohood", "neighbourhood"), Look.QUARTER),
    "hamlet": Look.HAMLET,
}

RULES: Mapping[str, Kinds] = {
    # in both
    "landuse": GREEN,
    "landcover": GREEN,
    "water": {ANY: Look.WATER},
    # Protomaps
    "earth": {ANY: Look.LAND},
    "buildings": {ANY: Look.BUILDING},
    "roads": ROADS,
    "boundaries": BORDERS,
    "places": PLACES,
    # OpenMapTiles
    "waterway": {ANY: Look.STREAM},
    "building": {ANY: Look.BUILDING},
    "transportation": ROADS,
    "transportation_name": ROADS,
    "boundary": BORDERS,
    "place": PLACES,
}
NAMES_ONLY = "transportation_name"
"""The layer whose lines bear names, and are drawn from another layer."""
ROAD_LAYERS = frozenset({"roads", "transportation"})
"""A file with neither is of another schema."""


def look_of(layer: str, properties: Properties, dimension: int) -> Look | None:
    """What a feature of so many dimensions is on the map; None if it is not drawn."""
    kinds = RULES.get(layer, {})
    if not kinds or is_hidden(properties):
        return None
    said = (str(properties[key]) for key in SAYS_KIND if key in properties)
    look = next((kinds[kind] for kind in said if kind in kinds), kinds.get(ANY))
    if look is Look.WATER and dimension == Look.STREAM.dimension:
        return Look.STREAM
    return look if look and look.dimension == dimension else None


def is_hidden(properties: Properties) -> bool:
    """Whether it lies in a tunnel, or is a border at sea."""
    return bool(
        properties.get("is_tunnel")
        or properties.get("brunnel") == "tunnel"
        or properties.get("pmap:level") == -1
        or properties.get("maritime")
    )


def importance(properties: Properties) -> tuple[int, int]:
    """Sorts places of one kind, the most important first."""
    population, rank = properties.get("population_rank"), properties.get("rank")
    return -population if isinstance(population, int) else 0, rank if isinstance(rank, int) else 0
