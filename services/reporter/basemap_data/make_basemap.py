"""Make the bundled basemap from open data: `python -m services.reporter.basemap_data.make_basemap FOLDER`.

Not needed at run time. FOLDER holds `osm_london_central/`, `natural_earth_ew/` and `geonames_places/`: see
the README beside this file. Writes `layers.tsv.xz`, its geometries in whole metres of EPSG:27700.
"""

import csv
import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from shared import hexgrid

HERE = Path(__file__).parent
AROUND = shapely.box(0, -60_000, 760_000, 760_000)
"""England and Wales, and what a small map of their edges shows."""
NEIGHBOUR_DEPTH_M = 8_000
"""Natural Earth's land beyond the police areas counts if twice as wide: Scotland, not a coarse coast."""
SLIVER_M = 50

Row = tuple[str, str, shapely.Geometry]


def metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(hexgrid.project(degrees[:, 0], degrees[:, 1]), axis=1)


def read(path: Path) -> Iterator[tuple[str, shapely.Geometry]]:
    """Names and geometries of a GeoJSON file, in metres."""
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        name = feature["properties"].get("name") or feature["properties"].get("force") or ""
        shape = shapely.geometry.shape(feature["geometry"])
        yield name, shapely.make_valid(shapely.transform(shape, metres))


def streets(folder: Path) -> Iterator[Row]:
    """Streets and parks of central London, and how far they reach. Its `natural` has no tags: unused."""
    kinds = {
        "highways_primary": "main_street",
        "highways_nonprimary": "street",
        "parks": "park",
        "grass": "park",
    }
    drawn = []
    for file, layer in kinds.items():
        for _, shape in read(folder / f"{file}.geojson"):
            drawn.append(shape)
            yield layer, "", shape
    yield "street_extent", "", shapely.box(*shapely.total_bounds(drawn))


def areas(natural_earth: Path) -> Iterator[Row]:
    """Land, and the borders of police areas. The police areas' coast is finer than Natural Earth's."""
    text = files("shared.reference").joinpath("force_areas.geojson")
    with_forces = [(name, shape) for name, shape in read(Path(str(text))) if name != "northern-ireland"]
    forces = [shape.buffer(0) for _, shape in with_forces]
    police = shapely.union_all(forces).buffer(SLIVER_M).buffer(-SLIVER_M)
    coarse = shapely.union_all([shape for _, shape in read(natural_earth / "ne_10m_land.geojson")])
    beyond = coarse.difference(police).buffer(-NEIGHBOUR_DEPTH_M).buffer(NEIGHBOUR_DEPTH_M * 1.1)
    beyond = beyond.intersection(coarse)
    for part in shapely.get_parts(shapely.union_all([police, beyond]).intersection(AROUND)):
        yield "land", "", part
    inland = police.buffer(-2 * SLIVER_M)
    edges = shapely.union_all([shapely.boundary(shape) for shape in forces])
    for part in shapely.get_parts(shapely.line_merge(shapely.intersection(edges, inland))):
        yield "border", "", part
    for file in ("ne_10m_rivers_europe", "ne_10m_rivers_lake_centerlines"):
        for name, shape in read(natural_earth / f"{file}.geojson"):
            yield "river", name, shape.intersection(AROUND)
    for name, shape in read(natural_earth / "ne_10m_lakes.geojson"):
        yield "lake", name, shape.intersection(AROUND)


def places(path: Path) -> Iterator[Row]:
    """Towns and villages, the largest first: labels are placed in this order."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: (-int(row["population"] or 0), row["name"]))
    easting, northing = hexgrid.project(
        np.array([float(row["lon"]) for row in rows]), np.array([float(row["lat"]) for row in rows])
    )
    for row, point in zip(rows, shapely.points(easting, northing), strict=True):
        yield "place", row["name"], point


def quantised(rows: Iterable[Row]) -> Iterator[tuple[str, str, str]]:
    """In whole metres; what vanishes at that size is left out."""
    for layer, name, shape in rows:
        if layer not in ("place", "street_extent"):
            shape = shapely.simplify(shape, 0.7)
        shape = shapely.transform(shape, np.round)
        if not shape.is_empty:
            yield layer, name, shapely.to_wkt(shape, rounding_precision=0)


def main(folder: Path) -> None:
    rows = (
        *areas(folder / "natural_earth_ew"),
        *streets(folder / "osm_london_central"),
        *places(folder / "geonames_places" / "places_ew_cities500.csv"),
    )
    text = "".join("\t".join(row) + "\n" for row in quantised(rows))
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    (HERE / "layers.tsv.xz").write_bytes(packed)
    print(f"{len(packed):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m services.reporter.basemap_data.make_basemap FOLDER")
    main(Path(sys.argv[1]))
