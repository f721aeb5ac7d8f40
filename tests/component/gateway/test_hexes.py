"""Cells as GeoJSON."""

import random
from collections import Counter
from typing import Any

import asyncpg
import pytest
import shapely

from services.gateway.store import sql
from shared.hexgrid import EDGES_M
from shared.model import Dataset
from tests.component.gateway.country import (
    BANK,
    CITY,
    DECEMBER,
    MANCHESTER,
    NOVEMBER,
    OCTOBER,
    ROWS,
    SEA,
    Country,
)
from tests.component.gateway.server import Client, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS
UK = "-9,49,3,61"
HEXES = f"/api/v1/hexes?dataset=street&level=275&bbox={UK}&month=2018-10"


async def hexes(client: Client, **params: Any) -> Any:
    usual: dict[str, Any] = {"dataset": "street", "level": 1100, "bbox": UK, "month": "2018-10"}
    usual.update(params)
    return await get(client, "/api/v1/hexes", **usual)


@pytest.mark.parametrize("level", EDGES_M)
async def test_cells_hold_every_located_record(client: Client, country: Country, level: int) -> None:
    version = await country.load(STREET, OCTOBER, ROWS)
    answer = await hexes(client, level=level)
    located = [row for row in ROWS if row[0][1]]
    assert answer["total"] == len(located) == sum(cell["properties"]["total"] for cell in answer["features"])
    categories: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for cell in answer["features"]:
        categories.update(cell["properties"]["categories"])
        groups.update(cell["properties"]["outcome_groups"])
    assert categories == Counter(row[1] for row in located)
    assert groups == {"positive": 5, "negative": 4, "none": 9}
    assert answer["data_version"] == {"2018-10": version}
    assert "5 records without a location" in " ".join(answer["notes"])
    for place in (CITY, MANCHESTER, SEA):
        point = shapely.Point(*place[1] or ())
        assert (
            sum(
                shapely.Polygon(cell["geometry"]["coordinates"][0]).covers(point)
                for cell in answer["features"]
            )
            == 1
        )


@pytest.mark.parametrize("level", [275, 4400])
async def test_a_rectangle_gives_exactly_the_cells_that_it_touches(
    client: Client, country: Country, level: int
) -> None:
    numbers = random.Random(7)
    places = [("kent", (numbers.uniform(-5, 1.5), numbers.uniform(50.5, 54)), "Force") for _ in range(400)]
    await country.load(STREET, OCTOBER, [(place, "drugs", None) for place in places])
    everything = (await hexes(client, level=level))["features"]
    shapes = {cell["id"]: shapely.Polygon(cell["geometry"]["coordinates"][0]) for cell in everything}
    for _ in range(25):
        west, south = numbers.uniform(-5.5, 1), numbers.uniform(50, 54)
        box = (
            west,
            south,
            west + numbers.choice([0, 0.01, 0.4, 3]),
            south + numbers.choice([0, 0.02, 0.3, 2]),
        )
        if numbers.random() < 0.3:  # a rectangle that has one of the corners of a cell for its own
            corner = shapes[numbers.choice(everything)["id"]].exterior.coords[0]
            box = (*corner, corner[0] + 0.3, corner[1] + 0.3)
        found = await hexes(client, level=level, bbox=",".join(map(repr, box)))
        expected = {name for name, shape in shapes.items() if shape.intersects(shapely.box(*box))}
        assert {cell["id"] for cell in found["features"]} == expected


async def test_a_range_sums_its_months_and_names_those_that_are_missing(
    client: Client, country: Country
) -> None:
    first = await country.load(STREET, OCTOBER, ROWS)
    last = await country.load(STREET, DECEMBER, [(CITY, "drugs", None)] * 9)
    answer = await hexes(client, month="2018-10..2018-12")
    assert answer["data_version"] == {"2018-10": first, "2018-12": last}
    assert answer["missing_months"] == ["2018-11"]
    assert "2018-11 is not held: it is missing from the counts, not zero" in answer["notes"]
    assert answer["total"] == 18 + 9


async def test_filters_leave_only_what_was_asked_for(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(
        STOPS, OCTOBER, [(CITY, None, "Arrest"), (CITY, "", None), (BANK, "Stolen goods", "Arrest")]
    )
    assert (await hexes(client, category="burglary"))["total"] == 9
    assert (await hexes(client, category="burglary,robbery", outcome_group="positive"))["total"] == 3
    unknown = await hexes(client, dataset="stops", category="not-recorded")
    assert unknown["total"] == 2
    assert unknown["features"][0]["properties"]["categories"] == {"not-recorded": 2}
    assert unknown["filters"]["category"] == ["not-recorded"]
    goods = await hexes(client, dataset="stops", category="stolen-goods")
    assert goods["features"][0]["properties"]["categories"] == {"stolen-goods": 1}
    assert await hexes(client, dataset="stops", category="Stolen goods") == goods
    assert (await hexes(client, category="bicycle-theft"))["features"] == []


async def test_gaps_near_the_rectangle_are_named(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    manchester = await hexes(client, bbox="-2.3,53.4,-2.2,53.5")
    gaps = {gap["force"]: gap["state"] for gap in manchester["gaps"]}
    assert gaps["greater-manchester"] == "not_published"
    assert gaps.keys() == {"greater-manchester"}
    border = await hexes(client, bbox="-2.3,53.3,-2.2,53.5")
    assert {gap["force"] for gap in border["gaps"]} == {"greater-manchester", "cheshire"}


async def test_a_map_that_lags_behind_says_so(client: Client, country: Country) -> None:
    old = await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, OCTOBER, ROWS[:-1], cells=False)
    answer = await hexes(client)
    assert answer["data_version"] == {"2018-10": old}
    assert "2018-10: a newer version is loaded and not counted yet" in answer["notes"]


@pytest.mark.parametrize("client", [3], indirect=True)
async def test_too_many_cells_are_refused_with_the_coarser_level(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    problem = await get(client, "/api/v1/hexes", 400, dataset="street", level=275, bbox=UK, month="2018-10")
    assert "more than 3 cells of level 275" in problem["detail"]
    assert "take level 1100 or a smaller bbox" in problem["detail"]
    assert len((await hexes(client, level=275, bbox="-0.0923,51.5133,-0.0885,51.5156"))["features"]) <= 3


async def test_cells_are_read_from_the_index_alone_in_their_range(
    country: Country, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        "INSERT INTO street_cell SELECT m, 275, i, j, 1, 1, 1 FROM unnest($1::date []) AS m, "
        "generate_series(1000, 1400) AS i, generate_series(200, 400) AS j",
        [OCTOBER, NOVEMBER, DECEMBER],
    )
    await pool.execute("VACUUM ANALYZE street_cell")
    reads = [
        (sql("select_cells", table="street_cell"), (1200, 1209, 300, 309, None, None, 20_000)),
        (sql("select_cell_counts", table="street_cell"), ([1200, 1201], [300, 300], [309, 309], None, None)),
    ]
    for (statement, given), cells in zip(reads, (100, 20), strict=True):
        plan = await pool.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", [OCTOBER, DECEMBER], 275, *given
        )
        assert "Seq Scan" not in plan
        assert "street_cell_pkey" in plan
        assert "Rows Removed by Filter" not in plan
        rows = await pool.fetch(statement, [OCTOBER, DECEMBER], 275, *given)
        assert len(rows) == cells
