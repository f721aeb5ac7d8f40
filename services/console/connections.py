"""Both connections of a command, or a clear message soon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from services.console.endpoints import Target
from services.console.queues import Queues, open_queues
from services.console.store import Store
from shared.db import open_pool, without_password
from shared.errors import TransientError

PATIENCE = 5.0
"""Seconds for both connections, so that a command ends within 10."""


@dataclass(frozen=True)
class Connections:
    """The database and the bus."""

    store: Store
    queues: Queues


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Connections]:
    """The database and the bus.

    Raises:
        TransientError: one of them cannot be reached within 5 s.
    """
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(PATIENCE):
                pool = await stack.enter_async_context(open_pool(target.database_url, max_size=2))
                queues = await stack.enter_async_context(open_queues(target.nats_url))
        except TimeoutError as error:
            raise TransientError(
                f"no answer within {PATIENCE:.0f} s from {without_password(target.database_url)} "
                f"or {without_password(target.nats_url)}"
            ) from error
        yield Connections(Store(pool), queues)
