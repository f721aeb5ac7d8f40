"""Vector tiles in files, made of shapes with known coordinates by other formulas than the product's."""

import gzip
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from pyproj import Transformer

from services.reporter.frame import Frame
from services.reporter.tile_grid import Tile, choose
from services.reporter.vector_basemap import TILE_PIXELS

EXTENT = 4096
BUFFER = 64
MERCATOR_M = 20_037_508.342789244
"""Half of the Web Mercator map's side."""
TO_MERCATOR = Transformer.from_crs(27700, 3857, always_xy=True)


class Shape(NamedTuple):
    """A feature in metres of EPSG:27700."""

    layer: str
    properties: dict[str, Any]
    shape: shapely.Geometry


def tiles_under(frame: Frame, deepest: int = 15) -> list[Tile]:
    """The tiles that a frame is drawn of."""
    cut = choose(frame, TILE_PIXELS, range(deepest + 1))
    assert cut
    return cut.tiles


def in_units(points: NDArray[np.float64], tile: Tile) -> NDArray[np.float64]:
    """Metres of EPSG:27700 as a tile's own units, y downwards."""
    x, y = TO_MERCATOR.transform(points[:, 0], points[:, 1])
    at = np.stack([x + MERCATOR_M, MERCATOR_M - y], axis=1) / (2 * MERCATOR_M) * 2**tile.z
    return (at - (tile.x, tile.y)) * EXTENT  # type: ignore[no-any-return]


def encode(tile: Tile, shapes: Sequence[Shape]) -> bytes:
    """A tile as the makers of such files write it: cut a little outside of its square."""
    layers: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    low, high = -BUFFER, EXTENT + BUFFER
    for layer, properties, shape in shapes:
        moved = shapely.transform(shape, lambda points: in_units(points, tile))
        cut = shapely.clip_by_rect(moved, low, low, high, high)
        if not cut.is_empty:
            layers[layer].append({"geometry": cut, "properties": properties})
    encoded: bytes = mapbox_vector_tile.encode(
        [{"name": layer, "features": features} for layer, features in layers.items()],
        default_options={"y_coord_down": True, "extents": EXTENT},
    )
    return encoded


def write_vector_file(path: Path, contents: dict[Tile, bytes], **header: Any) -> Path:
    """A PMTiles file of bare tiles, which it packs by gzip."""
    layers = header.pop("layers", ("roads", "water"))
    metadata = {
        "attribution": "© Somebody",
        "vector_layers": [{"id": layer, "fields": {}} for layer in layers],
    }
    with path.open("wb") as file:
        writer: Any = Writer(file)  # type: ignore[no-untyped-call]
        for tile in sorted(contents, key=lambda tile: zxy_to_tileid(*tile)):
            writer.write_tile(zxy_to_tileid(*tile), gzip.compress(contents[tile], mtime=0))
        writer.finalize({"tile_type": TileType.MVT, "tile_compression": Compression.GZIP, **header}, metadata)
    return path
