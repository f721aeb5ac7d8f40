"""An event loop whose clock jumps to the next timer: hours pass in no time, and always the same."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
STEP_SECONDS = 1e-6
"""What one turn of the loop takes: a clock that stands still would keep a waiting program from going on."""


class JumpingSelector(selectors.DefaultSelector):
    """Does not wait: it moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now."""
        self.now += (timeout or 0.0) + STEP_SECONDS
        return super().select(None if timeout is None else 0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop without any connection to the outside."""

    def __init__(self) -> None:
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self.clock.now


def run_on_jumping_clock(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that waits for nothing but time."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)
