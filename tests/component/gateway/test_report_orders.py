"""Reports are ordered over HTTP: taken once, refused with what is valid."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.gateway.openapi_schemas import MADE
from services.gateway.report_orders import FIELDS
from services.gateway.settings import GatewaySettings
from shared.events import report_id
from shared.model import Dataset
from tests.component.gateway.desk import Desk, both
from tests.component.gateway.server import Cable, Client, gateway, get

REPORTS = "/api/v1/reports"
ORDERED = {"postcode": "ec2m7py", "tier": "standard"}
STREET = Dataset.STREET


async def post(client: Client, order: Any, status: int = 202, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post(REPORTS, json=order, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_an_order_is_known_as_soon_as_it_is_accepted(client: Client, desk: Desk) -> None:
    accepted, order = await both(client.post(REPORTS, json=ORDERED), desk.take_next())
    assert accepted.status_code == 202
    assert (order["postcode"], order["tier"], order["language"]) == ("EC2M 7PY", "standard", "en")
    assert accepted.headers["location"] == f"{REPORTS}/{report_id(await desk.secret(), order['id'])}"
    status = await get(client, accepted.headers["location"])
    assert accepted.json() == status
    assert (status["state"], status["id"]) == ("queued", accepted.headers["location"].rpartition("/")[2])
    assert set(status["links"]) == {"self", "events"}
    assert status["ordered_at"]
    assert status["verification"] is status["report"] is status["problem"] is None


async def test_an_order_that_nobody_takes_in_is_kept_and_queued_whoever_asks(
    client: Client, pool: asyncpg.Pool, database_url: str, nats_url: str, desk: Desk
) -> None:
    accepted = await post(client, {**ORDERED, "branding": {"name": "Zoë & Söhne", "contact": ["a", "b"]}})
    assert accepted["state"] == "queued"
    here = accepted["links"]["self"]
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url)
    async with gateway(settings, pool) as another:
        for asked in (client, another):
            status = await get(asked, here)
            assert {**status, "ordered_at": None} == accepted
            assert status["ordered_at"]
            assert (await asked.get(f"{here}.pdf")).status_code == 404
            async with asked.stream("GET", accepted["links"]["events"]) as events:
                assert await anext(events.aiter_lines()) == "id: queued"
    (order,) = await desk.untaken()
    assert order["branding"] == {"name": "Zoë & Söhne", "contact": ["a", "b"]}


async def test_an_order_is_queued_before_and_after_it_is_taken_in_and_no_other_id_is(
    client: Client, desk: Desk
) -> None:
    accepted = await post(client, ORDERED)
    before = await get(client, accepted["links"]["self"])
    await desk.take_next()
    assert await desk.untaken() == []
    after = await get(client, accepted["links"]["self"])
    assert before["state"] == after["state"] == "queued"
    problem = await get(client, f"{REPORTS}/{uuid4()}", 404)
    assert "no such report was ordered here" in problem["detail"]


async def test_while_the_bus_is_away_nobody_says_that_an_order_is_unknown(
    database_url: str, pool: asyncpg.Pool, desk: Desk, nats_url: str
) -> None:
    known = await desk.order("1")
    cable = Cable(nats_url)
    await cable.mend()
    cable.cut()
    settings = GatewaySettings(database_url=database_url, nats_url=cable.url)
    async with gateway(settings, pool) as client:
        assert (await get(client, f"{REPORTS}/{known}"))["state"] == "queued"
        problem = await get(client, f"{REPORTS}/{uuid4()}", 503)
    assert problem["detail"].startswith("no NATS server at ")


async def test_where_no_reporter_runs_an_order_is_refused(
    pool: asyncpg.Pool, database_url: str, nats_url: str, desk: Desk
) -> None:
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, take_reports=False)
    async with gateway(settings, pool) as client:
        problem = await post(client, ORDERED, status=501)
    assert problem["detail"] == "no reporter runs here, so that nobody would make the report"
    assert await desk.untaken() == []


async def test_the_same_order_with_the_same_key_is_one_order(client: Client, desk: Desk) -> None:
    key = "-my.key_1"
    first, order = await both(post(client, ORDERED, key=key), desk.take_next())
    same = {"tier": "standard", "postcode": " EC2M 7PY ", "branding": None, "language": "en"}
    again, repeated = await both(post(client, same, key=key), desk.take_next())
    assert again == first
    assert repeated == order
    assert await desk.pool.fetchval("SELECT count(*) FROM report") == 1
    (other, _), (no_key, _) = [
        await both(post(client, ORDERED | change, key=key), desk.take_next())
        for change, key in (({"tier": "premium"}, key), ({}, None))
    ]
    assert len({first["id"], other["id"], no_key["id"]}) == 3
    assert len(order["id"]) == 64


BAD = [
    (b"{", "body", "JSON"),
    (b'"x"', "body", "JSON object"),
    (b"[" * 100_000, "body", "JSON"),
    (b'{"postcode": "\xff"}', "body", "JSON"),
    (b'{"tier": "standard"}', "postcode", "EC2M 7PY"),
    (b'{"postcode": "SW1A", "tier": "standard"}', "postcode", "SW1A"),
    (b'{"postcode": 7, "tier": "standard"}', "postcode", "must be text"),
    (b'{"postcode": "EC2M 7PY"}', "tier", "premium"),
    (b'{"postcode": "EC2M 7PY", "tier": "gold"}', "tier", "essential, professional, standard, premium"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "brandign": {}}', "brandign", "branding"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "branding": "x"}', "branding", "object"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "branding": {"a": [[]]}}', "branding.a", "text"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "language": 1}', "language", "must be text"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "language": "%s"}' % (b"e" * 99), "language", "en"),
]


@pytest.mark.parametrize(("body", "field", "names"), BAD)
async def test_a_bad_order_is_told_what_is_valid(
    client: Client, desk: Desk, body: bytes, field: str, names: str
) -> None:
    answer = await client.post(REPORTS, content=body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert problem["parameter"] == field
    assert names in problem["detail"]
    assert len(problem["detail"]) < 300
    assert await desk.untaken() == []


async def test_a_tier_that_is_none_lists_those_that_are(client: Client, desk: Desk) -> None:
    problem = await post(client, ORDERED | {"tier": "gold"}, 400)
    assert problem["valid"] == ["essential", "professional", "standard", "premium"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "ä"])
async def test_a_bad_key_is_refused(client: Client, desk: Desk, key: str) -> None:
    answer = await client.post(REPORTS, json=ORDERED, headers=[(b"Idempotency-Key", key.encode())])
    assert (answer.status_code, answer.json()["parameter"]) == (400, "Idempotency-Key")


async def test_an_order_of_more_than_a_megabyte_is_too_large(client: Client, desk: Desk) -> None:
    large = ORDERED | {"branding": {"logo": "A" * 1_000_000}}
    problem = await post(client, large, 413)
    assert (problem["title"], problem["status"]) == ("The request is too large", 413)
    assert "1 MB" in problem["detail"]
    nearly = ORDERED | {"branding": {"logo": "A" * 998_900}}
    await both(post(client, nearly), desk.take_next())


async def test_a_lost_bus_is_named_and_found_again(
    database_url: str, pool: asyncpg.Pool, desk: Desk, nats_url: str
) -> None:
    cable = Cable(nats_url)
    await cable.mend()
    cable.cut()
    settings = GatewaySettings(database_url=database_url, nats_url=cable.url)
    async with gateway(settings, pool) as client:
        for _ in range(2):
            down = await get(client, "/readyz", 503)
            assert down["database"] == "ok"
            assert down["bus"].startswith("no NATS server at ")
            problem = await post(client, ORDERED, 503)
            assert problem["detail"].startswith("no NATS server at ")
            await cable.mend()
            assert await get(client, "/readyz") == {"database": "ok", "bus": "ok"}
            await both(post(client, ORDERED), desk.take_next())
            cable.cut()


def test_the_described_order_is_the_one_that_is_read() -> None:
    assert list(MADE["ReportOrder"]["properties"]) == FIELDS
