"""Spans: pieces of work with a name, a beginning and an end, each a part of the one that it was begun in.

Where `OTEL_EXPORTER_OTLP_ENDPOINT` is not set, a span only hands on the trace's id, for logs and headers, and
nothing of OpenTelemetry is imported. Where it is, OpenTelemetry's SDK samples, batches and exports.

The spans are our own and not those of FastStream's middleware and of OpenTelemetry's for ASGI. Those make two
spans of each published message and three of each request, write down what errors say, which here may be a
postcode, and whole addresses; neither goes on with an order that waits in a table, nor gives log lines an id
where nothing is exported. What is left to write is this file.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from shared.trace_context import TraceContext, current, new_trace

if TYPE_CHECKING:
    from opentelemetry.trace import Span as Recorded

    from shared.span_export import Recorder

Value = str | int | float | bool


Kind = Literal["INTERNAL", "SERVER", "PRODUCER", "CONSUMER"]
"""In OpenTelemetry's words: who answers a request, publishes a message, handles one."""

RECEIVING = ("SERVER", "CONSUMER")
"""What begins a trace where there is none. Other work without one stays so while nothing is exported: a trace
that a service without exporting begins is not recorded by the others either."""

recorder: "Recorder | None" = None
"""None while nothing is exported."""


class Span:
    """A piece of work, from `start` to `end`, in one task; `with` does both."""

    def __init__(
        self,
        name: str,
        kind: Kind = "INTERNAL",
        *,
        parent: TraceContext | None = None,
        attributes: Mapping[str, Value] | None = None,
        apart: bool = False,
    ) -> None:
        """`parent`: what it is a part of, if not of the span around it.

        `apart`: it begins a trace of its own, which names the one around it.
        """
        self.name, self.kind, self.attributes, self.apart = name, kind, attributes, apart
        self.parent = parent
        self.recorded: Recorded | None = None
        self.outside: Token[TraceContext | None] | None = None

    def start(self) -> "Span":
        """From now on log lines, messages and spans of this task belong to it."""
        around = current.get()
        parent = None if self.apart else self.parent or around
        place = parent
        if recorder is not None:
            link = around if self.apart else None
            self.recorded, place = recorder.start(self.name, self.kind, parent, link, self.attributes)
        elif parent is None and (self.apart or self.kind in RECEIVING):
            place = new_trace()
        self.outside = current.set(place)
        return self

    def end(self, error: BaseException | None = None) -> None:
        """It is over; `error` is why it was broken off."""
        if self.outside is not None:
            current.reset(self.outside)
        if self.recorded is not None:
            if error is not None:
                self.fail(type(error).__name__)
            self.recorded.end()

    def set(self, name: str, value: Value) -> None:
        """Note something about it; never a text that somebody else wrote, a postcode or a place."""
        if self.recorded is not None:
            self.recorded.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """Call it what is only known at its end."""
        if self.recorded is not None:
            self.recorded.update_name(name)

    def fail(self, kind: str) -> None:
        """It did not do what it should. Only the kind of the error is kept: its text may name a postcode."""
        if self.recorded is not None:
            assert recorder is not None
            recorder.fail(self.recorded, kind)

    def __enter__(self) -> "Span":
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.end(exc_val)


def add_span(name: str, started_ns: int, ended_ns: int) -> None:
    """A part of the present span that another process has done; times as `time.time_ns` tells them."""
    if recorder is not None:
        recorded, _ = recorder.start(name, "INTERNAL", current.get(), started_ns=started_ns)
        recorded.end(ended_ns)


@contextmanager
def exporting(service: str, endpoint: str | None) -> Iterator[None]:
    """Send spans to an OTLP endpoint while the block lasts; None sends nothing, and costs nothing."""
    global recorder
    if endpoint is None or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield
        return
    # Imported where it is wanted: it takes memory, a moment and a thread.
    from shared.span_export import Recorder

    recorder = Recorder(service, endpoint)
    try:
        yield
    finally:
        recorder.close()
        recorder = None
