"""The message bus: how messages are published, handled, retried and given up.

Delivery is at least once. A handler publishes what follows from its message itself, and only then
is the message acknowledged; so every handler must bear to be called twice with the same message.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, TypeVar, cast

from faststream import AckPolicy, BaseMiddleware
from faststream.exceptions import AckMessage, NackMessage
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js.errors import NotFoundError
from pydantic import ValidationError
from structlog.contextvars import bind_contextvars

from shared.bus_connection import Broker, note_error, security_of
from shared.bus_url import read_bus_url
from shared.errors import NotYetError, PermanentError, TransientError
from shared.events import DEAD, Event
from shared.logs import get_logger
from shared.metrics import dead_letters, handler_seconds, messages_handled
from shared.provision import CONSUMERS
from shared.trace_context import HEADER, only_traceparent, traceparent
from shared.tracing import Span, Value

log = get_logger()
EventT = TypeVar("EventT", bound=Event)
HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[None]])

PUBLISH_TIMEOUT = 10.0
KEEP_ALIVE_SECONDS = 5.0
"""Well under any sensible `ack_wait`."""
NOT_YET_DELAY = 0.1
FIRST_DELAY, LONGEST_DELAY = 0.5, 60.0
UNEXPECTED_ERROR_TRIES = 5
"""A bug is tried again this often, in case it was none; then it is a dead letter."""


def create_broker(nats_url: str, *, stop_timeout: float) -> NatsBroker:
    """A broker that is not connected yet and never stops trying to reconnect.

    Raises:
        RequestError: the address, or the certificate that it names, cannot be read.
    """
    url = read_bus_url(nats_url)
    broker = Broker(
        url.server,
        security=security_of(url),
        inbox_prefix=url.inbox_prefix,
        error_cb=note_error,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        connect_timeout=5,
        graceful_timeout=stop_timeout,
        logger=None,
    )
    broker.add_middleware(partial(Delivery, broker=broker))
    return broker


def subscriber(
    broker: NatsBroker, durable: str, *, workers: int = 1, batch: int = 1
) -> Callable[[HandlerT], HandlerT]:
    """Decorate a handler: at most `workers` times `batch` messages of this consumer are handled at once.

    `batch` messages are fetched together: cheaper, but the slowest of them holds up those after them.
    """
    consumer = CONSUMERS[durable]
    decorate: Any = broker.subscriber(  # type: ignore[call-overload]
        consumer.event.filter,
        stream=JStream(consumer.event.stream, declare=False),
        durable=durable,
        pull_sub=PullSub(batch_size=batch, timeout=1),
        max_workers=workers,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        inbox_prefix=None,  # the connection's own; its type and default know that of everybody only
    )
    return cast(Callable[[HandlerT], HandlerT], decorate)


async def publish(broker: NatsBroker, event: Event, body: bytes | None = None) -> None:
    """Publish and wait until the stream has it. With a body, the event itself travels as headers.

    Raises:
        TransientError: the stream did not confirm it.
        PermanentError: it is larger than the server allows.
    """
    headers = {"Nats-Msg-Id": event.dedup_id} if event.dedup_id else {}
    if body is not None:
        headers |= {f"Crimemaps-{name}": value for name, value in header_fields(event)}
    else:
        body = event.model_dump_json().encode()
    with Span(f"publish {shown(event.address)}", "PRODUCER", attributes=about(event.address)) as span:
        if run := getattr(event, "run_id", None):
            span.set("crimemaps.run_id", str(run))
        await send(broker, event.address, event.stream, body, headers)


async def send(broker: NatsBroker, subject: str, stream: str, body: bytes, headers: dict[str, str]) -> None:
    """Put bytes on a stream and wait for the confirmation; whoever handles them goes on with our trace."""
    if here := traceparent():
        headers = {name: value for name, value in headers.items() if name.lower() != HEADER} | {HEADER: here}
    try:
        await broker.publish(body, subject, headers=headers, stream=stream, timeout=PUBLISH_TIMEOUT)
    except MaxPayloadError as error:
        raise PermanentError(f"{subject}: {len(body)} bytes are more than the server takes") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"{subject} was not confirmed: {type(error).__name__}: {error}") from error


def about(subject: str) -> dict[str, Value]:
    """What a span says of a message."""
    return {"messaging.system": "nats", "messaging.destination.name": shown(subject)}


def shown(subject: str) -> str:
    """A subject without its fourth word, the id of a report: who knows one can read the report."""
    return ".".join(subject.split(".")[:3])


async def is_idle(broker: NatsBroker, durable: str) -> bool:
    """Whether no message of a consumer waits or is being handled.

    Raises:
        TransientError: the bus does not answer.
    """
    return await unhandled(broker, durable) == 0


async def unhandled(broker: NatsBroker, durable: str) -> int:
    """Messages of a consumer that wait or are being handled.

    Raises:
        TransientError: the bus does not answer.
    """
    try:
        info = await broker.connection.jetstream().consumer_info(CONSUMERS[durable].event.stream, durable)
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the bus does not answer: {type(error).__name__}") from error
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def waits_since(broker: NatsBroker, event: Event) -> datetime | None:
    """When the newest message on an event's subject came that its stream has; None if there is none.

    Raises:
        TransientError: the bus does not answer.
    """
    try:
        message = await broker.connection.jetstream().get_last_msg(event.stream, event.address)
    except NotFoundError:
        return None
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the bus does not answer: {type(error).__name__}") from error
    return message.time


def header_fields(event: Event) -> list[tuple[str, str]]:
    """An event's fields as header names and values; what is None is left out."""
    fields = event.model_dump(mode="json", exclude_none=True)
    return [(name.replace("_", "-").title(), str(value)) for name, value in fields.items()]


def event_from_headers(kind: type[EventT], headers: dict[str, str]) -> EventT:
    """Read an event that travelled as headers.

    Raises:
        ValidationError: a header is missing or wrong.
    """
    given = {
        name.lower().removeprefix("crimemaps-").replace("-", "_"): value
        for name, value in headers.items()
        if name.lower().startswith("crimemaps-")
    }
    return kind.model_validate(given)


class Delivery(BaseMiddleware[Any, Any]):
    """Keeps a message alive while it is handled, and decides what becomes of it after an error.

    Without an error it is acknowledged; a `TransientError` brings it back later; a message that
    cannot be read, and a `PermanentError`, go to `dead.<durable>` with the reason.
    """

    def __init__(self, msg: Msg | None, /, *, context: Any, broker: NatsBroker) -> None:
        super().__init__(msg, context=context)
        self.broker = broker
        self.alive: asyncio.Task[None] | None = None
        self.span: Span | None = None
        self.started = perf_counter()

    async def on_receive(self) -> None:
        if self.msg is not None:
            self.span = handling(self.msg).start()
            bind_contextvars(durable=self.msg.metadata.consumer, sequence=self.msg.metadata.sequence.stream)
            self.alive = asyncio.create_task(keep_alive(self.msg))

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        if self.msg is None:  # publishing enters the middlewares too
            return False
        if self.alive:
            self.alive.cancel()
        durable = self.msg.metadata.consumer
        handler_seconds.labels(durable).observe(perf_counter() - self.started)
        try:
            if isinstance(exc_val, Exception):
                await self.decide(durable, exc_val)
            elif exc_val is None:
                messages_handled.labels(durable, "done").inc()
        finally:
            if self.span:
                self.span.end(None if isinstance(exc_val, NotYetError) else exc_val)
        return False

    async def decide(self, durable: str, error: Exception) -> None:
        """Raise what makes the framework acknowledge the message or bring it back."""
        tries = self.msg.metadata.num_delivered
        if isinstance(error, TransientError):
            delay = NOT_YET_DELAY if isinstance(error, NotYetError) else retry_delay(tries)
            if not isinstance(error, NotYetError):
                log.warning("message.postponed", reason=str(error), tries=tries, delay=round(delay, 1))
            messages_handled.labels(durable, "postponed").inc()
            raise NackMessage(delay=delay) from error
        expected = isinstance(error, (PermanentError, ValidationError))
        if not expected and tries < UNEXPECTED_ERROR_TRIES:
            log.error("message.failed", tries=tries, exc_info=error)
            messages_handled.labels(durable, "failed").inc()
            raise NackMessage(delay=retry_delay(tries)) from error
        await self.bury(durable, error)
        raise AckMessage from error

    async def bury(self, durable: str, error: Exception) -> None:
        """Put the message on `dead.<durable>`; if even that fails, bring it back later."""
        reason = reason_of(error)
        metadata = self.msg.metadata
        headers = dict(self.msg.headers or {}) | {
            "Nats-Msg-Id": f"dead/{durable}/{metadata.sequence.stream}",
            "Crimemaps-Dead-Subject": self.msg.subject,
            "Crimemaps-Dead-Reason": reason,
            "Crimemaps-Dead-Tries": str(metadata.num_delivered),
        }
        try:
            await send(self.broker, f"dead.{durable}", DEAD, self.msg.data, headers)
        except TransientError as problem:
            raise NackMessage(delay=retry_delay(metadata.num_delivered)) from problem
        dead_letters.labels(durable).inc()
        messages_handled.labels(durable, "dead").inc()
        log.error("message.buried", reason=reason, tries=metadata.num_delivered)


def handling(message: Msg) -> Span:
    """The span of a message being handled: a part of its sender's, if it says so in letters of any case."""
    said = [value for name, value in (message.headers or {}).items() if name.lower() == HEADER]
    attributes = about(message.subject) | {"crimemaps.tries": message.metadata.num_delivered}
    name = f"process {message.metadata.consumer}"
    return Span(name, "CONSUMER", parent=only_traceparent(said), attributes=attributes)


async def keep_alive(message: Msg) -> None:
    """Tell the server again and again that the message is being worked on."""
    while True:
        await asyncio.sleep(KEEP_ALIVE_SECONDS)
        with suppress(NatsError, OSError):
            await message.in_progress()


def retry_delay(tries: int) -> float:
    """Seconds until the next try: doubling, with jitter, at most a minute."""
    delay: float = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(tries, 10))
    return random.uniform(0.75, 1.0) * delay


def reason_of(error: Exception) -> str:
    """Why a message was given up, in one line that fits a header."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"not in the declared shape: {place}: {first['msg']}"[:500].replace("\n", " ")
    return f"{type(error).__name__}: {error}"[:500].replace("\n", " ").replace("\r", " ")
