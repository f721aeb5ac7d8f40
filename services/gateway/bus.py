"""The gateway's one connection to the bus: opened by the first who needs it, and kept."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from shared.bus import create_broker, publish, waits_since
from shared.db import without_password
from shared.errors import TransientError
from shared.events import Event
from shared.objects import get_object
from shared.trace_context import without_trace

if TYPE_CHECKING:
    from faststream.nats import NatsBroker

PATIENCE = 3.0
"""Seconds within which a healthy server lets us in, or back in."""

READERS = 4
"""Objects that are read at once. They come over one connection: sent all at a time, all would be late."""


class Bus:
    """Connects when it is first used and reconnects by itself; without a server it soon says so."""

    def __init__(self, nats_url: str, *, stop_timeout: float) -> None:
        self.nats_url, self.stop_timeout = nats_url, stop_timeout
        self.broker: NatsBroker | None = None
        self.opening = asyncio.Lock()
        self.reading = asyncio.Semaphore(READERS)

    async def connected(self) -> "NatsBroker":
        """The connection.

        Raises:
            TransientError: the server cannot be reached.
        """
        async with self.opening:
            if self.broker is None:
                self.broker = await self.open()
        if not await self.broker.ping(PATIENCE):
            raise TransientError(
                f"no NATS server at {without_password(self.nats_url)}: the connection was lost"
            )
        return self.broker

    async def open(self) -> "NatsBroker":
        """A new connection."""
        broker = create_broker(self.nats_url, stop_timeout=self.stop_timeout)
        try:
            async with asyncio.timeout(PATIENCE):
                # It would try for ever. It outlives the request that needs it first, and is not its work.
                await asyncio.create_task(broker.connect(), context=without_trace())
        except (OSError, TimeoutError) as error:
            raise TransientError(f"no NATS server at {without_password(self.nats_url)}") from error
        return broker

    async def publish(self, event: Event) -> None:
        """Publish and wait until the stream has it.

        Raises:
            TransientError: the server cannot be reached or did not confirm it.
        """
        await publish(await self.connected(), event)

    async def since(self, event: Event) -> datetime | None:
        """When a message came that is on its subject and not done yet; None if there is none.

        Raises:
            TransientError: the server cannot be reached.
        """
        return await waits_since(await self.connected(), event)

    async def object(self, bucket: str, name: str) -> bytes | None:
        """An object of a store; None if it is not there any more.

        Raises:
            TransientError: the server cannot be reached.
        """
        async with self.reading:
            return await get_object(await self.connected(), bucket, name)

    async def check(self) -> None:
        """The bus is connected."""
        await self.connected()

    async def close(self) -> None:
        """End the connection, if there is one."""
        if self.broker is not None:
            await self.broker.stop()
            self.broker = None
