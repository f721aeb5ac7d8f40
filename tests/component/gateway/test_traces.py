"""Requests in traces: what goes wrong in one is logged and sent as a part of it."""

import asyncpg
import pytest
from structlog.testing import capture_logs

import services.gateway.bus
from services.gateway.settings import GatewaySettings
from shared.logs import add_trace_id
from shared.tracing import exporting
from tests.collector import collecting
from tests.component.gateway.server import Client, gateway

ORDERED = {"postcode": "EC2M 7PY", "tier": "standard"}
NOBODY = "nats://127.0.0.1:1"
THEIRS, THEIR_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = ("traceparent", f"00-{THEIRS}-{THEIR_SPAN}-01")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.gateway.bus, "PATIENCE", 0.05)


async def order(client: Client, *headers: tuple[str, str]) -> None:
    answer = await client.post("/api/v1/reports", json=ORDERED, headers=list(headers))
    assert answer.status_code == 503


async def test_a_request_that_fails_is_logged_with_the_id_that_it_came_with_or_one_of_its_own(
    pool: asyncpg.Pool, database_url: str
) -> None:
    settings = GatewaySettings(database_url=database_url, nats_url=NOBODY)
    with capture_logs(processors=[add_trace_id]) as lines:
        async with gateway(settings, pool) as client:
            await order(client, SENT)
            await order(client)
            await order(client, ("traceparent", "00-EC2M7PY"))
            await order(client, SENT, SENT)
    ids = [line["trace_id"] for line in lines if line["event"] == "request.failed"]
    assert ids[0] == THEIRS
    assert len(set(ids)) == 4
    assert all(len(one) == 32 for one in ids)


async def test_a_request_that_fails_is_a_span_that_has_failed(pool: asyncpg.Pool, database_url: str) -> None:
    settings = GatewaySettings(database_url=database_url, nats_url=NOBODY)
    with collecting() as collector, exporting("gateway", collector.url):
        async with gateway(settings, pool) as client:
            await order(client, SENT)
            await client.head("/api/v1/forces")
            await client.options("/api/v1/forces", headers={"Access-Control-Request-Method": "GET"})
            await client.get("/" + "x" * 17_000)
            assert [(await client.get(path)).status_code for path in ("/livez", "/metrics")] == [200, 200]
    failed = collector.only("POST /api/v1/reports")
    assert (failed.trace_id, failed.parent, failed.is_error) == (THEIRS, THEIR_SPAN, True)
    assert failed.attributes["error.type"] == "503"
    told = {span.name: span.attributes["http.response.status_code"] for span in collector.spans}
    assert told == {"POST /api/v1/reports": 503, "HEAD /api/v1/forces": 200, "OPTIONS": 204, "GET": 414}
