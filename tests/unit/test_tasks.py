"""Tasks are ended, whatever they make of the first cancellation."""

import asyncio
from contextlib import suppress

import pytest

from shared import tasks
from shared.tasks import end, heed_cancel


async def go_on(goes_on: asyncio.Event) -> None:
    """Say so, then wait for what never comes."""
    goes_on.set()
    await asyncio.Event().wait()


async def test_a_cancellation_that_is_lost_in_a_wait_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PATIENCE", 0.01)
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def clock() -> None:
        began.set()
        await asyncio.wait_for(answer, 3600)
        await go_on(goes_on)

    task = asyncio.create_task(clock())
    await began.wait()
    answer.set_result(None)  # the answer and the end come together
    async with asyncio.timeout(20):
        await end(task)
    assert goes_on.is_set(), "the first cancellation was lost: later versions of Python may not lose it"
    assert task.cancelled()


async def test_a_task_that_swallows_it_is_ended_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PATIENCE", 0.01)
    swallowed = 0

    async def deaf(times: int) -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > times:
                    raise

    async def fails() -> None:
        raise ValueError("a reason of its own")

    async def ends() -> int:
        return 7

    others = [asyncio.create_task(go_on(asyncio.Event())), asyncio.create_task(fails())]
    given = [asyncio.create_task(deaf(3)), *others, asyncio.create_task(ends())]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await end(*given)
    assert swallowed == 4
    assert [task.cancelled() for task in given] == [True, True, False, False]
    assert str(given[2].exception()) == "a reason of its own"
    assert given[3].result() == 7


async def test_a_task_that_cleans_up_is_left_to_it() -> None:
    began, cleaned = asyncio.Event(), asyncio.Event()

    async def careful() -> None:
        try:
            await go_on(began)
        finally:
            await asyncio.to_thread(sum, range(100_000))
            cleaned.set()

    task = asyncio.create_task(careful())
    await began.wait()
    await end(task)
    assert cleaned.is_set()
    assert task.cancelled()


async def test_nothing_to_end_is_ended_at_once() -> None:
    await end()


async def test_a_loop_whose_wait_kept_the_cancellation_to_itself_still_ends() -> None:
    async def work() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(10)
            heed_cancel()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
