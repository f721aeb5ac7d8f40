"""Spans as a collector gets them: whole, without words of errors, and never waited for."""

import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, time_ns

import pytest
from structlog.testing import capture_logs

import shared.span_export
from shared.settings import Settings
from shared.trace_context import TraceContext, current
from shared.tracing import Span, add_span, exporting
from tests.collector import Collector, collecting

SENDER = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1)
UNRECORDED = SENDER._replace(flags=0)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@contextmanager
def silent_collector() -> Iterator[str]:
    """Takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_span_is_a_part_of_its_sender_and_has_the_parts_that_were_begun_in_it(collector: Collector) -> None:
    with exporting("test", collector.url + "/"), Span("process", "CONSUMER", parent=SENDER):
        with Span("report.render"):
            now = time_ns()
            add_span("report.draw", now - 2_000_000_000, now - 500_000_000)
        with Span("publish", "PRODUCER", attributes={"messaging.system": "nats"}) as span:
            span.set("crimemaps.tries", 2)
    assert collector.tree(SENDER.trace_id, SENDER.span_id) == [
        "crimemaps-test: process",
        "  crimemaps-test: publish",
        "  crimemaps-test: report.render",
        "    crimemaps-test: report.draw",
    ]
    assert collector.only("report.draw").seconds == pytest.approx(1.5)
    assert collector.only("publish").attributes == {"messaging.system": "nats", "crimemaps.tries": 2}
    assert current.get() is None


def test_work_apart_names_the_trace_around_it(collector: Collector) -> None:
    with (
        exporting("test", collector.url),
        Span("process", "CONSUMER", parent=SENDER),
        Span("run", apart=True),
    ):
        pass
    run = collector.only("run")
    assert (run.parent, run.links) == ("", (SENDER.trace_id,))
    assert run.trace_id != SENDER.trace_id


def test_of_an_error_its_kind_is_told_and_not_its_words(collector: Collector) -> None:
    with exporting("test", collector.url), pytest.raises(ValueError, match="EC2M"), Span("report.figures"):
        raise ValueError("EC2M 7PY is not known")
    span = collector.only("report.figures")
    assert (span.is_error, span.attributes) == (True, {"error.type": "ValueError"})
    assert "EC2M" not in span.words


def test_what_the_sender_did_not_record_is_not_recorded_and_keeps_its_id(collector: Collector) -> None:
    with exporting("test", collector.url):
        with Span("process", "CONSUMER", parent=UNRECORDED):
            assert (here := current.get()) is not None
            assert (here.trace_id, here.flags & 1) == (SENDER.trace_id, 0)
        with Span("process", "CONSUMER", parent=SENDER):
            pass
    assert [span.trace_id for span in collector.spans] == [SENDER.trace_id]


@pytest.mark.parametrize(("sampler", "sent"), [("always_on", 2), ("always_off", 0), ("traceidratio", 0)])
def test_the_sampler_is_the_one_that_the_environment_names(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, sampler: str, sent: int
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    with exporting("test", collector.url):
        for parent in (SENDER, None):
            with Span("process", "CONSUMER", parent=parent):
                assert (here := current.get()) is not None
                assert re.fullmatch("[0-9a-f]{32}", here.trace_id)
                assert int(here.trace_id, 16)
    assert len(collector.spans) == sent


def test_switched_off_for_the_whole_library_nothing_is_sent(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with exporting("test", collector.url), Span("GET", "SERVER"):
        assert current.get() is not None
    assert collector.requests == []


@pytest.mark.parametrize("last", [True, False], ids=["last one", "every one"])
def test_a_collector_that_does_not_answer_holds_up_neither_work_nor_the_end_and_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    monkeypatch.setattr(shared.span_export, "FLUSH_SECONDS", 0.5)
    if not last:
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "16")
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.05")
    with silent_collector() as endpoint, capture_logs() as lines:
        started = monotonic()
        with exporting("test", endpoint):
            for _ in range(1 if last else 1000):
                with Span("process", "CONSUMER"):
                    pass
            assert monotonic() - started < 2
        assert monotonic() - started < 3
    assert [(line["event"], line["service"]) for line in lines] == [("spans.not_sent", "test")]


def test_after_a_while_it_is_told_again() -> None:
    problems = shared.span_export.Problems("test")
    record = problems_record()
    with capture_logs() as lines:
        problems.emit(record)
        problems.emit(record)
        assert problems.told is not None
        problems.told -= shared.span_export.TELL_EVERY + 1
        problems.emit(record)
    assert [line["reason"] for line in lines] == ["no route to 7 hosts"] * 2


def problems_record() -> logging.LogRecord:
    return logging.LogRecord("opentelemetry", logging.WARNING, "", 0, "no route to %d hosts", (7,), None)


@pytest.mark.parametrize(("given", "kept"), [("", None), ("http://collector:4318", "http://collector:4318")])
def test_an_endpoint_that_is_empty_is_none(given: str, kept: str | None) -> None:
    settings = Settings(
        database_url="postgresql://a/b", nats_url="nats://c", otel_exporter_otlp_endpoint=given
    )
    assert settings.otel_exporter_otlp_endpoint == kept


def test_an_endpoint_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="otel_exporter_otlp_endpoint"):
        Settings(database_url="postgresql://a/b", nats_url="nats://c", otel_exporter_otlp_endpoint="4317")
