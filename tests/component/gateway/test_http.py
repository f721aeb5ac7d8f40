"""Errors, confirmation, health, metrics and pages."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import asyncpg
import httpx
import pytest

from services.gateway.settings import GatewaySettings
from services.gateway.store import CellQuery, Store
from shared.db import open_pool
from shared.model import Dataset
from tests.component.gateway.country import OCTOBER, ROWS, Country
from tests.component.gateway.server import Cable, Client, gateway, get
from tests.pages import Page

STREET, STOPS = Dataset.STREET, Dataset.STOPS
UK = "-9,49,3,61"
HEXES = f"/api/v1/hexes?dataset=street&level=275&bbox={UK}&month=2018-10"


BAD = [
    ("/api/v1/hexes?level=275&bbox=0,0,1,1&month=2018-10", 400, "dataset", "street"),
    ("/api/v1/hexes?dataset=outcomes&level=275&bbox=0,0,1,1&month=2018-10", 400, "dataset", "stops"),
    ("/api/v1/hexes?dataset=street&level=300&bbox=0,0,1,1&month=2018-10", 400, "level", "17600"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1&month=2018-10", 400, "bbox", "west,south,east,north"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=nan,0,1,1&month=2018-10", 400, "bbox", "west,south"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=2,0,1,1&month=2018-10", 400, "bbox", "wrong way round"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1,1&month=2018-13", 400, "month", "YYYY-MM"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1,1&month=2018-12..2018-10", 400, "month", "backwards"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1,1&month=2012-01", 404, "month", "2018-10"),
    (
        f"{HEXES}&category=arson",
        400,
        "category",
        "burglary",
    ),
    (
        f"{HEXES}&outcome_group=x",
        400,
        "outcome_group",
        "positive",
    ),
    (
        f"{HEXES}&catgory=drugs",
        400,
        "catgory",
        "category",
    ),
    ("/api/v1/coverage?dataset=crimes", 400, "dataset", "outcomes"),
    ("/api/v1/coverage?force=yorkshire", 400, "force", "north-yorkshire"),
    ("/api/v1/coverage?month=2018-10&month=2018-11", 400, "month", "more than once"),
    ("/api/v1/coverage/proof?dataset=street&month=2018-11", 404, "month", "2018-10"),
    ("/api/v1/coverage/proof?dataset=street&month=2018-10..2018-11", 400, "month", "one"),
    ("/api/v1/forces?force=kent", 400, "force", "none"),
    ("/api/v1/nothing", 404, None, "/api/v1/openapi.json"),
    ("/%00", 404, None, "/api/v1/openapi.json"),
]


@pytest.mark.parametrize(("path", "status", "parameter", "names"), BAD)
async def test_a_bad_request_is_told_what_is_valid(
    client: Client, country: Country, path: str, status: int, parameter: str | None, names: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    answer = await client.get(path)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (problem["status"], problem.get("parameter")) == (status, parameter)
    assert names in problem["detail"]


async def test_other_methods_are_refused_with_those_that_are_allowed(client: Client) -> None:
    answer = await client.delete("/api/v1/forces")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == "GET, HEAD"
    assert "GET, HEAD" in answer.json()["detail"]


async def test_our_own_mistake_is_logged_and_not_shown(
    client: Client, country: Country, pool: asyncpg.Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await pool.execute("ALTER TABLE outcome_group RENAME COLUMN label TO secret_name")
    answer = await client.get(HEXES)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "label" not in answer.text
    assert "Traceback" not in answer.text
    output = "".join(capfd.readouterr())
    assert "request.failed" in output
    assert "UndefinedColumnError" in output


async def test_an_answer_is_confirmed_until_the_data_change(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    for path in (
        "/",
        "/api/v1/coverage",
        "/api/v1/forces",
        "/api/v1/coverage/proof?dataset=street&month=2018-10",
        HEXES,
    ):
        first = await client.get(path)
        assert "no-cache" in first.headers["cache-control"]
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        await country.load(STREET, OCTOBER, ROWS)
        changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        assert changed.headers["etag"] != first.headers["etag"]


async def test_head_is_answered_like_get_without_a_body(client: Client) -> None:
    answer = await client.head("/api/v1/forces")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"]


async def test_a_reader_sees_one_version_and_cannot_write(pool: asyncpg.Pool, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    query = CellQuery(STREET, 17600, [OCTOBER], None, None)
    columns = [(i, -1000, 1000) for i in range(100)]
    async with Store(pool, query_timeout=10).snapshot() as snapshot:
        before = await snapshot.facts()
        await country.load(STREET, OCTOBER, ROWS[:4])
        assert sum(row[4] for row in await snapshot.cell_counts(query, columns)) == 18
        assert await snapshot.read_facts() == before
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.connection.execute("DELETE FROM street_cell")


async def test_a_lost_database_is_named_and_found_again(database_url: str, nats_url: str) -> None:
    cable = Cable(database_url)
    await cable.mend()
    settings = GatewaySettings(database_url=cable.url, nats_url=nats_url)
    async with open_pool(cable.url) as pool, gateway(settings, pool) as client:
        assert await get(client, "/readyz") == {"database": "ok", "bus": "ok"}
        cable.cut()
        down = await get(client, "/readyz", 503)
        assert down["bus"] == "ok"
        assert down["database"].startswith("database: ")
        assert (await client.get("/livez")).text == "alive\n"
        answer = await client.get("/api/v1/forces")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.headers["retry-after"] == "5"
        await cable.mend()
        assert await get(client, "/readyz") == {"database": "ok", "bus": "ok"}
        assert (await client.get("/api/v1/forces")).status_code == 200
        cable.cut()


async def test_requests_are_counted_by_route_and_never_by_address(client: Client) -> None:
    await client.get("/api/v1/coverage?dataset=street")
    await client.get("/api/v1/no-such-thing")
    text = (await client.get("/metrics")).text
    assert 'crimemaps_http_requests_total{route="/api/v1/coverage",status="200"}' in text
    assert 'crimemaps_http_requests_total{route="unmatched",status="404"}' in text
    assert 'crimemaps_http_seconds_count{route="/api/v1/coverage"}' in text
    assert "no-such-thing" not in text


async def test_the_front_page_says_what_is_loaded_and_loads_nothing(client: Client, country: Country) -> None:
    empty = Page.of((await client.get("/")).text).texts("main//tbody/tr")
    assert [row.endswith("nothing loaded yet") for row in empty] == [True, True, True]
    await country.load(STREET, OCTOBER, ROWS)
    page = await client.get("/")
    street, *others = Page.of(page.text).texts("main//tbody/tr")
    assert street == "Street crimes 23October 2018103"
    assert [row.endswith("nothing loaded yet") for row in others] == [True, True]
    assert "src=" not in page.text
    assert "@import" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_process_serves_and_stops_cleanly(database_url: str, nats_url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {**os.environ, "DATABASE_URL": database_url, "NATS_URL": nats_url, "HTTP_PORT": str(port)}
    command = [sys.executable, "-m", "services.gateway"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            answer = None
            while answer is None and time.monotonic() < deadline:
                with suppress(httpx.TransportError):
                    answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
            assert answer is not None
            assert answer.json() == {"database": "ok", "bus": "ok"}
        finally:
            process.terminate()
        _, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors
    assert process.returncode in (0, -signal.SIGTERM)  # uvicorn ends by the signal that stopped it
