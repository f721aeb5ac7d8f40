"""Which trace this work belongs to, as W3C Trace Context writes it: `00-<trace id>-<span id>-<flags>`.

It goes from service to service in the header `traceparent`, of requests and of messages, whether or not spans
are exported: so that one id finds all log lines of an order. `tracestate` is not kept.
"""

import re
from collections.abc import Sequence
from contextvars import Context, ContextVar, copy_context
from random import getrandbits
from typing import NamedTuple

HEADER = "traceparent"
SHAPE = re.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class TraceContext(NamedTuple):
    """A place in a trace: the span that what follows is a part of."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    flags: int
    """The lowest bit says that whoever made the span has recorded it."""

    @property
    def traceparent(self) -> str:
        """As a header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


current: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)
"""Where the work of this task is."""


def read_traceparent(text: str | None) -> TraceContext | None:
    """The place that a header names; None if it is not valid.

    Later versions may say more after the four parts; version 00 must not, and there is no version ff.
    """
    found = SHAPE.fullmatch(text) if text else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    if not int(found[2], 16) or not int(found[3], 16):
        return None
    return TraceContext(found[2], found[3], int(found[4], 16))


def only_traceparent(said: Sequence[str]) -> TraceContext | None:
    """The place that the values of the header name; None if there is no valid one, or more than one."""
    return read_traceparent(said[0]) if len(said) == 1 else None


def new_trace() -> TraceContext:
    """The beginning of a trace of which nothing is recorded."""
    return TraceContext(f"{getrandbits(128) or 1:032x}", f"{getrandbits(64) or 1:016x}", 0)


def traceparent() -> str | None:
    """The header that whoever goes on with this work is to get; None for work without a trace."""
    here = current.get()
    return here.traceparent if here else None


def without_trace() -> Context:
    """This task's context but for its trace: for what it starts and outlives it, such as a connection."""
    context = copy_context()
    context.run(current.set, None)
    return context
