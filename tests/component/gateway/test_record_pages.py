"""Pages of records: stable while the data change, and honest about what is missing."""

import random
from typing import Any

import asyncpg
import pytest

from services.gateway.settings import GatewaySettings
from shared.db import READER, open_pool
from tests.builders import CITY, csv_rows
from tests.component.gateway.records import OUTCOMES, PATHS, STOPS, STREET, csv_records, load, search
from tests.component.gateway.server import Client, gateway, get
from tests.pipeline import holding

BANK: dict[str, Any] = {"latitude": 51.5134, "longitude": -0.0886}
CITY_OCTOBER: dict[str, Any] = {"month": "2018-10", "force": CITY}


async def ids_in(pool: asyncpg.Pool, force: str = CITY) -> list[str]:
    """The ids of the current records of October in their order, read without the gateway."""
    rows = await pool.fetch(
        "SELECT c.snap_point_id, c.content_hash, c.ordinal FROM street_crime AS c "
        "JOIN current_version AS v ON v.version_id = c.version_id "
        "JOIN snap_point AS p ON p.id = c.snap_point_id JOIN force AS f ON f.id = p.force_id "
        "WHERE v.dataset = 'street' AND v.month = '2018-10-01' AND f.slug = $1",
        force,
    )
    keys = sorted(tuple(row) for row in rows)
    return [f"2018-10.{point}.{digest.hex()}.{ordinal}" for point, digest, ordinal in keys]


@pytest.mark.parametrize("ending", ["", ".csv"])
async def test_a_swap_between_two_pages_repeats_nothing_and_leaves_out_nothing(
    client: Client, pool: asyncpg.Pool, ending: str
) -> None:
    await load(pool, STREET, "2018-10")
    old = await ids_in(pool)
    path = PATHS[STREET] + ending
    first = await client.get(path, params={**CITY_OCTOBER, "limit": 300})
    given = ids_of(first.text) if ending else [one["id"] for one in first.json()["records"]]
    assert given == old[:300]
    await load(pool, STREET, "2018-10", revised=True)
    new = await ids_in(pool)
    assert set(new) != set(old)
    rest = [one for one in new if key_of(one) > key_of(given[-1])]
    answer = first
    following: str | None = first.links["next"]["url"]
    found: list[str] = []
    while following:
        answer = await client.get(following)
        found += ids_of(answer.text) if ending else [one["id"] for one in answer.json()["records"]]
        following = answer.links.get("next", {}).get("url")
    assert found == rest
    assert not set(found) & set(given)


def ids_of(text: str) -> list[str]:
    return [row["id"] for row in csv_records(text)]


def key_of(name: str) -> tuple[int, bytes, int]:
    _, point, digest, ordinal = name.split(".")
    return int(point), bytes.fromhex(digest), int(ordinal)


async def test_any_record_of_any_month_is_a_place_to_go_on_from(client: Client, pool: asyncpg.Pool) -> None:
    for month in ("2018-10", "2018-11"):
        await load(pool, STREET, month)
    whole = await search(client, STREET, month="2018-09..2018-11", force=CITY, limit=10_000)
    months = [record["month"] for record in whole]
    assert months == sorted(months, reverse=True)
    assert set(months) == {"2018-10", "2018-11"}
    numbers = random.Random(4)
    for place in [0, len(whole) - 2, months.index("2018-10") - 1, *numbers.choices(range(len(whole)), k=5)]:
        answer = await get(
            client, PATHS[STREET], month="2018-09..2018-11", force=CITY, limit=40, after=whole[place]["id"]
        )
        assert answer["records"] == whole[place + 1 : place + 41]
        assert (answer["next"] is None) == (place + 41 >= len(whole))
    last = await client.get(
        f"{PATHS[STREET]}.csv", params={**CITY_OCTOBER, "after": whole[-1]["id"], "fields": "category"}
    )
    assert (last.text, list(last.links)) == ("id,category\n", ["describedby"])


async def test_what_is_missing_is_named_and_never_counted(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STREET, "2018-10")
    answer = await get(client, PATHS[STREET], month="2018-10..2018-11", **BANK)
    assert answer["missing_months"] == ["2018-11"]
    assert list(answer["data_version"]) == ["2018-10"]
    assert {gap["force"] for gap in answer["gaps"]} <= {CITY, "metropolitan", "btp"}
    assert "records without a location are in no area; force finds them" in answer["notes"]
    assert answer["filters"] == {
        "latitude": 51.5134, "longitude": -0.0886, "radius": 500, "months": ["2018-11", "2018-10"],
    }  # fmt: skip
    nowhere = [row for row in csv_rows() if not row["Longitude"]]
    found = await search(client, STREET, force=CITY, month="2018-10", limit=1000)
    unlocated = [one for one in found if one["latitude"] is None]
    assert 0 < len(unlocated) == len(nowhere)
    assert {(one["longitude"], one["street_name"]) for one in unlocated} == {(None, None)}
    await load(pool, STREET, "2018-10", revised=True, cells=False)
    answer = await get(client, PATHS[STREET], month="2018-10", **BANK)
    assert any("not on the map yet" in note for note in answer["notes"])


async def test_an_answer_is_confirmed_in_its_form_until_the_data_change(
    client: Client, pool: asyncpg.Pool
) -> None:
    await load(pool, STREET, "2018-10")
    path = PATHS[STREET]
    first = await client.get(path, params=CITY_OCTOBER)
    held = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(path, params=CITY_OCTOBER, headers=held)).status_code == 304
    other = await client.get(path, params=CITY_OCTOBER, headers=held | {"Accept": "text/csv"})
    assert other.status_code == 200
    await load(pool, STREET, "2018-10", revised=True)
    assert (await client.get(path, params=CITY_OCTOBER, headers=held)).status_code == 200
    posted = await client.post(path, json=CITY_OCTOBER, headers=held)
    assert (posted.status_code, posted.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/geo+json", "application/geo+json"),
        ("text/csv;q=0.5, application/xml", "text/csv"),
        ("application/xml", None),
        ("nonsense", None),
    ],
)
async def test_the_form_is_what_the_client_accepts(
    client: Client, pool: asyncpg.Pool, accept: str, given: str | None
) -> None:
    await load(pool, STREET, "2018-10")
    answer = await client.get(PATHS[STREET], params=CITY_OCTOBER, headers={"Accept": accept})
    if given is None:
        assert (answer.status_code, answer.headers["content-type"]) == (406, "application/problem+json")
        assert "application/geo+json" in answer.json()["detail"]
    else:
        assert answer.headers["content-type"].split(";")[0] == given
    ending = await client.get(f"{PATHS[STREET]}.csv", params=CITY_OCTOBER, headers={"Accept": accept})
    assert ending.headers["content-type"].split(";")[0] == "text/csv"


async def test_around_a_postcode_is_around_where_it_is(
    pool: asyncpg.Pool, database_url: str, nats_url: str
) -> None:
    await load(pool, STREET, "2018-10")
    await pool.execute("INSERT INTO postcode_edition (source, rows) VALUES ('test edition', 4)")
    await pool.executemany(
        "INSERT INTO postcode VALUES ($1, $2, $3, $4, $5::text::date)",
        [
            ("EC2M 7PY", 51519060, -81380, "E", None),
            ("E1W 1UU", 51508774, -51135, "E", "2007-12-01"),
            ("TD9 0AA", 55400000, -2800000, "S", None),
            ("EC1A 1AA", None, None, "E", None),
        ],
    )
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, postcodes_io=False)
    query: dict[str, Any] = {"month": "2018-10", "radius": 400}
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        answer = await get(client, PATHS[STREET], postcode="ec2m7py", **query)
        same = await get(client, PATHS[STREET], latitude=51.51906, longitude=-0.08138, **query)
        assert answer["records"] == same["records"] != []
        assert answer["filters"]["postcode"] == "EC2M 7PY"
        for postcode, status, words in (
            ("EC2M", 400, "whole postcode"),
            ("\0", 400, "not a postcode"),
            ("EC2M 7PZ", 404, "not known"),
            ("E1W 1UU", 404, "2007-12"),
            ("TD9 0AA", 422, "Scotland"),
            ("AB1 0AA", 422, "Scotland"),
            ("EC1A 1AA", 422, "no grid reference"),
        ):
            problem = await get(client, PATHS[STREET], status, postcode=postcode, **query)
            assert (problem["parameter"], words in problem["detail"]) == ("postcode", True)


@pytest.mark.parametrize("ending", ["", ".csv"])
async def test_a_search_that_takes_too_long_is_given_up(
    pool: asyncpg.Pool, database_url: str, nats_url: str, ending: str
) -> None:
    await load(pool, STREET, "2018-10")
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, query_timeout=1)
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        async with holding(pool, "LOCK TABLE street_crime"):
            answer = await client.get(PATHS[STREET] + ending, params=CITY_OCTOBER)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert (await client.get(PATHS[STREET] + ending, params=CITY_OCTOBER)).status_code == 200


async def test_places_that_only_outcomes_have_are_on_the_map(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, OUTCOMES, "2022-01", ("thames-valley",))
    located = await pool.fetchval(
        "SELECT count(DISTINCT c.snap_point_id) FROM crime_outcome AS c "
        "JOIN snap_point AS p ON p.id = c.snap_point_id WHERE p.located"
    )
    assert located == await pool.fetchval("SELECT count(*) FROM map_point") > 1000
    answer = await get(client, PATHS[OUTCOMES], month="2022-01", latitude=51.4551, longitude=-0.9787)
    assert answer["records"]


async def test_stops_of_a_force_are_those_that_it_published(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, STOPS, "2018-10", (CITY, "metropolitan"))
    rows = csv_rows(STOPS, forces=(CITY,))
    found = await search(client, STOPS, month="2018-10", force=CITY, limit=50)
    assert (len(found), {one["force"] for one in found}) == (len(rows), {CITY})
    around = await search(client, STOPS, month="2018-10", radius=3000, limit=500, **BANK)
    assert {one["force"] for one in around} == {CITY, "metropolitan"}
