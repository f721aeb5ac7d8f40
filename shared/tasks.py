"""How background tasks are ended."""

import asyncio
from typing import Any

PATIENCE = 2.0
"""Seconds that a task has for its cleaning up, until it is cancelled once more."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they are done; what they raise is left in them.

    Once is not enough: `asyncio.wait_for` of Python 3.11 loses a cancellation that comes together with what
    it waits for, and so do clients that are built on it.
    """
    while left := {task for task in tasks if not task.done()}:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=PATIENCE)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # else it would be reported as never looked at


def heed_cancel() -> None:
    """End the task that calls this, if it was cancelled and what it waited for kept that to itself.

    For loops that `end` does not watch, such as those that Ctrl-C ends.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
