"""The reporter's messages: an order is kept in the database; what becomes of it is told by `reports`.

Bears to be delivered twice: the same order twice is answered the same way.
"""

from faststream.nats import NatsBroker, NatsMessage

from services.reporter.reports import Reports
from shared.bus import subscriber


def register(broker: NatsBroker, reports: Reports) -> None:
    """Subscribe the handlers."""

    @subscriber(broker, "reporter-orders", workers=4)
    async def report_requested(message: NatsMessage) -> None:
        metadata = message.raw_message.metadata
        partner = message.raw_message.subject.rpartition(".")[2]
        await reports.take(partner, message.body, metadata.sequence.stream)
