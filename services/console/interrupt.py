"""Commands that only watch end at Ctrl-C, whatever a driver makes of it."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from threading import Timer
from types import FrameType
from typing import Any, NoReturn, TypeVar

Result = TypeVar("Result")
INTERRUPTED = 130
LEAVE_SECONDS = 5.0
"""For closing connections. Waits of Python 3.11 may lose a cancellation, and closing then waits for ever."""


def watch(work: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run` for work that leaves nothing half done.

    Raises:
        KeyboardInterrupt: Ctrl-C; if closing then takes too long, the process ends with the same exit code.
    """

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        timer = Timer(LEAVE_SECONDS, os._exit, (INTERRUPTED,))
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, leave)
    try:
        return asyncio.run(work)
    finally:
        signal.signal(signal.SIGINT, before)
