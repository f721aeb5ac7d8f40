"""What a bus that does not answer is told as."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from shared.errors import RequestError, TransientError


@asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Tell a bus without streams from one that does not answer."""
    try:
        yield
    except NotFoundError as error:
        raise RequestError("the bus is not ready: run `python -m shared.provision`") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the bus does not answer: {error or type(error).__name__}") from error
