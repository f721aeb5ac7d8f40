"""What waits on the bus, and what was given up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.console.answering import answered
from services.console.dead_letters import DeadLetter, letter_of
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
                    letters.append(letter_of(await self.jetstream.get_msg(DEAD, sequence)))
                except NotFoundError:
                    continue  # somebody has removed it
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
