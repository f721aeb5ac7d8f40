"""Vector tiles of cells: what is encoded, and where their corners are."""

import asyncio
import random

import mapbox_vector_tile
import numpy as np
import pytest
import shapely

from services.gateway.cubes import Block
from services.gateway.memory import Memory
from services.gateway.tile_counts import Attributes, Grid, split
from services.gateway.tile_encoding import encode
from services.gateway.tile_shapes import MAX_ZOOM, Tile, hexagons, near
from shared.hexgrid import EDGES_M, CellRange, cells, project, rings

LONDON = (-0.1, 51.5)
PLACES = [LONDON, (-5.5, 50.1), (1.7, 52.6), (-2.0, 55.7), (-1.0, 60.5)]


def tile_at(z: int, lon: float, lat: float) -> Tile:
    """The tile of a place."""
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    return Tile(z, int((lon + 180) / 360 * 2**z), int(y * 2**z))


def all_cells(area: CellRange) -> tuple[np.ndarray, np.ndarray]:
    """Every cell of a range."""
    i, j = np.mgrid[area.i_min : area.i_max + 1, area.j_min : area.j_max + 1]
    return i.ravel().astype(np.int32), j.ravel().astype(np.int32)


def in_units(tile: Tile, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Where degrees are in a tile, by the textbook."""
    x = (lon + 180) / 360 * 2**tile.z - tile.x
    y = (1 - np.log(np.tan(np.radians(lat)) + 1 / np.cos(np.radians(lat))) / np.pi) / 2 * 2**tile.z - tile.y
    return np.stack([x, y], axis=-1) * 4096


@pytest.mark.parametrize("z", range(MAX_ZOOM + 1))
@pytest.mark.parametrize("place", PLACES)
def test_corners_are_where_geojson_has_them(z: int, place: tuple[float, float]) -> None:
    tile = tile_at(z, *place)
    if z > 5:
        i, j = all_cells(tile.area())
    else:  # all of the British Isles
        i, j = all_cells(CellRange(0, 28, 0, 45))
    shapes = hexagons(tile, i, j)
    exact = in_units(tile, *rings(tile.level, i, j)[:, :6].transpose(2, 0, 1))
    # Half a unit is lost by rounding; the rest are GeoJSON's six decimals.
    assert np.abs(shapes[:, ::-1] - exact).max() < 0.6


@pytest.mark.parametrize("z", [6, 8, 10, 12])
def test_a_full_tile_has_some_three_thousand_cells_and_all_that_touch_it(z: int) -> None:
    tile = tile_at(z, *LONDON)
    i, j = all_cells(tile.area())
    shapes = hexagons(tile, i, j)
    shown = near(shapes)
    assert shown.sum() < 3_400
    touches = shapely.intersects(shapely.polygons(shapes), shapely.box(0, 0, 4096, 4096))
    assert not (touches & ~shown).any()
    # No cell of the tile is outside of the range that was looked at.
    assert shapely.union_all(shapely.polygons(shapes[shown])).buffer(1).covers(shapely.box(0, 0, 4096, 4096))
    # What is outside stays near: the widest are 380 units.
    assert (np.abs(shapes[shown] - 2048) < 2048 + 400).all()


def test_the_cell_of_a_point_is_in_the_tile_of_the_point() -> None:
    numbers = np.random.default_rng(5)
    lon, lat = numbers.uniform(-5, 1.5, 300), numbers.uniform(50, 55.5, 300)
    for z in range(MAX_ZOOM + 1):
        for one_lon, one_lat in zip(lon[:40], lat[:40], strict=True):
            tile = tile_at(z, one_lon, one_lat)
            i, j = cells(*project(np.array([one_lon]), np.array([one_lat])), tile.level)
            area = tile.area()
            assert area.i_min <= i[0] <= area.i_max
            assert area.j_min <= j[0] <= area.j_max
            assert near(hexagons(tile, i, j)).all()


def test_another_library_reads_what_was_encoded() -> None:
    numbers = np.random.default_rng(7)
    counts = numbers.choice([0, 0, 1, 2, 127, 128, 40_000, 3_000_000], (500, 5))
    counts[:, 0] = numbers.integers(1, 2**27, 500)
    i, j = numbers.integers(-300, 300, (2, 500)).astype(np.int32)
    shapes = hexagons(Tile(10, 511, 340), i, j)
    ids = [b"275.%d.%d" % cell for cell in zip(i.tolist(), j.tolist(), strict=True)]
    names = ("total", "outcome:none", "outcome:ü", "category:x", "category:y")
    content = encode("street", 4096, ids, names, counts, shapes)
    decoded = mapbox_vector_tile.decode(content, default_options={"y_coord_down": True})
    layer = decoded["street"]
    assert (layer["version"], layer["extent"]) == (2, 4096)
    for n, feature in enumerate(layer["features"]):
        row = {name: int(count) for name, count in zip(names, counts[n], strict=True) if count}
        assert feature["properties"] == {"id": ids[n].decode(), **row}
        [ring] = feature["geometry"]["coordinates"]
        assert [list(corner) for corner in ring] == [*shapes[n].tolist(), shapes[n][0].tolist()]
        # The specification: an exterior ring has a positive area where y points down.
        assert shapely.is_ccw(shapely.LinearRing(ring))
    assert len(layer["features"]) == 500
    assert encode("street", 4096, [], names, counts[:0], shapes[:0]) == b""


def test_counts_of_months_are_summed_cell_by_cell() -> None:
    numbers = random.Random(11)
    months: list[Grid] = []
    expected: dict[tuple[int, int], dict[str, int]] = {}
    for _ in range(3):
        rows = {}
        for _ in range(2000):
            key = (
                numbers.randint(-20, 20),
                numbers.randint(-20, 20),
                numbers.choice([2, 5, 9]),
                numbers.choice([1, 3]),
            )
            rows[key] = numbers.randint(1, 9)
        ordered = sorted(rows)
        columns = dict(
            zip(
                ("i", "j", "category", "group"),
                (np.array(part, np.int16) for part in zip(*ordered, strict=True)),
                strict=True,
            )
        )
        months.append(Grid.of(Block(columns, np.array([rows[key] for key in ordered]))))
        for (i, j, category, group), n in rows.items():
            # Groups 1 and 3 are a and b; of the categories 2 is x, 5 and 9 are y, and only y is asked for.
            if category == 2 or not (-10 <= i <= 12 and -7 <= j <= 9):
                continue
            cell = expected.setdefault((i, j), {"total": 0, "outcome:a": 0, "outcome:b": 0, "category:y": 0})
            for name in ("total", f"outcome:{'a' if group == 1 else 'b'}", "category:y"):
                cell[name] += n
    attributes = Attributes.of({1: "a", 3: "b"}, {2: "x", 5: "y", 9: "y"}, None, ["y"])
    keys, counts = attributes.sums(months, CellRange(-10, 12, -7, 9))
    found = {
        cell: dict(zip(attributes.names, row, strict=True))
        for cell, row in zip(
            zip(*(part.tolist() for part in split(keys)), strict=True), counts.tolist(), strict=True
        )
    }
    assert found == expected
    assert list(found) == sorted(found)
    nothing = Attributes.of({1: "a"}, {2: "x"}, [], None)
    empty = Grid.of(
        Block(
            {name: np.empty(0, np.int16) for name in ("i", "j", "category", "group")}, np.empty(0, np.int64)
        )
    )
    assert len(nothing.sums([empty], CellRange(0, 5, 0, 5))[0]) == 0


@pytest.mark.parametrize("edge", EDGES_M)
def test_every_level_is_shown_at_some_zoom(edge: int) -> None:
    assert edge in {Tile(z, 0, 0).level for z in range(MAX_ZOOM + 1)}


async def test_memory_stays_within_its_bounds_and_forgets_the_least_used() -> None:
    memory = Memory[bytes](100, len)

    async def make(size: int) -> bytes:
        return b"x" * size

    for key in range(5):
        await memory.get_or_make(key, lambda: make(20))
    assert memory.get(0) is not None
    await memory.get_or_make(5, lambda: make(20))
    assert [memory.get(key) is not None for key in range(6)] == [True, False, True, True, True, True]
    assert len(await memory.get_or_make("large", lambda: make(101))) == 101
    assert memory.get("large") is None
    assert memory.held == 100


async def test_whoever_asks_meanwhile_gets_the_same_value_or_error_and_the_next_tries_again() -> None:
    memory, started = Memory[bytes](100, len), 0

    async def fail() -> bytes:
        nonlocal started
        started += 1
        await asyncio.sleep(0)
        raise ValueError("no")

    results = await asyncio.gather(
        *(memory.get_or_make("key", fail) for _ in range(5)), return_exceptions=True
    )
    assert [str(result) for result in results] == ["no"] * 5
    assert started == 1
    with pytest.raises(ValueError, match="no"):
        await memory.get_or_make("key", fail)
    assert started == 2
