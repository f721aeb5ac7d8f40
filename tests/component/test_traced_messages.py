"""A message takes its trace along, on a real server: what follows from it is a part of the same one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

import shared.bus
from services.console.dead_letters import DeadLetters
from shared.bus import create_broker, publish, subscriber
from shared.errors import NotYetError, PermanentError, TransientError
from shared.events import FACTS, GridRebuilt, MonthLoaded
from shared.model import Dataset
from shared.trace_context import TraceContext, current, read_traceparent
from shared.tracing import Span, exporting
from tests.builders import OCTOBER
from tests.bus import Bus
from tests.collector import collecting
from tests.pipeline import eventually

THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{THEIRS}-00f067aa0ba902b7-01"
Handler = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.bus, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(shared.bus, "NOT_YET_DELAY", 0.01)


async def nothing() -> None:
    pass


@asynccontextmanager
async def hexer(nats_url: str, work: Handler = nothing) -> AsyncIterator[list[TraceContext | None]]:
    """A service that answers a message by another one; gives where each handling was."""
    broker = create_broker(nats_url, stop_timeout=5)
    places: list[TraceContext | None] = []

    @subscriber(broker, "hexer-months")
    async def month_loaded(event: MonthLoaded) -> None:
        places.append(current.get())
        await work()
        fields = {name: getattr(event, name) for name in ("run_id", "dataset", "month", "version")}
        await publish(broker, GridRebuilt(**fields, cells={275: 1}, mapping_version=1))

    await broker.start()
    try:
        yield places
    finally:
        await broker.stop()


def loaded() -> MonthLoaded:
    return MonthLoaded(
        run_id=uuid4(), dataset=Dataset.STREET, month=OCTOBER, version=1, changed=True, records=1
    )


async def send(bus: Bus, **headers: str) -> MonthLoaded:
    """A message from somebody else, handled."""
    event = loaded()
    await bus.send(event.subject, event.model_dump_json().encode(), headers)
    return event


async def done(bus: Bus) -> None:
    async def look() -> bool:
        return await bus.waiting(FACTS, "hexer-months") == 0

    await eventually(look, "the message to be done")


async def header(bus: Bus, subject: str) -> TraceContext | None:
    """The place that the last message of a subject names."""
    message = (await bus.messages(subject))[-1]
    return read_traceparent(dict(message.headers or {}).get("traceparent"))


@pytest.mark.parametrize("name", ["traceparent", "Traceparent", "TraceParent"])
async def test_what_follows_from_a_message_has_its_trace(bus: Bus, nats_url: str, name: str) -> None:
    async with hexer(nats_url) as places:
        await send(bus, **{name: SENT})
        await done(bus)
    assert places == [read_traceparent(SENT)]
    assert await header(bus, "grid.rebuilt") == read_traceparent(SENT)


@pytest.mark.parametrize("headers", [{}, {"traceparent": SENT.upper()}, {"traceparent": "00-0-0-0"}])
async def test_a_message_without_a_valid_one_gets_one_when_it_is_handled(
    bus: Bus, nats_url: str, headers: dict[str, str]
) -> None:
    async with hexer(nats_url) as places:
        await send(bus, **headers)
        await done(bus)
        await send(bus, **headers)
        await done(bus)
    first, second = places
    assert first is not None
    assert second is not None
    assert len({first.trace_id, second.trace_id, THEIRS, THEIRS.upper()}) == 4
    assert await header(bus, "grid.rebuilt") == second


async def test_what_is_published_out_of_nothing_names_no_trace(bus: Bus, nats_url: str) -> None:
    broker = create_broker(nats_url, stop_timeout=5)
    await broker.start()
    try:
        await publish(broker, loaded())
        [message] = await bus.messages("month.loaded")
        assert "traceparent" not in (message.headers or {})
        with Span("GET", "SERVER", parent=read_traceparent(SENT)):
            await publish(broker, loaded())
        assert await header(bus, "month.loaded") == read_traceparent(SENT)
    finally:
        await broker.stop()


async def test_a_dead_letter_keeps_its_trace_and_goes_on_with_it_when_it_is_replayed(
    bus: Bus, nats_url: str
) -> None:
    async def give_up() -> None:
        raise PermanentError("no such month")

    async with hexer(nats_url, give_up):
        await send(bus, Traceparent=SENT)
        await done(bus)
    assert await header(bus, "dead.hexer-months") == read_traceparent(SENT)
    letters = DeadLetters(bus.client.jetstream())
    [letter] = [letter async for letter in letters.read()]
    async with hexer(nats_url) as places:
        await letters.replay(letter)
        await done(bus)
    assert places == [read_traceparent(SENT)]


async def test_each_handling_is_a_span_of_its_own_and_only_an_early_one_is_no_failure(
    bus: Bus, nats_url: str
) -> None:
    errors: list[Exception] = [NotYetError("too early"), TransientError("EC2M 7PY is away")]

    async def try_again() -> None:
        if errors:
            raise errors.pop(0)

    with collecting() as collector, exporting("test", collector.url):
        async with hexer(nats_url, try_again):
            event = await send(bus, traceparent=SENT)
            await done(bus)
    handled = sorted(
        collector.named("process hexer-months"), key=lambda span: span.attributes["crimemaps.tries"]
    )
    assert [span.parent for span in handled] == ["00f067aa0ba902b7"] * 3
    assert [span.is_error for span in handled] == [False, True, False]
    assert handled[1].attributes["error.type"] == "TransientError"
    published = collector.only("publish grid.rebuilt")
    assert published.parent == handled[2].id
    assert published.attributes == {
        "messaging.system": "nats",
        "messaging.destination.name": "grid.rebuilt",
        "crimemaps.run_id": str(event.run_id),
    }
    place = await header(bus, "grid.rebuilt")
    assert place is not None
    assert (place.trace_id, place.span_id) == (published.trace_id, published.id) == (THEIRS, published.id)
    assert all("EC2M" not in span.words for span in collector.spans)
