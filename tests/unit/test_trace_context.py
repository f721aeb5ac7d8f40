"""W3C Trace Context, read as strictly as it asks for, and handed on inside a process."""

import asyncio
import re

import pytest

from shared.trace_context import (
    TraceContext,
    current,
    new_trace,
    only_traceparent,
    read_traceparent,
    traceparent,
    without_trace,
)
from shared.tracing import Span

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HERE = TraceContext(TRACE, SPAN, 1)
THERE = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (THERE, 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-ff", 255),
        (f"01-{TRACE}-{SPAN}-01", 1),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be", 1),
    ],
)
def test_a_valid_header_is_read(text: str, flags: int) -> None:
    assert read_traceparent(text) == TraceContext(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00",
        TRACE,
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE}-{SPAN[1:]}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0G",
        f" {THERE}",
        f"{THERE}\n",
        THERE.replace("4", "\N{ARABIC-INDIC DIGIT FOUR}"),
        f"00_{TRACE}_{SPAN}_01",
    ],
)
def test_a_header_that_is_not_valid_says_nothing(text: str | None) -> None:
    assert read_traceparent(text) is None


def test_what_is_read_is_written_the_same() -> None:
    assert HERE.traceparent == THERE
    assert read_traceparent(TraceContext(TRACE, SPAN, 0).traceparent) == TraceContext(TRACE, SPAN, 0)


def test_a_header_that_comes_twice_says_nothing() -> None:
    assert only_traceparent([THERE]) == HERE
    assert only_traceparent([]) is None
    assert only_traceparent([THERE, THERE]) is None


def test_a_new_trace_is_valid_and_another_one_each_time() -> None:
    made = [new_trace() for _ in range(100)]
    assert [read_traceparent(one.traceparent) for one in made] == made
    assert len({one.trace_id for one in made}) == len({one.span_id for one in made}) == 100
    assert {one.flags for one in made} == {0}


def test_where_nothing_is_exported_a_header_is_handed_on_as_it_came() -> None:
    with Span("process", "CONSUMER", parent=HERE), Span("work"), Span("publish", "PRODUCER"):
        assert traceparent() == THERE
    assert traceparent() is None


def test_what_comes_in_without_a_trace_begins_one_and_what_goes_out_does_not() -> None:
    with Span("publish", "PRODUCER"):
        assert traceparent() is None
    with Span("GET", "SERVER"):
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", traceparent() or "")


def test_work_apart_has_a_trace_of_its_own_and_what_is_around_it_keeps_its_own() -> None:
    with Span("process", "CONSUMER", parent=HERE):
        with Span("run", apart=True):
            inside = current.get()
        assert current.get() == HERE
    assert inside is not None
    assert inside.trace_id != TRACE


def test_a_trace_ends_with_its_work_also_if_that_breaks_off() -> None:
    with pytest.raises(ZeroDivisionError), Span("GET", "SERVER"):
        raise ZeroDivisionError
    assert current.get() is None


async def test_what_outlives_its_request_has_no_trace_of_it() -> None:
    async def look() -> str | None:
        return traceparent()

    with Span("GET", "SERVER", parent=HERE):
        assert await asyncio.create_task(look()) == THERE
        assert await asyncio.create_task(look(), context=without_trace()) is None
        assert traceparent() == THERE
