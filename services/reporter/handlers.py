"""The reporter's messages: an order is kept in the database; what becomes of it is told by `reports`.

Bears to be delivered twice: the same order twice is answered the same way.
"""

from faststream.nats import NatsBroker, NatsMessage

from services.reporter.intake import Intake
from shared.bus import subscriber

BATCH = 16
"""Orders of a queue that are written down together; each may have a megabyte."""


def register(broker: NatsBroker, intake: Intake) -> None:
    """Subscribe the handlers."""

    @subscriber(broker, "reporter-orders", batch=BATCH)
    async def report_requested(message: NatsMessage) -> None:
        await take(message)

    @subscriber(broker, "reporter-web", batch=BATCH)
    async def web_report_requested(message: NatsMessage) -> None:
        await take(message)

    async def take(message: NatsMessage) -> None:
        metadata = message.raw_message.metadata
        partner = message.raw_message.subject.split(".")[2]
        await intake.take(partner, message.body, metadata.sequence.stream)
