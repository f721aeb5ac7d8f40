"""What each service may do on a server with the production configuration, and what it may not."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import product
from uuid import uuid4

import pytest
from faststream.nats import NatsBroker, NatsMessage
from nats.js import JetStreamContext

from services.fetcher.bus_watch import measure_bus
from shared.bus import create_broker, publish, subscriber
from shared.downloads import BUCKET as DOWNLOADS
from shared.errors import PermanentError
from shared.events import (
    EVENTS,
    Event,
    GridRebuilt,
    IngestRequested,
    MonthFetched,
    MonthLoaded,
    MonthRejected,
    PageFetched,
    PartnerEvent,
    ReportFailed,
    ReportRendered,
    SliceRequested,
    WebReportRequested,
)
from shared.health import bus_check
from shared.objects import delete_object, get_object, object_names, put_object
from shared.provision import CONSUMERS, STREAMS
from tests.pipeline import eventually
from tests.production import OPERATOR, SERVICES, Connection, Production, connect, production_nats

PARTNERS = ("acme",)
TELLS: dict[str, set[type[Event]]] = {
    "FETCHER": {IngestRequested, SliceRequested, PageFetched, MonthFetched},
    "LOADER": {MonthLoaded, MonthRejected},
    "HEXER": {GridRebuilt},
    "REPORTER": {ReportRendered, ReportFailed},
    "GATEWAY": {WebReportRequested},
}
BUCKETS = (DOWNLOADS, "reports-web", "reports-console", "reports-acme")
WRITES = {
    "HEXER": {DOWNLOADS},
    "REPORTER": {"reports-web", "reports-console", "reports-acme"},
}
READS = {**WRITES, "GATEWAY": {DOWNLOADS, "reports-web"}}
ALL_STREAMS = tuple(str(stream.name) for stream in STREAMS) + tuple(f"OBJ_{bucket}" for bucket in BUCKETS)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """The server, provisioned, with a partner."""
    with production_nats(tmp_path_factory.mktemp("nats"), *PARTNERS) as server:
        yield server


@pytest.fixture
async def user(production: Production, name: str) -> AsyncIterator[Connection]:
    """A service's connection."""
    connection = await connect(production.url(name), f"_INBOX.{name}")
    yield connection
    await connection.client.close()


@pytest.fixture
async def broker(production: Production, name: str) -> AsyncIterator[NatsBroker]:
    """The same as the service has it; at the end nothing of what was done with it was forbidden."""
    before = production.violations()
    async with create_broker(production.url(name), stop_timeout=5) as broker:
        yield broker
    assert production.violations() == before


def durables(name: str) -> set[str]:
    """A service's queues."""
    return {durable for durable in CONSUMERS if durable.startswith(f"{name.lower()}-")}


def subjects_of(event: type[Event]) -> set[str]:
    """On which an event is published; of partners' events those of one of our own and of another."""
    if event is WebReportRequested:
        return {f"{event.subject}.1"}
    if issubclass(event, PartnerEvent):
        return {f"{event.subject}.{partner}" for partner in ("web", "acme")}
    return {event.subject}


def may_tell(name: str) -> set[str]:
    """Subjects of a service's own events and dead letters."""
    told = set[str]().union(*map(subjects_of, TELLS[name]))
    told |= {"report.requested.web"} if name == "GATEWAY" else set()  # as the version before ordered
    return told | {f"dead.{durable}" for durable in durables(name)}


def may_ask(name: str) -> set[str]:
    """Subjects on which a service reads its queues and the object stores."""
    measured = set(CONSUMERS) if name == "FETCHER" else durables(name)
    allowed = {f"$JS.API.CONSUMER.INFO.{place(durable)}" for durable in measured}
    allowed |= {f"$JS.API.CONSUMER.MSG.NEXT.{place(durable)}" for durable in durables(name)}
    allowed |= {f"$JS.ACK.{place(durable)}.1.1.1.1.0" for durable in durables(name)}
    allowed |= {f"$JS.API.STREAM.MSG.GET.OBJ_{bucket}" for bucket in READS.get(name, ())}
    for bucket in WRITES.get(name, ()):
        allowed |= {f"$JS.API.STREAM.{call}.OBJ_{bucket}" for call in ("INFO", "PURGE")}
        allowed |= {f"$O.{bucket}.{kind}.x" for kind in "CM"}
    others = {"FETCHER": "$JS.API.STREAM.INFO.DEAD", "GATEWAY": "$JS.API.STREAM.MSG.GET.WEB_ORDERS"}
    return allowed | ({others[name]} if name in others else set())


def place(durable: str) -> str:
    return f"{CONSUMERS[durable].event.stream}.{durable}"


def everything() -> set[str]:
    """All that is sent on the bus, by anybody."""
    told = set[str]().union(*map(subjects_of, EVENTS)) | {f"dead.{durable}" for durable in CONSUMERS}
    places = [*map(place, CONSUMERS), "FACTS.answers-web", "FACTS.answers-acme", "OBJ_downloads.mine"]
    calls: tuple[str, ...] = ("INFO", "MSG.NEXT", "CREATE", "DURABLE.CREATE", "DELETE", "PAUSE", "RESET")
    queues = {f"$JS.API.CONSUMER.{call}.{where}" for call, where in product(calls, places)}
    queues |= {f"$JS.API.CONSUMER.CREATE.{where}.month.loaded" for where in places}
    queues |= {f"$JS.ACK.{where}.1.1.1.1.0" for where in places}
    calls = ("INFO", "CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE")
    streams = {f"$JS.API.STREAM.{call}.{stream}" for call, stream in product(calls, (*ALL_STREAMS, "MINE"))}
    streams |= {f"$JS.API.DIRECT.GET.{stream}" for stream in ALL_STREAMS}
    calls = ("CREATE", "LIST", "NAMES")
    streams |= {f"$JS.API.CONSUMER.{call}.{stream}" for call, stream in product(calls, ALL_STREAMS)}
    objects = {f"$O.{bucket}.{kind}.x" for bucket, kind in product(BUCKETS, "CM")}
    inboxes = {f"_INBOX.{name}.x" for name in (OPERATOR, *SERVICES)} | {"_INBOX.x"}
    others = {"$JS.API.INFO", "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.FC.OBJ_downloads.x"}
    others |= {"$SYS.REQ.SERVER.PING", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$KV.x", "anything"}
    return told | queues | streams | objects | inboxes | others


async def refused(connection: Connection) -> set[str]:
    """What was forbidden since it was asked last, in small letters: the client makes them so."""
    await connection.client.publish("the.end")
    subjects: set[str] = set()
    while "the.end" not in subjects:
        found = re.search(r'violation for \w+ to "(.+)"', await connection.problem())
        subjects |= {found[1]} if found else set()
    return subjects - {"the.end"}


def small(subjects: Iterable[str]) -> set[str]:
    return {subject.lower() for subject in subjects}


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_sends_what_it_must_and_nothing_else(
    name: str, user: Connection, production: Production
) -> None:
    allowed = may_tell(name) | may_ask(name)
    assert allowed <= everything()
    # Reading stores of partners needs a wildcard: the reporter may also ask for streams that there are not.
    loose = {"$JS.API.STREAM.INFO.MINE", "$JS.API.STREAM.MSG.GET.MINE", "$JS.API.STREAM.PURGE.MINE"}
    for subject in sorted(everything()):  # to who lists objects, the body is one that was removed
        await user.client.publish(subject, b'{"deleted": true}', reply=f"_INBOX.{name}.x")
    expected = everything() - allowed - (loose if name == "REPORTER" else set())
    assert await refused(user) == small(expected)
    assert any(name in line and '"the.end"' in line for line in production.violations())


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_hears_its_own_inbox_and_nothing_else(name: str, user: Connection) -> None:
    others = {f"_INBOX.{other}.>" for other in (OPERATOR, *SERVICES) if other != name}
    others |= {">", "*.>", "_INBOX.>", "_INBOX.*", "_INBOX.*.>", f"_INBOX.{name}", "month.>", "dead.>"}
    others |= {"$JS.>", "$JS.EVENT.>", "$O.>", "$SYS.>", "_R_.>"}
    others |= set[str]().union(*map(subjects_of, EVENTS))
    for subject in sorted(others):
        await user.client.subscribe(subject)
    assert await refused(user) == small(others)
    await user.client.subscribe(f"_INBOX.{name}.>")
    assert await refused(user) == set()


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_is_ready_with_its_own_user(name: str, broker: NatsBroker) -> None:
    await bus_check(broker, tuple(durables(name)))()


@pytest.mark.parametrize("name", ["FETCHER"])
async def test_the_fetcher_measures_every_queue(broker: NatsBroker) -> None:
    await measure_bus(broker)


@pytest.mark.parametrize("name", ["HEXER"])
async def test_the_hexer_puts_lists_replaces_and_removes_files(broker: NatsBroker) -> None:
    for data in (b"first", bytes(300_000)):
        await put_object(broker, DOWNLOADS, "a/b", data)
        assert await object_names(broker, DOWNLOADS) == {"a/b"}
    await delete_object(broker, DOWNLOADS, "a/b")
    assert await object_names(broker, DOWNLOADS) == set()


@pytest.mark.parametrize("name", ["GATEWAY"])
async def test_the_gateway_orders_for_the_website_and_reads_files_and_reports(
    production: Production, broker: NatsBroker
) -> None:
    report = uuid4()
    order = WebReportRequested(id="1", postcode="", tier="", report_id=report)
    await publish(broker, order)
    assert (await broker.connection.jetstream().get_last_msg(order.stream, order.address)).data
    for owner, bucket in (("HEXER", DOWNLOADS), ("REPORTER", "reports-web")):
        async with create_broker(production.url(owner), stop_timeout=5) as other:
            await put_object(other, bucket, "one", bytes(300_000))
        assert await get_object(broker, bucket, "one") == bytes(300_000)
        assert await get_object(broker, bucket, "two") is None


@pytest.mark.parametrize("name", ["REPORTER"])
async def test_the_reporter_puts_a_report_again_into_any_partners_store(broker: NatsBroker) -> None:
    for bucket in sorted(WRITES["REPORTER"]):
        for data in (bytes(300_000), b"again"):
            await put_object(broker, bucket, "one.pdf", data)


@pytest.fixture
async def operator(production: Production) -> AsyncIterator[JetStreamContext]:
    """JetStream with all rights."""
    connection = await connect(production.url(OPERATOR))
    yield connection.client.jetstream()
    await connection.client.close()


@pytest.mark.parametrize("name", ["LOADER"])
async def test_a_service_handles_its_messages_and_gives_up_those_that_cannot_be_handled(
    broker: NatsBroker, operator: JetStreamContext
) -> None:
    @subscriber(broker, "loader-rollbacks")
    async def refuse(message: NatsMessage) -> None:
        raise PermanentError(f"{len(message.body)} bytes")

    await broker.start()
    await operator.publish("rollback.requested", b"{}")

    async def given_up() -> bool:
        consumer = await operator.consumer_info("WORK", "loader-rollbacks")
        return (consumer.num_ack_pending, consumer.num_pending) == (0, 0)

    await eventually(given_up, "the message is off its queue")
    letter = await operator.get_last_msg("DEAD", "dead.loader-rollbacks")
    assert (letter.headers or {})["Crimemaps-Dead-Reason"] == "PermanentError: 2 bytes"


PULL = "$JS.API.CONSUMER.MSG.NEXT.WORK.loader-rollbacks"
AT_ONCE = b'{"batch": 1, "no_wait": true}'


async def messages(operator: JetStreamContext, stream: str) -> int:
    return (await operator.stream_info(stream)).state.messages


@pytest.mark.parametrize("name", ["LOADER"])
async def test_who_has_an_empty_queue_can_still_empty_a_stream(
    user: Connection, operator: JetStreamContext
) -> None:
    """Why permissions are a fence and accounts the wall: the server does not judge the reply of a request."""
    await operator.purge_stream("WORK")
    await operator.publish("dead.loader-rollbacks", b"")
    await user.client.publish(PULL, AT_ONCE, reply="$JS.API.STREAM.PURGE.DEAD")

    async def is_empty() -> bool:
        return await messages(operator, "DEAD") == 0

    await eventually(is_empty, "nobody's request empties a stream")
    assert await refused(user) == set()


@pytest.mark.parametrize("name", ["LOADER"])
async def test_a_message_that_is_delivered_elsewhere_becomes_no_event_of_another(
    user: Connection, operator: JetStreamContext
) -> None:
    await operator.purge_stream("WORK")
    await operator.purge_stream("FACTS")
    await operator.publish("rollback.requested", b"forged")

    async def is_there() -> bool:
        return bool((await operator.consumer_info("WORK", "loader-rollbacks")).num_pending)

    await eventually(is_there, "the consumer knows of the message")
    await user.client.publish(PULL, AT_ONCE, reply="month.loaded")

    async def is_elsewhere() -> bool:
        return await messages(operator, "FACTS") == 1

    await eventually(is_elsewhere, "the message is delivered")
    state = (await operator.stream_info("FACTS", subjects_filter=">")).state
    assert state.subjects == {"rollback.requested": 1}, "nobody reads that there"


@pytest.mark.parametrize("name", ["GATEWAY"])
async def test_what_is_answered_to_the_gateway_calls_nothing(
    user: Connection, operator: JetStreamContext
) -> None:
    await operator.publish("dead.loader-rollbacks", b"")
    for subject in sorted(may_tell("GATEWAY") | may_ask("GATEWAY")):
        for body in (b"", b'{"seq": 1}', b'{"last_by_subj": "$O.downloads.M.*"}'):
            for target in ("$JS.API.STREAM.PURGE.DEAD", "$JS.API.STREAM.DELETE.DEAD"):
                await user.client.publish(subject, body, reply=target)
            # One connection's requests are served in order: with this answer, those before were, too.
            await user.client.request("report.requested.web.1", b"{}", timeout=10)
    assert await refused(user) == set()
    assert await messages(operator, "DEAD") > 0
