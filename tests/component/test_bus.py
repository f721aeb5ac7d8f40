"""What becomes of messages after an error, on a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

import shared.bus
from shared.bus import create_broker, publish, subscriber
from shared.errors import NotYetError, PermanentError, TransientError
from shared.events import DEAD, FACTS, MonthLoaded, PageFetched, SliceRequested
from shared.model import Dataset
from shared.provision import CONSUMERS, OWN_PARTNERS, STREAMS, bucket_of, provision
from tests.builders import OCTOBER, crime, page, run_of
from tests.bus import Bus
from tests.pipeline import eventually

Handler = Callable[[int], Awaitable[None]]
"""Is told which try it is."""


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.bus, "FIRST_DELAY", 0.01)


@asynccontextmanager
async def handling(nats_url: str, handler: Handler) -> AsyncIterator[list[int]]:
    """A service with one handler; gives the tries that it made."""
    broker = create_broker(nats_url, stop_timeout=5)
    tries: list[int] = []

    @subscriber(broker, "hexer-months")
    async def month_loaded(event: MonthLoaded) -> None:
        tries.append(event.version)
        await handler(len(tries))

    await broker.start()
    try:
        yield tries
    finally:
        await broker.stop()


def event(version: int = 1) -> MonthLoaded:
    return MonthLoaded(
        run_id=uuid4(), dataset=Dataset.STREET, month=OCTOBER, version=version, changed=True, records=1
    )


async def all_done(bus: Bus) -> bool:
    return await bus.waiting(FACTS, "hexer-months") == 0


async def dead(bus: Bus) -> list[dict[str, str]]:
    """The headers of the dead letters."""
    return [dict(message.headers or {}) for message in await bus.messages("dead.hexer-months")]


@pytest.mark.parametrize("error", [TransientError("an outage"), NotYetError("too early")])
async def test_a_message_comes_back_until_an_outage_is_over(
    bus: Bus, nats_url: str, error: TransientError
) -> None:
    async def handler(tries: int) -> None:
        if tries <= 8:
            raise error

    # More tries than a bug gets: an outage may last.
    async with handling(nats_url, handler) as tries:
        shared.bus.NOT_YET_DELAY, kept = 0.01, shared.bus.NOT_YET_DELAY
        try:
            await bus.publish(event())
            await eventually(lambda: all_done(bus), "the message to be done")
        finally:
            shared.bus.NOT_YET_DELAY = kept
    assert len(tries) == 9
    assert await dead(bus) == []


async def test_a_message_that_cannot_be_helped_is_buried_at_once_with_its_reason(
    bus: Bus, nats_url: str
) -> None:
    async def handler(tries: int) -> None:
        raise PermanentError(f"no such month\n(try {tries})")

    sent = event()
    before = REGISTRY.get_sample_value("crimemaps_dead_letters_total", {"durable": "hexer-months"}) or 0
    async with handling(nats_url, handler) as tries:
        await bus.publish(sent)
        await eventually(lambda: all_done(bus), "the message to be done")
    assert len(tries) == 1
    [headers] = await dead(bus)
    assert headers["Crimemaps-Dead-Reason"] == "PermanentError: no such month (try 1)"
    assert headers["Crimemaps-Dead-Subject"] == "month.loaded"
    assert headers["Crimemaps-Dead-Tries"] == "1"
    [letter] = await bus.messages("dead.hexer-months")
    assert MonthLoaded.model_validate_json(letter.data or b"") == sent
    after = REGISTRY.get_sample_value("crimemaps_dead_letters_total", {"durable": "hexer-months"})
    assert after == before + 1


async def test_a_bug_is_tried_again_a_few_times_and_then_buried(bus: Bus, nats_url: str) -> None:
    async def handler(tries: int) -> None:
        raise ZeroDivisionError(f"try {tries}")

    async with handling(nats_url, handler) as tries:
        await bus.publish(event())
        await eventually(lambda: all_done(bus), "the message to be done")
    assert len(tries) == shared.bus.UNEXPECTED_ERROR_TRIES == 5
    [headers] = await dead(bus)
    assert headers["Crimemaps-Dead-Reason"] == "ZeroDivisionError: try 5"


async def test_a_message_that_cannot_be_read_is_buried_and_the_queue_goes_on(bus: Bus, nats_url: str) -> None:
    async def handler(tries: int) -> None:
        del tries

    poison = [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"run_id": "7"}', b"x" * 100_000]
    async with handling(nats_url, handler) as tries:
        for body in poison:
            await bus.send("month.loaded", body)
        await bus.publish(event(version=77))
        await eventually(lambda: all_done(bus), "all messages to be done")
    assert tries == [77]
    letters = await bus.messages("dead.hexer-months")
    assert [letter.data or b"" for letter in letters] == poison
    assert all(headers["Crimemaps-Dead-Reason"] for headers in await dead(bus))
    assert all(headers["Crimemaps-Dead-Tries"] == "1" for headers in await dead(bus))


async def test_a_message_is_taken_once_however_often_it_is_published(bus: Bus, nats_url: str) -> None:
    sent = event()
    broker = create_broker(nats_url, stop_timeout=5)
    await broker.start()
    try:
        for _ in range(3):
            await publish(broker, sent)
    finally:
        await broker.stop()
    assert await bus.events(MonthLoaded) == [sent]


async def test_a_page_travels_byte_for_byte_with_its_event_as_headers(bus: Bus, nats_url: str) -> None:
    run = run_of(Dataset.STREET, page(crime(), force="kent"))
    announced = run.pages[0].announced(run)
    broker = create_broker(nats_url, stop_timeout=5)
    await broker.start()
    try:
        await publish(broker, announced, b"\x00\xff raw")
    finally:
        await broker.stop()
    [message] = await bus.messages("page.fetched")
    assert message.data == b"\x00\xff raw"
    assert shared.bus.event_from_headers(PageFetched, dict(message.headers or {})) == announced


async def test_a_message_larger_than_the_server_takes_is_refused_for_good(bus: Bus, nats_url: str) -> None:
    run = run_of(Dataset.STREET, page(crime()))
    broker = create_broker(nats_url, stop_timeout=5)
    await broker.start()
    try:
        with pytest.raises(
            PermanentError, match=r"page\.fetched: 20971520 bytes are more than the server takes"
        ):
            await publish(broker, run.pages[0].announced(run), bytes(20 << 20))
        await publish(broker, run.pages[0].announced(run), run.pages[0].packed)
    finally:
        await broker.stop()
    assert len(await bus.messages("page.fetched")) == 1


async def test_publishing_to_a_bus_without_its_streams_is_an_outage(nats_url: str) -> None:
    broker = create_broker(nats_url, stop_timeout=5)
    await broker.start()
    try:
        with pytest.raises(TransientError, match=r"slice\.requested was not confirmed"):
            await publish(broker, SliceRequested(run_id=uuid4(), slice_id="t0"))
    finally:
        await broker.stop()


async def test_provisioning_again_keeps_messages_and_applies_changes(bus: Bus, nats_url: str) -> None:
    sent = event()
    await bus.publish(sent)
    await provision(nats_url, ack_wait=7)
    assert await bus.events(MonthLoaded) == [sent]
    jetstream = bus.client.jetstream()
    for consumer in CONSUMERS.values():
        info = await jetstream.consumer_info(consumer.event.stream, consumer.durable)
        assert info.config.ack_wait == 7
        assert info.config.max_ack_pending == consumer.max_ack_pending
    streams = await jetstream.streams_info()
    stores = {f"OBJ_{bucket_of(partner)}" for partner in OWN_PARTNERS}
    stores.add("OBJ_downloads")
    assert {stream.config.name for stream in streams} == {stream.name for stream in STREAMS} | stores


async def test_provisioning_without_a_server_says_so_and_keeps_the_password() -> None:
    with pytest.raises(TransientError, match=r"no NATS server at nats://me@127\.0\.0\.1:1: ") as problem:
        await provision("nats://me:secret@127.0.0.1:1")
    assert "secret" not in str(problem.value)


async def test_a_dead_letter_is_kept_by_its_stream(bus: Bus) -> None:
    info = await bus.client.jetstream().stream_info(DEAD)
    assert info.config.max_age == 90 * 24 * 3600
