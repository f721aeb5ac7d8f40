"""The pace: evenly spaced, never too many at once, and one pause for all. On a clock that jumps."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from services.fetcher.pacer import Pacer
from tests.clock import run_on_jumping_clock

RATE = 15.0


def pacer(rate: float = RATE, in_flight: int = 8) -> Pacer:
    return Pacer(rate, in_flight, first_pause=0.5, longest_pause=60)


async def send(pace: Pacer, answer_seconds: float, sent: list[float]) -> None:
    """One request that is answered after some time."""
    async with pace.turn():
        sent.append(now())
        await asyncio.sleep(answer_seconds)


def now() -> float:
    return asyncio.get_running_loop().time()


async def send_many(pace: Pacer, number: int, answer_seconds: float) -> list[float]:
    sent: list[float] = []
    await asyncio.gather(*(send(pace, answer_seconds, sent) for _ in range(number)))
    return sent


@pytest.mark.parametrize("answer_seconds", [0.0, 0.3])
def test_no_second_has_more_requests_than_allowed_and_hardly_fewer(answer_seconds: float) -> None:
    sent = run_on_jumping_clock(send_many(pacer(), 301, answer_seconds))
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert min(gaps) >= 1 / RATE
    assert max(sum(first <= moment < first + 1 for moment in sent) for first in sent) == RATE
    assert 300 / (sent[-1] - sent[0]) >= 0.97 * RATE


def test_after_a_quiet_minute_there_is_no_burst() -> None:
    async def quiet_then_many() -> list[float]:
        pace = pacer()
        await send_many(pace, 5, 0.0)
        await asyncio.sleep(60)
        return await send_many(pace, 30, 0.0)

    sent = run_on_jumping_clock(quiet_then_many())
    assert sent[1] - sent[0] >= 1 / RATE
    assert sent[-1] - sent[0] >= 29 / RATE


def test_never_more_than_eight_wait_for_their_answer() -> None:
    async def slow_source() -> tuple[int, float]:
        pace, waiting, most = pacer(), 0, 0

        async def ask() -> None:
            nonlocal waiting, most
            async with pace.turn():
                waiting += 1
                most = max(most, waiting)
                await asyncio.sleep(10)
                waiting -= 1

        await asyncio.gather(*(ask() for _ in range(24)))
        return most, now()

    most, seconds = run_on_jumping_clock(slow_source())
    assert most == 8
    assert seconds >= 30


def test_a_request_that_fails_gives_its_place_back() -> None:
    async def failing() -> int:
        pace = pacer(in_flight=1)
        for _ in range(3):
            with pytest.raises(OSError, match="broken"):
                async with pace.turn():
                    raise OSError("broken")
        return len(await send_many(pace, 1, 0.0))

    assert run_on_jumping_clock(failing()) == 1


@pytest.mark.parametrize("asked", [7.0, None])
def test_a_pause_holds_everybody_back_also_those_who_were_next(asked: float | None) -> None:
    async def paused() -> tuple[list[float], float, float]:
        pace = pacer()
        sent: list[float] = []
        tasks = [asyncio.create_task(send(pace, 0.0, sent)) for _ in range(20)]
        while len(sent) < 5:  # noqa: ASYNC110 - a clock that jumps
            await asyncio.sleep(0.001)
        began = now()
        seconds = pace.pause(asked)
        await asyncio.gather(*tasks)
        return sent, began, seconds

    sent, began, seconds = run_on_jumping_clock(paused())
    assert len(sent) == 20
    assert [moment for moment in sent if began < moment < began + seconds] == []
    assert 5 <= len([moment for moment in sent if moment <= began]) <= 6
    assert min(moment for moment in sent if moment > began) < began + seconds + 0.2
    if asked is not None:
        assert seconds == asked


def after_pauses(steps: Callable[[Pacer], Coroutine[Any, Any, list[float]]]) -> list[float]:
    return run_on_jumping_clock(steps(pacer()))


def test_pauses_that_nobody_asked_for_grow_to_the_longest_and_shrink_after_an_answer() -> None:
    async def steps(pace: Pacer) -> list[float]:
        found = []
        for _ in range(9):
            found.append(pace.pause())
            await pace.wait_out_pause()
        pace.went_well()
        return [*found, pace.pause()]

    *growing, last = after_pauses(steps)
    for n, seconds in enumerate(growing):
        shortest = min(60.0, 0.5 * 2**n)
        assert shortest <= seconds <= 1.25 * shortest
    assert 0.5 <= last <= 0.625


def test_late_answers_to_earlier_requests_do_not_lengthen_a_pause() -> None:
    async def steps(pace: Pacer) -> list[float]:
        first = pace.pause()
        ends = pace.resume_at
        await asyncio.sleep(first / 2)
        for _ in range(7):
            assert pace.pause() == pytest.approx(first / 2, rel=1e-3)
        assert pace.resume_at == ends
        await pace.wait_out_pause()
        return [pace.pause()]

    (second,) = after_pauses(steps)
    assert 1.0 <= second <= 1.25


def test_a_pause_that_was_asked_for_is_kept_in_full_and_never_shortened() -> None:
    async def steps(pace: Pacer) -> list[float]:
        pace.pause()
        assert pace.pause(30) == 30
        pace.pause(5)
        await pace.wait_out_pause()
        return [now()]

    assert after_pauses(steps) == [pytest.approx(30, rel=1e-3)]


def test_an_absurd_pause_is_cut_to_ten_times_the_longest() -> None:
    async def steps(pace: Pacer) -> list[float]:
        pace.pause(1e9)
        await pace.wait_out_pause()
        return [now()]

    assert after_pauses(steps) == [pytest.approx(600, rel=1e-3)]
