"""Make the basemap of the website of what is bundled already: `python -m services.gateway.web.make_basemap`.

Reads the reporter's layers (metres of EPSG:27700) and the police areas; writes GeoJSON in degrees into
`static/basemap`, simplified so far that a map of the whole country loads quickly.
"""

import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from shared import hexgrid

ROOT = Path(__file__).parents[3]
LAYERS = ROOT / "services" / "reporter" / "basemap_data" / "layers.tsv.xz"
AREAS = ROOT / "shared" / "reference" / "force_areas.geojson"
TARGET = Path(__file__).parent / "static" / "basemap"
TOLERANCE_M = 120
"""Less than a pixel up to zoom 9; the areas themselves are simplified as much."""
SMALLEST_M2 = 5e6
"""Smaller pieces of neighbouring land are mostly where two generalised coasts differ."""
MOST_PLACES = 2000
NO_AREA = "northern-ireland"
"""Its area is a rule, no outline: it is drawn as neighbouring land."""

Feature = dict[str, Any]


def main() -> None:
    """Write all files."""
    layers = read_layers()
    areas = read_areas()
    shapes = shapely.coverage_simplify(list(areas.values()), TOLERANCE_M)
    whole = shapely.union_all(shapely.make_valid(list(areas.values())))
    write("areas", (feature(shape, force=force) for force, shape in zip(areas, shapes, strict=True)))
    outside = (shapely.make_valid(land).difference(whole) for _, land in layers["land"])
    neighbours = [
        part
        for shape in outside
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and part.area > SMALLEST_M2
    ]
    write("land", (feature(shape) for shape in simplified(neighbours, 2 * TOLERANCE_M)))
    water = [shape for name in ("river", "lake") for _, shape in layers[name]]
    write("water", (feature(shape) for shape in simplified(water, TOLERANCE_M)))
    write(
        "places",
        (
            feature(shape, name=name, rank=rank)
            for rank, (name, shape) in enumerate(layers["place"][:MOST_PLACES])
        ),
    )


def read_layers() -> dict[str, list[tuple[str, shapely.Geometry]]]:
    """The reporter's shapes by layer, in their order."""
    found: dict[str, list[tuple[str, shapely.Geometry]]] = {}
    for row in lzma.decompress(LAYERS.read_bytes()).decode().splitlines():
        layer, name, wkt = row.split("\t")
        found.setdefault(layer, []).append((name, shapely.from_wkt(wkt)))
    return found


def read_areas() -> dict[str, shapely.Geometry]:
    """The police areas in metres by force."""
    features = json.loads(AREAS.read_text(encoding="utf-8"))["features"]
    return {
        one["properties"]["force"]: shapely.transform(shapely.geometry.shape(one["geometry"]), to_metres)
        for one in features
        if one["properties"]["force"] != NO_AREA
    }


def simplified(shapes: Iterable[shapely.Geometry], metres: float) -> Iterator[shapely.Geometry]:
    """Those that are left."""
    for shape in shapes:
        if not (simple := shape.simplify(metres)).is_empty:
            yield simple


def feature(shape: shapely.Geometry, **properties: object) -> Feature:
    """A GeoJSON feature in degrees; four decimals are some ten metres."""
    degrees = shapely.set_precision(shapely.transform(shape, to_degrees), 1e-4, mode="pointwise")
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(degrees)}


def to_metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes and latitudes, shape (n, 2), as metres."""
    return np.stack(hexgrid.project(degrees[:, 0], degrees[:, 1]), axis=1)


def to_degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way back."""
    return np.stack(hexgrid.unproject(metres[:, 0], metres[:, 1]), axis=1).round(4)


def write(name: str, features: Iterable[Feature]) -> None:
    """One file."""
    collection = {"type": "FeatureCollection", "features": list(features)}
    text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
    (TARGET / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
