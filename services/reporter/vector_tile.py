"""What is in a vector tile (MVT): its features that are drawn, in metres of EPSG:27700. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import mapbox_vector_tile
import numpy as np
import shapely
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from services.reporter.tile_grid import Tile, out_of_tiles
from services.reporter.vector_rules import NAMES_ONLY, Look, importance, look_of
from shared.errors import PermanentError

LONGEST_NAME = 40
MARGIN = 1 / 16
"""Of a tile's side. Tiles overlap a little, so that no seams show; what lies further out is another's."""
DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}
BROKEN = (DecodeError, AssertionError, IndexError, KeyError, ValueError)
"""What reading a broken tile raises."""


class Feature(NamedTuple):
    """Something to be drawn, or only named."""

    look: Look
    name: str
    importance: tuple[int, int]
    is_drawn: bool
    shape: shapely.Geometry


def read_features(tile: Tile, content: bytes) -> list[Feature]:
    """The features of a tile, in its order.

    Raises:
        PermanentError: it is no vector tile.
    """
    try:
        layers = mapbox_vector_tile.decode(content, default_options={"y_coord_down": True})
        return [feature for name, layer in layers.items() for feature in of_layer(tile, name, layer)]
    except BROKEN as error:
        raise PermanentError(f"tile {tile} is no readable vector tile") from error


def of_layer(tile: Tile, name: str, layer: Mapping[str, Any]) -> list[Feature]:
    """The features of a layer."""
    extent = layer["extent"]
    if extent < 1:
        raise ValueError(f"layer {name} has no extent")
    found = []
    for each in layer["features"]:
        kind, properties = each["geometry"]["type"], each["properties"]
        look = look_of(name, properties, DIMENSIONS[kind.removeprefix("Multi")])
        shape = shape_of(each["geometry"]) if look else None
        if look and shape:
            is_drawn = name != NAMES_ONLY
            found.append(Feature(look, named(properties), importance(properties), is_drawn, shape))
    shapes = on_the_ground(tile, extent, [feature.shape for feature in found])
    placed = zip(found, shapes.tolist(), strict=True)
    return [feature._replace(shape=shape) for feature, shape in placed if not shape.is_empty]


def named(properties: Mapping[str, object]) -> str:
    """A name that can be printed; else nothing."""
    name = " ".join(str(properties.get("name") or "").split())
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ""


def shape_of(geometry: Mapping[str, Any]) -> shapely.Geometry | None:
    """A geometry in the tile's own units; None for one of too few points, as some programs leave behind."""
    try:
        shape = shapely.geometry.shape(geometry)
    except (ValueError, shapely.GEOSException):
        return None
    return shape if shape.is_valid else shapely.make_valid(shape, method="structure", keep_collapsed=False)


def on_the_ground(tile: Tile, extent: int, shapes: Sequence[shapely.Geometry]) -> NDArray[np.object_]:
    """Shapes in a tile's units as shapes in metres, without what is far outside of the tile."""
    low, high = -extent * MARGIN, extent * (1 + MARGIN)
    near = shapely.clip_by_rect(np.array(shapes, object), low, low, high, high)
    corner = np.array([tile.x, tile.y])
    moved: NDArray[np.object_] = shapely.transform(
        near, lambda points: out_of_tiles(corner + points / extent, tile.z)
    )
    return moved
