"""How fast the source may be asked: one pace for the whole process."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiolimiter import AsyncLimiter

from shared.metrics import upstream_in_flight, upstream_paused

MARGIN = 0.99
"""Share of the allowed rate that is used: the network moves requests together by some milliseconds."""


class Pacer:
    """At most `rate` requests a second, evenly spaced, at most `in_flight` of them unanswered.

    `pause` holds back every request that has not been sent yet.
    """

    def __init__(self, rate: float, in_flight: int, *, first_pause: float, longest_pause: float) -> None:
        # A bucket for one request has no burst: requests are spaced, not counted by the second.
        self.limiter = AsyncLimiter(1, 1 / (rate * MARGIN))
        self.slots = asyncio.Semaphore(in_flight)
        self.first_pause, self.longest_pause = first_pause, longest_pause
        self.pauses = 0
        self.resume_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn to send one request; it lasts until the answer is there."""
        async with self.slots:
            while True:
                await self.wait_out_pause()
                await self.limiter.acquire()
                if asyncio.get_running_loop().time() >= self.resume_at:
                    break
            upstream_in_flight.inc()
            try:
                yield
            finally:
                upstream_in_flight.dec()

    async def wait_out_pause(self) -> None:
        """Return when no pause is on."""
        while (left := self.resume_at - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110 - it may grow
            await asyncio.sleep(left)
        upstream_paused.set(0)

    def pause(self, seconds: float | None = None) -> float:
        """Hold all requests back, for as long as the source asked or, unasked, longer each time."""
        now = asyncio.get_running_loop().time()
        if self.resume_at > now and seconds is None:
            return self.resume_at - now  # answers to requests sent before the pause do not lengthen it
        if seconds is None:
            seconds = min(self.longest_pause, self.first_pause * 2**self.pauses) * random.uniform(1.0, 1.25)
            self.pauses = min(self.pauses + 1, 16)
        self.resume_at = max(self.resume_at, now + min(seconds, 10 * self.longest_pause))
        upstream_paused.set(1)
        return seconds

    def went_well(self) -> None:
        """A request was answered: the next unasked pause is short again."""
        self.pauses = 0
