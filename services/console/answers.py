"""Reports ordered through the queue, and their answers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from services.console.answering import answered
from services.console.queues import ANSWER_SECONDS
from shared.errors import RequestError, TransientError
from shared.events import ReportFailed, ReportRendered, ReportRequested
from shared.provision import connect
from shared.tasks import heed_cancel

PARTNER = "console"
ASK_AGAIN_SECONDS = 20.0
"""An order that is sent again gets the same answer again: so an answer that was missed comes."""
Answer = ReportRendered | ReportFailed


class Desk:
    """Sends orders and gathers answers."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.jetstream = client.jetstream(timeout=ANSWER_SECONDS)
        self.inbox: asyncio.Queue[Answer] = asyncio.Queue()

    async def listen(self) -> None:
        """Hear of every answer from now on."""
        for event in (ReportRendered, ReportFailed):
            await self.client.subscribe(f"{event.subject}.{PARTNER}", cb=self.receive)
        await self.client.flush()

    async def receive(self, message: Msg) -> None:
        """Keep an answer."""
        kind = ReportRendered if message.subject.startswith(ReportRendered.subject) else ReportFailed
        self.inbox.put_nowait(kind.model_validate_json(message.data))

    async def order(self, order: ReportRequested) -> None:
        """Put an order on the bus; not deduplicated there, so that asking again is heard."""
        async with answered():
            await self.jetstream.publish(
                f"{order.subject}.{PARTNER}", order.model_dump_json().encode(), stream=order.stream
            )

    async def answers(self, orders: Mapping[str, ReportRequested], patience: float) -> AsyncIterator[Answer]:
        """The answer to each order, as they come.

        Raises:
            TransientError: none came for `patience` seconds.
        """
        waiting, idle = dict(orders), 0.0
        while waiting:
            try:
                answer = await asyncio.wait_for(self.inbox.get(), ASK_AGAIN_SECONDS)
            except TimeoutError as error:
                heed_cancel()
                idle += ASK_AGAIN_SECONDS
                if idle >= patience:
                    raise TransientError(
                        f"no answer for {idle:.0f} s to {len(waiting)} orders: no reporter runs, or it waits "
                        "for what it needs, such as postcodes.io, as its log says. They stay in the queue."
                    ) from error
                for order in list(waiting.values())[:100]:
                    await self.order(order)
                continue
            if answer.id in waiting:
                del waiting[answer.id]
                idle = 0.0
                yield answer

    async def pdf(self, answer: ReportRendered) -> bytes:
        """The PDF of a rendered report."""
        try:
            async with answered():
                store = await self.jetstream.object_store(answer.bucket)
                return (await store.get(answer.object)).data or b""
        except NotFoundError as error:
            raise RequestError(f"{answer.object} is no longer in {answer.bucket}") from error


@asynccontextmanager
async def open_desk(nats_url: str) -> AsyncIterator[Desk]:
    """A connection that hears of answers.

    Raises:
        TransientError: the bus cannot be reached.
    """
    client = await connect(nats_url)
    try:
        desk = Desk(client)
        try:
            await desk.listen()
        except (NatsError, OSError, TimeoutError) as error:
            raise TransientError(f"the bus does not answer: {error or type(error).__name__}") from error
        yield desk
    finally:
        await client.close()
