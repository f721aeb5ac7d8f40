"""Searches that cannot be answered are told why, and what can; people are not described too closely."""

import json
import math
from typing import Any

import asyncpg

from tests.component.gateway.records import PATHS, STOPS, STREET, load, search
from tests.component.gateway.server import Client, get

CRIMES = PATHS[STREET]
HERE = "latitude=51.5134&longitude=-0.0886"
OCTOBER = "month=2018-10"
CITY_BOX = "bbox=-0.12,51.50,-0.07,51.53"
HASH = "00" * 32

BAD = [
    (f"{OCTOBER}", "place", "postcode (and radius)"),
    (f"{OCTOBER}&{HERE}&force=kent", "force", "latitude and longitude (and radius)"),
    (f"{OCTOBER}&force=kent&{CITY_BOX}", "force", "bbox and force are given"),
    (f"{OCTOBER}&latitude=51.5", "longitude", "go together"),
    (f"{OCTOBER}&longitude=-0.1", "latitude", "missing"),
    (f"{OCTOBER}&latitude=nan&longitude=0", "latitude", "not a number"),
    (f"{OCTOBER}&latitude=inf&longitude=0", "latitude", "not a number"),
    (f"{OCTOBER}&latitude=91&longitude=0", "latitude", "from -90 to 90"),
    (f"{OCTOBER}&latitude=1&longitude=181", "longitude", "from -180 to 180"),
    (f"{OCTOBER}&latitude=%ff%fe&longitude=0", "latitude", "not a number"),
    (f"{OCTOBER}&latitude=%00&longitude=0", "latitude", "not a number"),
    (f"{OCTOBER}&{HERE}&radius=5001", "radius", "at most 5000"),
    (f"{OCTOBER}&{HERE}&radius=0", "radius", "more than 0"),
    (f"{OCTOBER}&{HERE}&radius=-1", "radius", "more than 0"),
    (f"{OCTOBER}&{HERE}&radius=1e999", "radius", "not a number"),
    (f"{OCTOBER}&{CITY_BOX}&radius=100", "radius", "does not go with bbox"),
    (f"{OCTOBER}&bbox=-3,50,1,53", "bbox", "at most 400 km²"),
    (f"{OCTOBER}&bbox=-1,-200,1,1", "bbox", "not on Earth"),
    (f"{OCTOBER}&force=yorkshire", "force", "north-yorkshire"),
    (f"{OCTOBER}&force=kent%00", "force", "none of"),
    (f"{OCTOBER}&force=%ff", "force", "none of"),
    (f"{CITY_BOX}", "month", "YYYY-MM"),
    (f"{OCTOBER}&{HERE}&category=arson", "category", "burglary"),
    (f"{OCTOBER}&{HERE}&category=", "category", "burglary"),
    (f"{OCTOBER}&{HERE}&outcome=hanged", "outcome", "under-investigation"),
    (f"{OCTOBER}&{HERE}&outcome=%C3%AA", "outcome", "under-investigation"),
    (f"{OCTOBER}&{HERE}&outcome_group=good", "outcome_group", "positive"),
    (f"{OCTOBER}&{HERE}&fields=name", "fields", "persistent_id"),
    (f"{OCTOBER}&{HERE}&limit=0", "limit", "from 1 to 10000"),
    (f"{OCTOBER}&{HERE}&limit=10001", "limit", "from 1 to 10000"),
    (f"{OCTOBER}&{HERE}&limit=%D9%A1", "limit", "from 1 to 10000"),
    (f"{OCTOBER}&{HERE}&gender=male", "gender", "no such parameter"),
    (f"{OCTOBER}&{HERE}&{OCTOBER}", "month", "more than once"),
    (f"{OCTOBER}&{HERE}&after=2018-10.1", "after", "id of a record"),
    (f"{OCTOBER}&{HERE}&after=2018-10.99999999999.{HASH}.0", "after", "id of a record"),
    (f"{OCTOBER}&{HERE}&after=2018-10.2147483648.{HASH}.0", "after", "id of a record"),
    (f"{OCTOBER}&{HERE}&after=2018-10.1.{HASH}.99999", "after", "id of a record"),
    (f"{OCTOBER}&{HERE}&after=2018-10.1.{HASH}00.0", "after", "id of a record"),
    (f"{OCTOBER}&{HERE}&after=2018-10.1.0g.0", "after", "id of a record"),
    (f"{OCTOBER}&{HERE}&after=2018-11.1.{HASH}.0", "after", "2018-10"),
    (f"{OCTOBER}&{HERE}&after=2010-01.1.{HASH}.0", "after", "2010-12"),
    (f"{OCTOBER}&{HERE}&after=2018-10.1.{HASH}.0%00", "after", "id of a record"),
]


async def test_a_search_that_cannot_be_is_told_what_can(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STREET, "2018-10", cells=False)
    for query, parameter, words in BAD:
        for ending in ("", ".csv"):
            answer = await client.get(f"{CRIMES}{ending}?{query}")
            problem = answer.json()
            assert (query, answer.status_code, problem.get("parameter")) == (query, 400, parameter), problem
            assert words in problem["detail"]


def ring(vertices: int, radius: float = 0.01) -> list[list[float]]:
    """A closed ring in the City with so many vertices, the last of them the first."""
    angles = [2 * math.pi * n / (vertices - 1) for n in range(vertices - 1)]
    points = [[-0.09 + radius * math.cos(one), 51.51 + radius * math.sin(one)] for one in angles]
    return [*points, points[0]]


SQUARE = [[0, 51], [0.1, 51], [0.1, 51.1], [0, 51.1], [0, 51]]
POLYGONS: list[tuple[Any, str]] = [
    ({"type": "Polygon", "coordinates": [ring(1001)]}, "1001 vertices: at most 1000"),
    ({"type": "Polygon", "coordinates": [[[0, 0]] * 100_000]}, "100000 vertices: at most 1000"),
    ({"type": "MultiPolygon", "coordinates": [[ring(600)], [ring(600)]]}, "1200 vertices: at most 1000"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "Self-intersection"),
    ({"type": "Polygon", "coordinates": [SQUARE[:-1]]}, "not closed"),
    ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, "at least 4"),
    ({"type": "Polygon", "coordinates": [[[0, 0]] * 4]}, "no simple area"),
    ({"type": "Polygon", "coordinates": [ring(10, 1)]}, "at most 400 km²"),
    ({"type": "Polygon", "coordinates": [[[0, 91], [1, 91], [1, 92], [0, 91]]]}, "latitude from -90 to 90"),
    ({"type": "Polygon", "coordinates": []}, "no ring"),
    ({"type": "Polygon", "coordinates": [[]]}, "ring of 0"),
    ({"type": "MultiPolygon", "coordinates": []}, "no ring"),
    ({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, "no simple area"),
    ({"type": "Polygon", "coordinates": [[[0], [1], [2], [0]]]}, "no GeoJSON"),
    ({"type": "Polygon", "coordinates": [[["0", "51"]] * 4]}, "no GeoJSON"),
    ({"type": "Polygon"}, "no GeoJSON"),
    ({"type": "Point", "coordinates": [0, 51]}, "no GeoJSON"),
    ({"type": "Feature", "geometry": None}, "no GeoJSON"),
    ([], "no GeoJSON"),
    (None, "no GeoJSON"),
    ("text", "no GeoJSON"),
]


async def test_a_polygon_that_is_none_is_refused(client: Client) -> None:
    for polygon, words in POLYGONS:
        answer = await client.post(CRIMES, json={"polygon": polygon, "month": "2018-10"})
        problem = answer.json()
        assert (words, answer.status_code, problem.get("parameter")) == (words, 400, "polygon"), problem
        assert words in problem["detail"]
        assert len(problem["detail"]) < 500


async def test_the_most_vertices_and_metres_that_are_allowed_are_answered(
    client: Client, pool: asyncpg.Pool
) -> None:
    await load(pool, STREET, "2018-10")
    polygon = {"type": "Polygon", "coordinates": [ring(1000)]}
    posted = await client.post(CRIMES, json={"polygon": polygon, "month": "2018-10", "limit": 10_000})
    assert len(posted.json()["records"]) > 100
    around = await get(client, CRIMES, month="2018-10", latitude=51.51, longitude=-0.09, radius=5000)
    assert len(around["records"]) == 100
    for far in ("latitude=-90&longitude=180", "latitude=0&longitude=-100", "bbox=-0.09,51.51,-0.09,51.51"):
        answer = await client.get(f"{CRIMES}?{OCTOBER}&{far}")
        assert (answer.status_code, answer.json()["records"]) == (200, [])


DEEP = b'{"month": "2018-10", "polygon": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BODIES = [
    (b"", "body"),
    (b"[]", "body"),
    (b"{", "body"),
    (b'{"polygon": NaN}', "body"),
    (b'{"month": "\xff"}', "body"),
    (b'{"month": {"a": 1}}', "body"),
    (b"[" * 500_000, "body"),
    (b'{"after": "2018-10.1..0"}', "after"),
    (b'{"force": "kent\\u0000", "month": "2018-10"}', "force"),
    (b'{"force": "\\ud800", "month": "2018-10"}', "body"),
    (b'{"limit": 1e400, "force": "kent", "month": "2018-10"}', "body"),
    (b'{"limit": 2.5, "force": "kent", "month": "2018-10"}', "limit"),
    (DEEP, "body"),
    (json.dumps({"polygon": {"type": "Polygon", "coordinates": "x" * 1000}}).encode(), "month"),
]


async def test_a_body_that_says_nothing_is_refused(client: Client) -> None:
    for body, parameter in BODIES:
        answer = await client.post(CRIMES, content=body)
        found = answer.status_code, answer.json().get("parameter")
        assert (body[:40], *found) == (body[:40], 400, parameter), answer.text


async def test_a_body_that_is_too_large_is_refused_unread(client: Client) -> None:
    polygon = {"type": "Polygon", "coordinates": [ring(100_000)]}
    answer = await client.post(CRIMES, json={"polygon": polygon, "month": "2018-10"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "1 MB" in answer.json()["detail"]


async def test_people_are_not_described_by_more_than_two_of_their_attributes(
    client: Client, pool: asyncpg.Pool
) -> None:
    await load(pool, STOPS, "2018-10")
    three = {"gender": "male", "age_range": "18-24", "self_ethnicity": "not-recorded"}
    problem = await get(client, PATHS[STOPS], 400, month="2018-10", force="city-of-london", **three)
    assert "at most 2 of self_ethnicity, officer_ethnicity, age_range, gender" in problem["detail"]
    found = await search(
        client, STOPS, month="2018-10", force="city-of-london", gender="male", age_range="18-24"
    )
    assert {(one["gender"], one["age_range"]) for one in found} == {("Male", "18-24")}


async def test_filters_on_people_need_an_area_of_some_size(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STOPS, "2018-10")
    for place, is_large in (
        (f"{HERE}&radius=480", False),
        (f"{HERE}&radius=500", True),
        ("bbox=-0.10,51.51,-0.095,51.515", False),
        ("bbox=-0.10,51.51,-0.09,51.52", True),
    ):
        path = f"{PATHS[STOPS]}?{OCTOBER}&{place}"
        answer = await client.get(f"{path}&gender=male")
        assert (place, answer.status_code) == (place, 200 if is_large else 400)
        assert is_large or "0.75 km²" in answer.json()["detail"]
        assert (await client.get(f"{path}&object=controlled-drugs")).status_code == 200


async def test_small_parts_do_not_make_a_large_area_together(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STOPS, "2018-10")
    large, small = ring(30), ring(30, 0.003)
    # 0.2 km² each, more than is needed together.
    elsewhere = [[[lon + east, lat] for lon, lat in small] for east in (-0.1, 0.1, 0.2, 0.3)]
    hollow = [large, ring(30, 0.0095)]
    for parts, is_large in (
        ([[large]], True),
        ([[large], [elsewhere[0]]], False),
        ([[part] for part in elsewhere], False),
        ([hollow], False),
        ([[large], [[[lon + 0.1, lat] for lon, lat in large]]], True),
    ):
        asked = {"month": "2018-10", "polygon": {"type": "MultiPolygon", "coordinates": parts}}
        answer = await client.post(PATHS[STOPS], json=asked | {"gender": "male"})
        assert answer.status_code == (200 if is_large else 400), answer.text
        assert is_large or "0.75 km² in every part" in answer.json()["detail"]
        assert (await client.post(PATHS[STOPS], json=asked)).status_code == 200
