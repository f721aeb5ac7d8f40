"""Searching records: where, what, in which form, counted apart from the database."""

from collections import Counter
from typing import Any

import asyncpg
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from shared.areas import ForceAreas
from tests.builders import CITY, csv_rows
from tests.component.gateway.records import (
    OUTCOMES,
    PATHS,
    STOPS,
    STREET,
    csv_records,
    load,
    places,
    places_of_csv,
    search,
)
from tests.component.gateway.server import Client, get

EARTH = Geod(ellps="WGS84")
BANK = {"latitude": 51.5134, "longitude": -0.0886}
BBOX = (-0.1, 51.51, -0.08, 51.52)
L_SHAPE = [[-0.1, 51.51], [-0.08, 51.51], [-0.08, 51.514], [-0.09, 51.514], [-0.09, 51.52], [-0.1, 51.52]]
POLYGON = {"type": "Polygon", "coordinates": [[*L_SHAPE, L_SHAPE[0]]]}
READING = "-1.05,51.40,-0.85,51.52"


def metres_from_bank(row: dict[str, str]) -> float:
    lon, lat = float(row["Longitude"]), float(row["Latitude"])
    metres: float = EARTH.inv(BANK["longitude"], BANK["latitude"], lon, lat)[2]
    return metres


@pytest.mark.parametrize("radius", [50, 300, 500, 1000])
async def test_a_circle_holds_what_lies_within_its_metres_on_the_ellipsoid(
    client: Client, pool: asyncpg.Pool, radius: int
) -> None:
    await load(pool, STREET, "2018-10")
    expected = [row for row in csv_rows() if row["Longitude"] and metres_from_bank(row) <= radius]
    found = await search(client, STREET, month="2018-10", radius=radius, limit=30, **BANK)
    assert places(found) == places_of_csv(expected)
    assert Counter(one["persistent_id"] or "" for one in found) == Counter(
        row["Crime ID"] for row in expected
    )


async def test_rectangles_and_polygons_hold_what_lies_in_them(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STREET, "2018-10")
    rows = [row for row in csv_rows() if row["Longitude"]]
    corner = next(row for row in rows if metres_from_bank(row) < 300)
    on_the_border = (float(corner["Longitude"]), float(corner["Latitude"]), -0.08, 51.52)
    for box in (BBOX, on_the_border, (-0.2, 51.5, -0.0886, 51.53)):
        inside = shapely.box(*box)
        expected = [row for row in rows if inside.covers(point(row))]
        found = await search(client, STREET, month="2018-10", bbox=",".join(map(str, box)), limit=1000)
        assert places(found) == places_of_csv(expected)
    shape = shapely.Polygon(L_SHAPE)
    expected = [row for row in rows if shape.covers(point(row))]
    assert 0 < len(expected) < len(rows)
    answer = await client.post(
        PATHS[STREET],
        json={"polygon": POLYGON, "month": "2018-10", "limit": 1000, "category": ["drugs", "robbery"]},
    )
    kinds = {"Drugs", "Robbery"}
    assert places(answer.json()["records"]) == places_of_csv(
        row for row in expected if row["Crime type"] in kinds
    )
    by_url = await search(client, STREET, month="2018-10", polygon=shapely.to_geojson(shape))
    assert places(by_url) == places_of_csv(expected)
    two = {
        "type": "MultiPolygon",
        "coordinates": [POLYGON["coordinates"], [[[0, 0], [1, 0], [1, 1], [0, 0]]]],
    }
    far = await client.post(PATHS[STREET], json={"polygon": two, "month": "2018-10"})
    assert (far.status_code, far.json()["parameter"]) == (400, "polygon")


async def test_a_posted_search_goes_on_where_next_says(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STREET, "2018-10")
    body = {"polygon": POLYGON, "month": "2018-10", "limit": 50}
    answer = (await client.post(f"{PATHS[STREET]}.json", json=body)).json()
    found = answer["records"]
    while answer["next"]:
        answer = (await client.post(answer["next"], json=body)).json()
        found += answer["records"]
    whole = await search(
        client, STREET, month="2018-10", limit=1000, polygon=shapely.to_geojson(shapely.Polygon(L_SHAPE))
    )
    assert [one["id"] for one in found] == [one["id"] for one in whole]


async def test_a_police_area_has_its_records_without_a_location_too(
    client: Client, pool: asyncpg.Pool
) -> None:
    await load(pool, STREET, "2018-10", (CITY, "btp"))
    rows = csv_rows(forces=(CITY, "btp"))
    located = [row for row in rows if row["Longitude"]]
    areas = ForceAreas.load().assign(*coordinates(located))
    expected = [row for row, area in zip(located, areas, strict=True) if area == CITY]
    expected += [row for row in rows if not row["Longitude"] and row["force"] == CITY]
    found = await search(client, STREET, month="2018-10", force=CITY, limit=500)
    assert places(found) == places_of_csv(expected)
    assert {one["force"] for one in found} == {CITY}
    transport = await search(client, STREET, month="2018-10", force="btp", limit=2000)
    assert places(transport) == places_of_csv(row for row in rows if row["force"] == "btp")
    answer = await get(client, PATHS[STREET], month="2018-10", force=CITY)
    assert any("British Transport Police" in note for note in answer["notes"])


async def test_all_forms_say_the_same(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STOPS, "2018-10")
    query: dict[str, Any] = {"month": "2018-10", "force": CITY, "limit": 1000}
    records = await search(client, STOPS, **query)
    assert len(records) == len(csv_rows(STOPS))
    as_csv = await client.get(f"{PATHS[STOPS]}.csv", params=query)
    rows = csv_records(as_csv.text)
    assert [row["id"] for row in rows] == [one["id"] for one in records]
    for row, one in zip(rows, records, strict=True):
        assert list(row) == list(one)
        assert row == {name: plain(value) for name, value in one.items()}
    by_accept = await client.get(PATHS[STOPS], params=query, headers={"Accept": "text/csv"})
    assert by_accept.content == as_csv.content
    assert "Accept" in by_accept.headers["vary"].split(",")
    assert as_csv.headers["x-data-version"].startswith("2018-10=")
    features = (await get(client, f"{PATHS[STOPS]}.geojson", **query))["features"]
    for feature, one in zip(features, records, strict=True):
        rest = {name: value for name, value in one.items() if name not in ("id", "latitude", "longitude")}
        assert (feature["id"], feature["properties"]) == (one["id"], rest)
        where = None if one["latitude"] is None else [one["longitude"], one["latitude"]]
        assert (feature["geometry"] and feature["geometry"]["coordinates"]) == where
    assert any(feature["geometry"] is None for feature in features)


def plain(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


async def test_only_the_fields_asked_for_are_given_and_the_id(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STREET, "2018-10")
    query: dict[str, Any] = {"month": "2018-10", "fields": "category,outcome", **BANK}
    answer = await get(client, PATHS[STREET], **query)
    assert {tuple(record) for record in answer["records"]} == {("id", "category", "outcome")}
    text = (await client.get(f"{PATHS[STREET]}.csv", params=query)).text
    assert text.splitlines()[0] == "id,category,outcome"
    [first, *_] = (await get(client, f"{PATHS[STREET]}.geojson", **query))["features"]
    assert (set(first["properties"]), first["geometry"]["type"]) == ({"category", "outcome"}, "Point")


async def test_filters_of_stops_count_what_the_source_counts(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STOPS, "2018-10")
    rows = csv_rows(STOPS)
    columns = {
        "gender": "Gender", "age_range": "Age range", "object": "Object of search",
        "legislation": "Legislation",
        "self_ethnicity": "Self-defined ethnicity", "officer_ethnicity": "Officer-defined ethnicity",
        "type": "Type", "outcome": "Outcome",
    }  # fmt: skip
    for name, column in columns.items():
        for word, n in Counter(row[column] for row in rows).items():
            asked = word.replace(",", " ") or "not-recorded"
            found = await search(client, STOPS, month="2018-10", force=CITY, **{name: asked})
            assert (name, word, len(found)) == (name, word, n)
    both = await search(client, STOPS, month="2018-10", force=CITY, gender="female", outcome="bu-arrest")
    assert len(both) == sum(row["Gender"] == "Female" and row["Outcome"] == "Arrest" for row in rows)
    arrests = await search(client, STOPS, month="2018-10", force=CITY, outcome_group="positive")
    assert {one["outcome_group"] for one in arrests} == {"positive"}


async def test_outcomes_are_found_by_place_group_code_and_month_of_the_crime(
    client: Client, pool: asyncpg.Pool
) -> None:
    await load(pool, OUTCOMES, "2022-01", ("thames-valley",))
    inside = shapely.box(*map(float, READING.split(",")))
    rows = [
        row for row in csv_rows(OUTCOMES, "2022-01", ("thames-valley",))
        if row["Longitude"] and inside.covers(point(row))
    ]  # fmt: skip
    found = await search(client, OUTCOMES, month="2022-01", bbox=READING, limit=500)
    assert len(rows) > 1000
    assert places(found) == places_of_csv(rows)
    name = "Offender given a caution"
    cautions = await search(client, OUTCOMES, month="2022-01", bbox=READING, outcome="cautioned", limit=500)
    assert len(cautions) == sum(row["Outcome type"] == name for row in rows)
    assert {one["outcome_code"] for one in cautions} == {"cautioned"}
    months = Counter(one["crime_month"] for one in found)
    month, n = months.most_common()[-1]
    asked = {"month": "2022-01", "bbox": READING, "crime_month": month}
    assert len(await search(client, OUTCOMES, **asked)) == n


def point(row: dict[str, str]) -> shapely.Point:
    return shapely.Point(float(row["Longitude"]), float(row["Latitude"]))


def coordinates(rows: list[dict[str, str]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = ([float(row[name]) for row in rows] for name in ("Longitude", "Latitude"))
    return np.array(lon), np.array(lat)
