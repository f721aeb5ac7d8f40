"""What headers say: of the months in a table, of an answer that the client holds, of its coding."""

import gzip
import json
import shlex
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.gateway.openapi_parameters import GENERAL, REPORT_ID
from services.gateway.routes.answers import LONGEST_LINK
from services.gateway.settings import GatewaySettings
from shared.db import READER, open_pool
from shared.model import Dataset
from tests.component.gateway.country import CITY, MANCHESTER, NOVEMBER, OCTOBER, ROWS, Country, Row
from tests.component.gateway.sample import served_sample
from tests.component.gateway.server import Client, gateway, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS
TILES = str(GENERAL["version"].example)
SEARCH = "latitude=51.5155&longitude=-0.0922"
PEOPLE: list[Row] = [(MANCHESTER, "Firearms", "Arrest")] * 8
BOTH = ["2018-10", "2018-11"]
TABLES = [
    ("statistics/street.csv?month=2018-09..2018-11", STREET, BOTH),
    ("statistics/stops.csv?month=2018-09..2018-10", STOPS, BOTH[:1]),
    ("trends/street.csv?month=2018-09..2018-11", STREET, BOTH),
    ("outcome-funnel.csv?month=2018-09..2018-10", STREET, BOTH[:1]),
    ("comparisons/ons.csv?month=2018-09..2018-10", STREET, BOTH[:1]),
    ("comparisons/street.csv?a=kent&month=2018-10&month_b=2018-09,2018-11", STREET, BOTH),
    ("comparisons/stops.csv?a=bbox:-2.3,53.4,-2.2,53.5&month=2018-09..2018-11", STOPS, BOTH),
    (f"street-crimes.csv?{SEARCH}&month=2018-09..2018-11", STREET, BOTH),
    (f"stops.csv?{SEARCH}&month=2018-09,2018-11", STOPS, BOTH[1:]),
]


@pytest.fixture
async def caching(database_url: str, nats_url: str, redis_url: str) -> AsyncIterator[Client]:
    settings = GatewaySettings(
        database_url=database_url, nats_url=nats_url, redis_url=redis_url, redis_timeout=20
    )
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        yield client


async def load_both(country: Country) -> None:
    for month, rows in ((OCTOBER, ROWS), (NOVEMBER, ROWS[:9])):
        await country.load(STREET, month, rows)
        await country.load(STOPS, month, PEOPLE)


async def test_a_csv_says_which_months_it_is_made_of_and_where_its_gaps_are_told(
    caching: Client, country: Country, pool: asyncpg.Pool
) -> None:
    await load_both(country)
    query = "SELECT dataset, to_char(month, 'YYYY-MM'), version_id FROM current_version"
    versions = {(dataset, month): str(version) for dataset, month, version in await pool.fetch(query)}
    assert len(set(versions.values())) == 4
    for path, dataset, months in TABLES:
        for _ in ("computed", "kept"):
            answer = await caching.get(f"/api/v1/{path}")
            assert answer.headers["content-type"].startswith("text/csv"), answer.text
            told = dict(pair.split("=") for pair in answer.headers["x-data-version"].split(","))
            assert told == {month: versions[dataset, month] for month in months}
            assert set(answer.headers["x-missing-months"].split(",")) == (
                {"2018-09"} if "2018-09" in path else set()
            )
            await check_link(caching, answer)
    whole = await caching.get("/api/v1/statistics/street.csv?month=2018-10")
    assert "x-missing-months" not in whole.headers


async def check_link(client: Client, answer: Any) -> None:
    """The link of a CSV leads to the same as JSON, with what is missing."""
    link = answer.links["describedby"]
    same = await client.get(link["url"])
    assert (link["type"], same.headers["content-type"]) == ("application/json", "application/json")
    assert same.headers["x-data-version"] == answer.headers["x-data-version"]
    document = same.json()
    sides = [document["a"], document["b"]] if "a" in document else [document]
    assert {month for side in sides for month in side["missing_months"]} == {"2018-09"}
    assert any("2018-09 is not held" in note for side in sides for note in side["notes"])
    assert "filters" in document or document["area"] == "england-and-wales"


async def test_a_link_that_is_too_long_for_a_header_is_left_out(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    for corners, is_told in ((4, True), (400, False)):
        steps = [n / corners for n in range(corners)]
        edge = [[-0.1 + 0.02 * n, 51.51] for n in steps]
        ring = [*edge, [-0.08, 51.52], [-0.1, 51.52], edge[0]]
        polygon = json.dumps({"type": "Polygon", "coordinates": [ring]}, separators=(",", ":"))
        answer = await client.get(
            "/api/v1/street-crimes.csv", params={"month": "2018-10", "polygon": polygon}
        )
        assert answer.status_code == 200, answer.text
        assert ("describedby" in answer.links) == is_told
        assert (len(str(answer.url)) < LONGEST_LINK) == is_told
        assert answer.headers["x-data-version"]


WRONG = [
    ("statistics/street?by=postcode", 400),
    ("statistics/street?category=arson", 400),
    ("statistics/street?month=2017-01", 404),
    ("statistics/stops?month=2018-13", 400),
    ("trends/street?force=camelot", 400),
    ("outcome-funnel?category=arson", 400),
    ("comparisons/street?a=kent&by=age_range", 400),
    ("comparisons/ons?force=btp", 400),
    ("hexes?dataset=street&level=275&bbox=-9,49,3,61&month=2018-10&category=arson", 400),
    ("hexes?dataset=street&level=275&bbox=-9,49,3,61&month=2018-10", 400),
    ("stops?month=2018-10&force=camelot", 400),
    (f"stops?month=2018-10&{SEARCH}&radius=100&gender=male", 400),
    ("downloads?dataset=crimes", 400),
    ("coverage?force=camelot", 400),
    ("forces?force=kent", 400),
]


@pytest.mark.parametrize("client", [1], indirect=True)
async def test_what_is_wrong_is_refused_whatever_the_client_holds(client: Client, country: Country) -> None:
    await load_both(country)
    good = (
        "statistics/street",
        f"street-crimes?month=2018-10&{SEARCH}",
        "forces",
        "hexes?dataset=street&level=275&bbox=-0.0923,51.5154,-0.0922,51.5155&month=2018-10",
    )
    tags = ["*", *[(await client.get(f"/api/v1/{path}")).headers["etag"] for path in good]]
    for path, status in WRONG:
        answer = await client.get(f"/api/v1/{path}", headers={"If-None-Match": ", ".join(tags)})
        assert (path, answer.status_code) == (path, status), answer.text


async def test_what_is_held_for_one_question_says_nothing_of_another(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    url = "/api/v1/statistics/street"
    first = await client.get(f"{url}?month=2018-10")
    held = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(f"{url}?month=2018-10", headers=held)).status_code == 304
    assert (await client.get(f"{url}?by=force", headers=held)).status_code == 200
    assert (await client.get(f"{url}.csv?month=2018-10", headers=held)).status_code == 200


async def test_every_answer_is_confirmed_with_the_headers_that_it_was_given_with(
    database_url: str, nats_url: str
) -> None:
    confirmed = 0
    async with served_sample(database_url, nats_url) as served:
        document = await get(served.client, "/api/v1/openapi.json")
        for operations in document["paths"].values():
            operation = operations.get("get")
            if operation is None or "304" not in operation["responses"]:
                continue
            _, url, *_ = shlex.split(operation["x-codeSamples"][0]["source"].replace("\\\n", ""))
            path = url.removeprefix("http://127.0.0.1:8000")
            path = path.replace(REPORT_ID, served.report_id).replace(TILES, served.tiles)
            told = [name.lower() for name in operation["responses"]["304"]["headers"]]
            for coding in ("gzip", "identity"):
                asked = {"Accept-Encoding": coding}
                first = await served.client.get(path, headers=asked)
                assert first.status_code == 200, (path, first.text)
                held = {**asked, "If-None-Match": first.headers["etag"]}
                again = await served.client.get(path, headers=held)
                assert (path, again.status_code, again.content) == (path, 304, b"")
                for name in ("etag", "cache-control", "vary"):
                    assert again.headers.get(name) == first.headers.get(name), (path, name)
                    assert (name in told) == (name in again.headers), (path, name)
                confirmed += 1
    assert confirmed > 60


CODINGS = [
    ("gzip", True),
    ("gzip;q=0", False),
    ("gzip;q=0.0", False),
    ("GZIP ; Q=0.5", True),
    ("x-gzip", True),
    ("not-gzip", False),
    ("gzip;q=much", False),
    ("*", True),
    ("*;q=0", False),
    ("*;q=0, gzip", True),
    ("gzip;q=0, *", False),
    ("identity", False),
    ("identity;q=0", True),
    ("identity;q=0, *;q=0", False),
    ("identity, gzip;q=0.5", False),
    ("identity;q=0.5, gzip;q=0.5", True),
    ("deflate, gzip;q=0.8, br", True),
    ("", False),
]


async def test_gzip_is_sent_to_who_takes_it(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 3)
    document = await get(client, "/tiles/street.json")
    tile = document["tiles"][0].format(z=9, x=255, y=170)
    for path in (tile, f"{tile}?month=2018-10", "/api/v1/forces", "/tiles/street.json"):
        contents = set()
        for coding, is_packed in [*CODINGS, *CODINGS]:
            async with client.stream("GET", path, headers={"Accept-Encoding": coding}) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
            assert answer.status_code == 200
            assert (path, coding, answer.headers.get("content-encoding")) == (
                path, coding, "gzip" if is_packed else None
            )  # fmt: skip
            assert answer.headers["vary"] == "Accept-Encoding"
            contents.add(gzip.decompress(raw) if is_packed else raw)
        assert len(contents) == 1


async def test_codings_may_come_in_several_lines(client: Client) -> None:
    lines = [("Accept-Encoding", "gzip"), ("Accept-Encoding", "identity;q=0.1")]
    for asked in (lines, lines[::-1]):
        answer = await client.get("/api/v1/forces", headers=asked)
        assert answer.headers["content-encoding"] == "gzip"
    refused = [("Accept-Encoding", "br"), ("Accept-Encoding", "gzip;q=0")]
    assert "content-encoding" not in (await client.get("/api/v1/forces", headers=refused)).headers
