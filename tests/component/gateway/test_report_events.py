"""What becomes of an order, as server-sent events."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from services.gateway.bus import Bus
from services.gateway.report_status import follow
from services.gateway.report_store import ReportStore
from services.gateway.routes.report_files import find_report
from services.gateway.store import Store
from shared.area_figures.shapes import Figures
from shared.model import Dataset
from tests.component.gateway.desk import Desk
from tests.component.gateway.server import Client, get

REPORTS = "/api/v1/reports"
STREET = Dataset.STREET


async def events(client: Client, report: UUID) -> AsyncIterator[tuple[str, Any]]:
    """The events about a report, as they come."""
    async with client.stream("GET", f"{REPORTS}/{report}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in answer.headers
        name = ""
        async for line in answer.aiter_lines():
            kind, _, value = line.partition(": ")
            if kind == "event":
                name = value
            elif kind == "data":
                yield name, json.loads(value)


async def test_listeners_hear_each_change_until_the_answer(
    client: Client, desk: Desk, figures: Figures
) -> None:
    report = await desk.order("1")
    heard = []
    async for name, status in events(client, report):
        heard.append(name)
        assert status["state"] == name
        if name == "queued":
            assert await desk.orders.claim(60)
        elif name == "rendering":
            await desk.answer("1", report, figures)
    assert heard == ["queued", "rendering", "rendered"]
    assert status == await get(client, f"{REPORTS}/{report}")
    headers = {"Last-Event-ID": "rendered"}
    assert (await client.get(f"{REPORTS}/{report}/events", headers=headers)).status_code == 204


async def test_a_long_wait_is_kept_alive_and_ends(desk: Desk) -> None:
    store = ReportStore(Store(desk.pool, query_timeout=10), Bus("nats://nobody", stop_timeout=1))
    report = await store.taken(await desk.order("1"))
    assert report is not None

    async def same() -> Any:
        return report

    stream = follow(report, same, poll=0, keep_alive=0)
    first = await anext(stream)
    assert first.startswith(b"id: queued\nevent: queued\ndata: {")
    assert [await anext(stream) for _ in range(3)] == [b": still queued\n\n"] * 3
    await stream.aclose()
    assert [event async for event in follow(report, same, longest=0)] == [first]


async def test_listeners_of_an_order_that_is_known_no_more_hear_no_more(desk: Desk) -> None:
    store = ReportStore(Store(desk.pool, query_timeout=10), None)
    name = await desk.order("1")
    report = await store.taken(name)
    assert report is not None
    stream = follow(report, lambda: find_report(store, str(name)), poll=0, keep_alive=0)
    assert (await anext(stream)).startswith(b"id: queued")
    assert await anext(stream) == b": still queued\n\n"
    await desk.pool.execute("DELETE FROM report")
    assert [event async for event in stream] == []
