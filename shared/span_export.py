"""The door to OpenTelemetry: spans are recorded, batched, and sent over OTLP/HTTP by a thread.

Whatever the collector does, work goes on: what it does not take is dropped.
"""

import logging
from collections.abc import Mapping
from threading import Thread
from time import monotonic

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

from shared.logs import get_logger
from shared.trace_context import TraceContext

log = get_logger()

FLUSH_SECONDS = 3.0
"""What the last spans may delay the end of a service."""
TELL_EVERY = 300.0
"""Seconds between two warnings that spans are not taken."""
LIBRARY = "opentelemetry"


class Recorder:
    """Records spans of this process, if the sampler (`OTEL_TRACES_SAMPLER`) wants them."""

    def __init__(self, service: str, endpoint: str) -> None:
        """`endpoint`: base address of the collector."""
        self.problems = Problems(service)
        logger = logging.getLogger(LIBRARY)
        logger.handlers, logger.propagate = [self.problems], False
        self.provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: f"crimemaps-{service}"}), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("crimemaps")

    def start(
        self,
        name: str,
        kind: str,
        parent: TraceContext | None,
        link: TraceContext | None = None,
        attributes: Mapping[str, str | int | float | bool] | None = None,
        started_ns: int | None = None,
    ) -> tuple[Span, TraceContext]:
        """A span that has begun, and its place; without a parent it is the first of a trace."""
        within = context.Context()
        if parent is not None:
            within = trace.set_span_in_context(NonRecordingSpan(span_context(parent)), within)
        span = self.tracer.start_span(
            name,
            within,
            SpanKind[kind],
            attributes,
            [Link(span_context(link))] if link else None,
            started_ns,
        )
        made = span.get_span_context()
        place = TraceContext(
            trace.format_trace_id(made.trace_id), trace.format_span_id(made.span_id), made.trace_flags
        )
        return span, place

    def fail(self, span: Span, kind: str) -> None:
        """Mark a span as one that went wrong."""
        span.set_status(StatusCode.ERROR)
        span.set_attribute("error.type", kind)

    def close(self) -> None:
        """Send what is left, but do not wait long: a collector that is away would hold up the end."""
        closing = Thread(target=self.provider.shutdown, daemon=True)
        closing.start()
        closing.join(FLUSH_SECONDS)
        if closing.is_alive():
            self.problems.tell(f"the last ones were not taken within {FLUSH_SECONDS:g} s")


class Problems(logging.Handler):
    """Tells what the library has to say of spans that are not taken, but not again and again."""

    def __init__(self, service: str) -> None:
        super().__init__(logging.WARNING)
        self.service = service
        self.told: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """One line, if the last one was long ago."""
        if self.told is None or monotonic() - self.told > TELL_EVERY:
            self.tell(record.getMessage())

    def tell(self, reason: str) -> None:
        """One line. Exporting has a thread of its own, to which nobody has said whose logs it writes."""
        self.told = monotonic()
        log.warning("spans.not_sent", service=self.service, reason=reason)


def span_context(place: TraceContext) -> SpanContext:
    """A place in OpenTelemetry's words."""
    return SpanContext(
        int(place.trace_id, 16), int(place.span_id, 16), is_remote=True, trace_flags=TraceFlags(place.flags)
    )
