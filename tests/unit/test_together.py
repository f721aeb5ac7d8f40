"""Many who ask at once share a call."""

import asyncio

import pytest

from services.reporter.together import Together


class Calls:
    """Doubles numbers when it is let; refuses odd ones."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []
        self.may_answer = asyncio.Event()

    async def double(self, numbers: list[int]) -> list[int]:
        self.seen.append(numbers)
        await self.may_answer.wait()
        if any(number % 2 for number in numbers):
            raise ValueError("odd")
        return [2 * number for number in numbers]


async def asked(together: Together[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.ensure_future(together(number)) for number in numbers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_call_runs_shares_the_next_one() -> None:
    calls = Calls()
    together = Together(calls.double)
    tasks = [*await asked(together, 2), *await asked(together, 4, 6), *await asked(together, 8)]
    calls.may_answer.set()
    assert await asyncio.gather(*tasks) == [4, 8, 12, 16]
    assert calls.seen == [[2], [4, 6, 8]]


async def test_a_failure_is_told_to_all_who_shared_the_call_and_to_nobody_else() -> None:
    calls = Calls()
    together = Together(calls.double)
    tasks = [*await asked(together, 2), *await asked(together, 3, 4)]
    calls.may_answer.set()
    said = await asyncio.gather(*tasks, return_exceptions=True)
    assert (said[0], *map(str, said[1:])) == (4, "odd", "odd")
    assert await together(10) == 20


async def test_who_is_told_to_stop_waiting_holds_nobody_up() -> None:
    calls = Calls()
    together = Together(calls.double)
    [first, second] = await asked(together, 2, 4)
    first.cancel()
    calls.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 8
