"""What holds for every request: length, time, headers for browsers; odd clients get clear refusals."""

import asyncio
import json

import asyncpg
import pytest

from services.gateway.settings import GatewaySettings
from shared.db import READER, open_pool
from shared.model import Dataset
from tests.component.gateway.country import OCTOBER, ROWS, Country
from tests.component.gateway.server import Client, gateway, get


async def test_pages_of_any_site_may_read(client: Client) -> None:
    answer = await client.get("/api/v1/forces", headers={"Origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "ETag" in answer.headers["access-control-expose-headers"]
    problem = await client.get("/api/v1/nothing", headers={"Origin": "https://example.org"})
    assert (problem.status_code, problem.headers["access-control-allow-origin"]) == (404, "*")
    assert "access-control-allow-origin" not in (await client.get("/metrics")).headers


async def test_a_browser_is_told_what_it_may_send(client: Client) -> None:
    answer = await client.options(
        "/api/v1/street-crimes",
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "X-API-Key" in answer.headers["access-control-allow-headers"]


async def test_no_answer_is_taken_for_something_else_or_framed(client: Client) -> None:
    for path in ("/api/v1/forces", "/api/v1/nothing", "/livez", "/"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors" in headers["content-security-policy"] or path == "/"


async def test_a_long_address_is_refused(client: Client) -> None:
    answer = await client.get("/api/v1/forces?x=" + "a" * 20_000)
    assert (answer.status_code, answer.headers["content-type"]) == (414, "application/problem+json")
    assert "16000" in answer.json()["detail"]


async def test_a_long_body_is_refused(client: Client) -> None:
    answer = await client.post("/api/v1/reports", content=b"[" + b" " * 1_100_000 + b"]")
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["detail"]


async def test_a_client_that_never_ends_its_request_holds_up_nobody(
    pool: asyncpg.Pool, database_url: str, nats_url: str
) -> None:
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, answer_timeout=1)
    async with gateway(settings, pool) as client:
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(b"POST /api/v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert (await client.get("/livez")).status_code == 200
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_an_answer_that_takes_too_long_is_given_up(
    pool: asyncpg.Pool, database_url: str, nats_url: str, country: Country
) -> None:
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, answer_timeout=1)
    async with gateway(settings, pool) as client, pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE force IN ACCESS EXCLUSIVE MODE")
        answer = await client.get("/api/v1/forces")
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"] == "5"
        assert "1 seconds" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /api/v1/coverage?dataset=%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api/v1/coverage?dataset=%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api/v1/coverage?force=\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /api/v1/postcodes/%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /api/v1/forces HTTP/1.1\r\nHost: x\r\nIf-None-Match: \xff\xfe\r\n\r\n", 200),
        (b"GET /api/v1/forces HTTP/1.1\r\nHost: x\r\nAccept: \xff;q=z\r\n\r\n", 200),
        (b"GET /api/v1/statistics/street HTTP/1.1\r\nHost: x\r\nAccept: ;;;q=,,\r\n\r\n", 406),
        (b"DELETE /api/v1/forces HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"BREW /api/v1/forces HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 400),
    ],
)
async def test_odd_requests_get_a_clear_refusal(
    client: Client, country: Country, raw: bytes, status: int
) -> None:
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(raw.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n"))
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split(b" ", 2)[1]) == status, answer[:300]
    if status >= 400 and not raw.startswith(b"nonsense") and b"\xff" not in raw:
        assert json.loads(body)["status"] == status


@pytest.mark.parametrize("kept", [False, True])
async def test_a_tile_that_must_be_made_too_slowly_is_given_up(
    pool: asyncpg.Pool, database_url: str, nats_url: str, country: Country, kept: bool
) -> None:
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    settings = GatewaySettings(
        database_url=database_url, nats_url=nats_url, answer_timeout=1, tile_check_seconds=60
    )
    async with gateway(settings, pool) as client:
        path = (await client.get("/tiles/street.json")).json()["tiles"][0].format(z=9, x=255, y=170)
        if kept:
            assert (await client.get(path)).status_code == 200
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE street_cell IN ACCESS EXCLUSIVE MODE")
            answer = await client.get(path)
        assert answer.status_code == (200 if kept else 503), answer.text
        assert kept or "1 seconds" in answer.json()["detail"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_tile_has_the_same_headers_made_kept_and_routed(client: Client, country: Country) -> None:
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    path = (await client.get("/tiles/street.json")).json()["tiles"][0].format(z=9, x=255, y=170)
    answers = [await client.get(path), await client.get(path), await client.get(f"{path}?month=2018-10")]
    heads = [sorted(pair for pair in one.headers.multi_items() if pair[0] != "date") for one in answers]
    assert heads[0] == heads[1] == heads[2]
    assert len(dict(heads[0])) == len(heads[0]), "none comes twice"
    long = await client.get(path.replace("/9/", f"/{'9' * 20_000}/"))
    assert long.status_code == 414


async def test_the_public_side_cannot_write_nor_read_what_it_has_no_use_for(
    client: Client, database_url: str
) -> None:
    assert await get(client, "/readyz")
    async with open_pool(database_url, role=READER) as reader:
        for statement in (
            "DELETE FROM report",
            "INSERT INTO partner (name) VALUES ('x1')",
            "CREATE TABLE t ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.execute(statement)
        for statement in ("SELECT name FROM api_key", "SELECT body FROM report", "SELECT * FROM partner"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.fetch(statement)
