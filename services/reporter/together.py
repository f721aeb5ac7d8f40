"""One call for many: whoever comes while a call runs shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Together(Generic[Item, Answer]):
    """Hands items to `call` as a list of all that wait; it gives an answer for each, or fails for all."""

    def __init__(self, call: Callable[[list[Item]], Awaitable[list[Answer]]]) -> None:
        self.call = call
        self.waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self.calling: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Answer:
        """The answer for one item."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((item, answer))
        if self.calling is None or self.calling.done():
            self.calling = asyncio.create_task(self.call_for_all())
        return await answer

    async def call_for_all(self) -> None:
        """One call after the other, until nobody waits."""
        while self.waiting:
            several, self.waiting = self.waiting, []
            try:
                answers = await self.call([item for item, _ in several])
            except Exception as error:  # theirs to judge
                for _, answer in several:
                    if not answer.done():  # who was told to stop waits no more
                        answer.set_exception(error)
            else:
                for (_, answer), given in zip(several, answers, strict=True):
                    if not answer.done():
                        answer.set_result(given)
