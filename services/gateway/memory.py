"""What a process keeps in memory, bounded in bytes."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from shared.tasks import end

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """Values by key: the one not asked for longest goes first. Each is made once, however many ask for it."""

    def __init__(self, most: int, size: Callable[[Value], int]) -> None:
        """`most`: bytes in all; `size`: bytes of a value."""
        self.most, self.size = most, size
        self.held = 0
        self.values: OrderedDict[Hashable, Value] = OrderedDict()
        self.running: dict[Hashable, asyncio.Task[Value]] = {}

    def get(self, key: Hashable) -> Value | None:
        """The value, if it is kept."""
        value = self.values.get(key)
        if value is not None:
            self.values.move_to_end(key)
        return value

    async def get_or_make(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """The value of a key; whoever asks while it is made gets the same one, or the same error."""
        value = self.get(key)
        if value is not None:
            return value
        task = self.running.get(key)
        if task is None:
            task = self.running[key] = asyncio.create_task(self.make(key, make))
            task.add_done_callback(lambda done: self.forget(key, done))
        # Who goes away must not take the value from those who wait for it too.
        return await asyncio.shield(task)

    async def make(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """Make a value and keep it, if it has room at all."""
        value = await make()
        size = self.size(value)
        if size <= self.most:
            self.values[key] = value
            self.held += size
        while self.held > self.most:
            _, oldest = self.values.popitem(last=False)
            self.held -= self.size(oldest)
        return value

    def forget(self, key: Hashable, task: asyncio.Task[Value]) -> None:
        """It is done, with or without a value; an error is then told to those who still wait, if any."""
        del self.running[key]
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """Give up what is being made: nobody waits for it any more."""
        await end(*self.running.values())
