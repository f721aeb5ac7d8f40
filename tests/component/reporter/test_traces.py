"""An order keeps its trace while it waits in the database, whoever answers it and whenever."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.js.api import RawStreamMsg

from shared.trace_context import read_traceparent
from tests.component.reporter.desk import Desk, open_desk, reporter
from tests.pipeline import eventually, running

WRONG = b'{"id": "t-1", "postcode": "EC2M 7PZ", "tier": "standard"}'
THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{THEIRS}-00f067aa0ba902b7-01"


@pytest.fixture
async def desk(database_url: str, nats_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_url) as desk:
        yield desk


async def answers(desk: Desk) -> list[RawStreamMsg]:
    return await desk.bus.messages("report.failed.acme")


def trace_of(message: RawStreamMsg) -> str | None:
    place = read_traceparent(dict(message.headers or {}).get("traceparent"))
    return place.trace_id if place else None


async def test_an_answer_belongs_to_the_trace_that_a_partner_has_ordered_in_also_when_it_is_published_later(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    await desk.partner("acme")
    async with running(reporter(tmp_path, database_url, nats_url, publish_again_seconds=0.2)):
        await desk.bus.send("report.requested.acme", WRONG, {"traceparent": SENT})
        [answer] = await eventually(lambda: answers(desk), "an answer")
        assert await desk.pool.fetchval("SELECT traceparent FROM report") == SENT
        # As if the reporter had been killed in between.
        await desk.bus.client.jetstream().purge_stream("FACTS")
        await desk.pool.execute(
            "UPDATE report SET id = 't-2', answer = replace(answer, '\"t-1\"', '\"t-2\"'), "
            "is_published = false"
        )
        [later] = await eventually(lambda: answers(desk), "the answer again")
    assert trace_of(answer) == trace_of(later) == THEIRS
    lines = [json.loads(line) for line in (tmp_path / "reporter.log").read_text().splitlines()]
    told = {line["event"]: line.get("trace_id") for line in lines}
    assert (told["order.taken"], told["report.answered"], told["service.started"]) == (THEIRS, THEIRS, None)


async def test_an_order_of_a_version_that_knew_no_traces_gets_one_when_it_is_answered(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    await desk.partner("acme")
    await desk.pool.execute(
        "INSERT INTO report (partner, id, report_id, fingerprint, body) "
        "VALUES ('acme', 't-1', gen_random_uuid(), '', $1)",
        WRONG,
    )
    async with running(reporter(tmp_path, database_url, nats_url)):
        [answer] = await eventually(lambda: answers(desk), "an answer")
    assert trace_of(answer)
