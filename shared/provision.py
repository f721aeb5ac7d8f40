"""The streams and consumers of the bus, declared once: `python -m shared.provision`.

Only this module creates or changes them; services use what is there.
"""

import asyncio
import sys
from dataclasses import dataclass
from ssl import SSLError

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    ObjectStoreConfig,
    RetentionPolicy,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from shared.bus_url import read_bus_url
from shared.db import describe, without_password
from shared.downloads import BUCKET as DOWNLOADS
from shared.errors import CrimeMapsError, RequestError, TransientError
from shared.events import (
    DEAD,
    FACTS,
    ORDERS,
    PAGES,
    WEB_ORDERS,
    WORK,
    Event,
    IngestRequested,
    MonthFetched,
    MonthLoaded,
    PageFetched,
    ReportFailed,
    ReportRendered,
    ReportRequested,
    RollbackRequested,
    SliceRequested,
    WebReportRequested,
)

DAY = 24 * 3600.0
DEDUP_WINDOW = 600.0
"""Seconds in which a message with a known id is dropped: longer than any redelivery after a crash."""

STREAMS = (
    # Work is deleted when it is done; pages too, since their records are in the database by then.
    StreamConfig(
        WORK,
        subjects=["ingest.requested", "slice.requested", "rollback.requested"],
        retention=RetentionPolicy.WORK_QUEUE,
    ),
    # Of their own: a stream drops messages by `Nats-Msg-Id`, whoever sent them, and partners write theirs.
    StreamConfig(ORDERS, subjects=["report.requested.*"], retention=RetentionPolicy.WORK_QUEUE),
    # The gateway looks into it, and must not see what partners order.
    StreamConfig(WEB_ORDERS, subjects=["report.requested.web.*"], retention=RetentionPolicy.WORK_QUEUE),
    # When the loader is away and the stream is full, publishing fails and the fetcher waits.
    StreamConfig(
        PAGES,
        subjects=["page.fetched"],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_bytes=4 << 30,
    ),
    StreamConfig(
        FACTS, subjects=["month.*", "grid.*", "report.rendered.*", "report.failed.*"], max_age=30 * DAY
    ),
    StreamConfig(DEAD, subjects=["dead.>"], max_age=90 * DAY),
)


@dataclass(frozen=True)
class Consumer:
    """A durable pull consumer: one queue of messages, shared by all replicas of a service."""

    durable: str
    event: type[Event]
    max_ack_pending: int


CONSUMERS = {
    consumer.durable: consumer
    for consumer in (
        Consumer("fetcher-orders", IngestRequested, 8),
        Consumer("fetcher-slices", SliceRequested, 16),
        Consumer("loader-pages", PageFetched, 32),
        Consumer("loader-months", MonthFetched, 8),
        Consumer("loader-rollbacks", RollbackRequested, 8),
        Consumer("hexer-months", MonthLoaded, 8),
        Consumer("hexer-downloads", MonthLoaded, 8),
        Consumer("reporter-orders", ReportRequested, 64),
        Consumer("reporter-web", WebReportRequested, 64),
    )
}


async def provision(nats_url: str, *, ack_wait: float = 30.0, replicas: int | None = None) -> None:
    """Create the streams and consumers, or bring existing ones to this declaration.

    Without `replicas` as many servers keep each stream as before; of a new bus, one.

    Raises:
        TransientError: the server cannot be reached, or does not do it, as a cluster without a leader.
    """
    connection = await connect(nats_url)
    try:
        jetstream = connection.jetstream()
        replicas = replicas or await replicas_of(jetstream)
        for stream in STREAMS:
            await put_stream(jetstream, stream.evolve(duplicate_window=DEDUP_WINDOW, num_replicas=replicas))
        for consumer in CONSUMERS.values():
            # Creating a durable consumer that exists updates it.
            await jetstream.add_consumer(
                consumer.event.stream,
                ConsumerConfig(
                    durable_name=consumer.durable,
                    filter_subject=consumer.event.filter,
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=ack_wait,
                    max_ack_pending=consumer.max_ack_pending,
                    max_deliver=-1,
                ),
            )
        # Its objects are removed by who puts them there, when another edition has replaced them.
        files = ObjectStoreConfig(replicas=replicas, description="Whole months as files")
        await put_bucket(jetstream, DOWNLOADS, files)
        for partner in OWN_PARTNERS:
            await provision_partner(jetstream, partner, replicas=replicas)
        await put_replicas(jetstream, replicas)
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the bus was not provisioned: {describe(error)}") from error
    finally:
        await connection.close()


OWN_PARTNERS = ("console", "web")
"""Who orders in our own name: the command and the website."""
REPORT_DAYS = 90
"""So long a PDF is kept; it can be ordered again under another id."""


def bucket_of(partner: str) -> str:
    """The object store of a partner's reports: one each, because rights to objects are given by bucket."""
    return f"reports-{partner}"


def answers_of(partner: str) -> str:
    """The durable consumer by which a partner reads its answers."""
    return f"answers-{partner}"


async def provision_partner(jetstream: JetStreamContext, partner: str, *, replicas: int = 1) -> None:
    """A partner's object store, and the consumer by which it reads its own answers and nobody else's."""
    config = ObjectStoreConfig(ttl=REPORT_DAYS * DAY, replicas=replicas, description="Reports as PDF")
    await put_bucket(jetstream, bucket_of(partner), config)
    await jetstream.add_consumer(
        FACTS,
        ConsumerConfig(
            durable_name=answers_of(partner),
            filter_subjects=[f"{event.subject}.{partner}" for event in (ReportRendered, ReportFailed)],
            ack_policy=AckPolicy.EXPLICIT,
        ),
    )


async def add_partner(nats_url: str, partner: str) -> None:
    """Make what one partner needs on a provisioned bus; what is there already stays.

    Raises:
        RequestError: the bus is not provisioned.
        TransientError: the server cannot be reached, or does not do it.
    """
    connection = await connect(nats_url)
    try:
        jetstream = connection.jetstream()
        await jetstream.stream_info(FACTS)
        await provision_partner(jetstream, partner, replicas=await replicas_of(jetstream))
    except NotFoundError as error:
        raise RequestError("the bus has no streams: run `python -m shared.provision`") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"{partner} was not provisioned: {describe(error)}") from error
    finally:
        await connection.close()


async def put_stream(jetstream: JetStreamContext, stream: StreamConfig) -> None:
    """Create a stream or update its settings; its messages stay."""
    try:
        await jetstream.stream_info(str(stream.name))
    except NotFoundError:
        await jetstream.add_stream(stream)
    else:
        await jetstream.update_stream(stream)


async def put_bucket(jetstream: JetStreamContext, name: str, config: ObjectStoreConfig) -> None:
    """Create an object store; one that exists stays as it is."""
    try:
        await jetstream.object_store(name)
    except NotFoundError:
        await jetstream.create_object_store(name, config=config)


async def replicas_of(jetstream: JetStreamContext) -> int:
    """How many servers keep our streams; 1 where there are none yet."""
    try:
        return (await jetstream.stream_info(FACTS)).config.num_replicas or 1
    except NotFoundError:
        return 1


async def put_replicas(jetstream: JetStreamContext, replicas: int) -> None:
    """Let as many servers keep every stream; the object stores of partners are some, too."""
    for stream in await jetstream.streams_info():
        if stream.config.num_replicas != replicas:
            await jetstream.update_stream(stream.config.evolve(num_replicas=replicas))


async def check_provisioned(nats_url: str, service: str) -> None:
    """The bus has the consumers of a service.

    Raises:
        TransientError: it lacks one, or the server cannot be reached.
    """
    connection = await connect(nats_url)
    try:
        for durable in consumers_of(service):
            await connection.jetstream().consumer_info(CONSUMERS[durable].event.stream, durable)
    except NotFoundError as error:
        raise TransientError(f"the bus lacks consumer {durable}: run `python -m shared.provision`") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the bus does not answer: {describe(error)}") from error
    finally:
        await connection.close()


def consumers_of(service: str) -> list[str]:
    """The durable consumers whose messages a service handles; none of the gateway."""
    return [durable for durable in CONSUMERS if durable.startswith(f"{service}-")]


async def connect(nats_url: str) -> Client:
    """A plain connection that gives up after a few seconds.

    Raises:
        RequestError: the address, or the certificate that it names, cannot be read.
        TransientError: the server cannot be reached.
    """
    url = read_bus_url(nats_url)
    is_connected = False

    async def note(error: Exception) -> None:
        # The final error says all. But after a handshake that failed, the client waits for ever.
        if not is_connected and (url.tls or isinstance(error, SSLError)):
            raise error

    try:
        client = await nats.connect(
            url.server,
            tls=url.tls,
            tls_handshake_first=url.tls is not None,
            user=url.user,
            password=url.password,
            inbox_prefix=url.inbox_prefix,
            connect_timeout=3,
            max_reconnect_attempts=1,
            error_cb=note,
        )
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"no NATS server at {without_password(nats_url)}: {describe(error)}") from error
    is_connected = True
    return client


if __name__ == "__main__":
    from pydantic import ValidationError

    from shared.service import setting_problem
    from shared.settings import ProvisionSettings

    try:
        settings = ProvisionSettings()  # type: ignore[call-arg]
        replicas = settings.stream_replicas
        asyncio.run(provision(settings.nats_url, ack_wait=settings.ack_wait, replicas=replicas))
    except ValidationError as error:
        sys.exit("; ".join(setting_problem(problem) for problem in error.errors()))
    except CrimeMapsError as problem:
        sys.exit(str(problem))
