"""The fetcher's messages: an order becomes runs, a slice becomes a page.

Both bear to be delivered twice: runs and slices have ids of their own, and done stays done.
"""

from faststream.nats import NatsBroker

from services.fetcher.runs import Runs
from shared.bus import subscriber
from shared.events import IngestRequested, SliceRequested


def register(broker: NatsBroker, runs: Runs, *, workers: int) -> None:
    """Subscribe the handlers."""

    @subscriber(broker, "fetcher-orders")
    async def ingest_requested(event: IngestRequested) -> None:
        await runs.order(event)

    @subscriber(broker, "fetcher-slices", workers=workers)
    async def slice_requested(event: SliceRequested) -> None:
        await runs.fetch(event)
