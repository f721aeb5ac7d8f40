"""The checks behind /readyz."""

import asyncpg
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from shared.db import translate_errors
from shared.errors import TransientError
from shared.http import Check
from shared.provision import CONSUMERS

PATIENCE = 2.0
"""Seconds within which a healthy server answers."""


def database_check(pool: asyncpg.Pool) -> Check:
    """The database answers."""

    async def check() -> None:
        async with translate_errors():
            await pool.fetchval("SELECT 1", timeout=PATIENCE)

    return check


def bus_check(broker: NatsBroker, durables: tuple[str, ...]) -> Check:
    """The bus is connected and has the consumers: one that was deleted is never recovered by itself."""

    async def check() -> None:
        if not await broker.ping(timeout=PATIENCE):
            raise TransientError("not connected")
        jetstream = broker.connection.jetstream(timeout=PATIENCE)
        for durable in durables:
            try:
                await jetstream.consumer_info(CONSUMERS[durable].event.stream, durable)
            except NotFoundError as error:
                raise TransientError(
                    f"consumer {durable} is missing: run python -m shared.provision"
                ) from error
            except (NatsError, OSError, TimeoutError) as error:
                raise TransientError(f"no answer: {type(error).__name__}") from error

    return check
