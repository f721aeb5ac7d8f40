"""Structured logs: one JSON object a line on standard error, named `noun.verb`, with fields."""

import logging
import sys

import structlog

from shared.trace_context import current


def configure_logs(service: str, level: str = "info") -> None:
    """Send this process's logs, and the warnings of its libraries, to standard error as JSON."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared_steps = (
        structlog.contextvars.merge_contextvars,
        add_trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    structlog.configure(
        processors=[*shared_steps, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def add_trace_id(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """The trace that the line is about, if it is about a request or a message."""
    if here := current.get():
        event["trace_id"] = here.trace_id
    return event


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The logger; fields are given as keyword arguments."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
