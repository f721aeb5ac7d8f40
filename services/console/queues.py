"""What waits on the bus, and what was given up."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.errors import RequestError, TransientError
from shared.events import DEAD
from shared.provision import CONSUMERS, connect

ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Queue:
    """The messages of one consumer."""

    pending: int
    """Not delivered yet."""
    in_progress: int
    """Delivered, and neither done nor given up."""
    redelivered: int
    """Of those in progress: delivered more than once."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up."""

    subject: str
    original_subject: str
    reason: str
    tries: str
    at: datetime | None
    run_id: UUID | None
    """The run it belongs to, where its body says so."""


class Queues:
    """The streams and consumers of the bus, to look at."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self.jetstream = jetstream

    async def waiting(self) -> dict[str, Queue]:
        """Every consumer's messages."""
        queues = {}
        for durable, consumer in CONSUMERS.items():
            async with answered():
                info = await self.jetstream.consumer_info(consumer.event.stream, durable)
            queues[durable] = Queue(
                info.num_pending or 0, info.num_ack_pending or 0, info.num_redelivered or 0
            )
        return queues

    async def dead_letters(self) -> tuple[int, int]:
        """The number of dead letters, and the newest one's place in the stream."""
        async with answered():
            state = (await self.jetstream.stream_info(DEAD)).state
        return state.messages, state.last_seq

    async def read_dead(self, first: int, last: int) -> list[DeadLetter]:
        """The dead letters from one place in the stream to another, the newest first."""
        letters = []
        for sequence in range(last, max(first, 1) - 1, -1):
            async with answered():
                try:
                    message = await self.jetstream.get_msg(DEAD, sequence)
                except NotFoundError:
                    continue  # somebody has removed it
            headers = message.headers or {}
            letters.append(
                DeadLetter(
                    subject=message.subject or "",
                    original_subject=headers.get("Crimemaps-Dead-Subject", ""),
                    reason=headers.get("Crimemaps-Dead-Reason", ""),
                    tries=headers.get("Crimemaps-Dead-Tries", ""),
                    at=message.time,
                    run_id=run_of(message.data or b"", headers),
                )
            )
        return letters


@asynccontextmanager
async def open_queues(nats_url: str) -> AsyncIterator[Queues]:
    """A connection to the bus.

    Raises:
        TransientError: the server cannot be reached.
    """
    connection = await connect(nats_url)
    try:
        yield Queues(connection.jetstream(timeout=ANSWER_SECONDS))
    finally:
        await connection.close()


@asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Tell a bus without streams from one that does not answer."""
    try:
        yield
    except NotFoundError as error:
        raise RequestError("the bus is not ready: run `python -m shared.provision`") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the bus does not answer: {error or type(error).__name__}") from error


def run_of(body: bytes, headers: Mapping[str, str]) -> UUID | None:
    """The run that a message belongs to; None if it does not say, or cannot be read."""
    try:
        return UUID(headers.get("Crimemaps-Run-Id") or json.loads(body)["run_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
