"""A collector of traces: takes what OTLP over HTTP sends, and gives it back span by span."""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

PATH = "/v1/traces"


@dataclass(frozen=True)
class Span:
    """One that came, with the service that sent it."""

    service: str
    name: str
    kind: int
    trace_id: str
    id: str
    parent: str
    """Empty for the first of a trace."""
    links: tuple[str, ...]
    """The traces it names."""
    is_error: bool
    seconds: float
    attributes: dict[str, Any]
    words: str
    """All that is said of it and of its service, but for ids and times."""


@dataclass
class Collector:
    """What has come so far."""

    url: str
    requests: list[ExportTraceServiceRequest]

    @property
    def spans(self) -> list[Span]:
        """All spans, in the order in which they came."""
        return [span for request in self.requests for span in spans_of(request)]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def only(self, name: str) -> Span:
        """The one span of a name."""
        [span] = self.named(name)
        return span

    def counted(self) -> Counter[str]:
        """How many spans of each name."""
        return Counter(span.name for span in self.spans)

    def tree(self, trace_id: str, parent: str = "") -> list[str]:
        """The spans of a trace, indented below their parents, in the order of their names."""
        return list(indented([span for span in self.spans if span.trace_id == trace_id], parent))


def indented(spans: list[Span], parent: str, depth: int = 0) -> Iterator[str]:
    children = sorted((span for span in spans if span.parent == parent), key=lambda span: span.name)
    for child in children:
        yield "  " * depth + f"{child.service}: {child.name}"
        yield from indented(spans, child.id, depth + 1)


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for group in request.resource_spans:
        resource = values(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield Span(
                    service=resource["service.name"],
                    name=span.name,
                    kind=span.kind,
                    trace_id=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple(link.trace_id.hex() for link in span.links),
                    is_error=span.status.code == span.status.STATUS_CODE_ERROR,
                    seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                    attributes=values(span.attributes),
                    words=f"{wordy(span)} {group.resource}",
                )


def wordy(span: Any) -> Any:
    """A copy without what is no text."""
    copy = type(span)()
    copy.CopyFrom(span)
    for field in ("trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "end_time_unix_nano"):
        copy.ClearField(field)
    return copy


def values(attributes: Iterable[Any]) -> dict[str, Any]:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own."""
    requests: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert (self.path, self.headers["content-type"]) == (PATH, "application/x-protobuf")
            requests.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Not on the test's screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Collector(f"http://127.0.0.1:{server.server_port}", requests)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
