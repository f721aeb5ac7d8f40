"""What the gateway says of an order: its state, its checks, its links. Pure, except for waiting."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import msgspec

from services.gateway.errors import NotFoundError
from services.gateway.report_schemas import RenderedReport, ReportProblem, ReportStatus
from services.gateway.report_store import Rendered, Report
from services.gateway.verification import verify
from shared.errors import TransientError
from shared.events import ReportFailed

FINAL = ("rendered", "failed")
POLL_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15.0
"""Proxies drop what is silent for a minute."""
LONGEST_SECONDS = 600.0


def address_of(report_id: object) -> str:
    """Where an order is asked for."""
    return f"/api/v1/reports/{report_id}"


def links_of(report_id: object, report: Report | None = None) -> dict[str, str]:
    """Addresses by what is there."""
    address = address_of(report_id)
    links = {"self": address, "events": f"{address}/events"}
    if report is not None and isinstance(report.outcome, Rendered):
        links |= {"page": f"/r/{report_id}", "json": f"{address}.json", "csv": f"{address}.csv"}
        links |= {"pdf": f"{address}.pdf"} if report.has_pdf else {}
    return links


def status_of(report: Report) -> ReportStatus:
    """All that can be said of an order today."""
    status = ReportStatus(
        id=str(report.id),
        state=report.state,
        links=links_of(report.id, report),
        ordered_at=report.ordered_at,
        answered_at=report.answered_at,
    )
    if isinstance(report.outcome, ReportFailed):
        failed = report.outcome
        valid = None if failed.valid is None else list(failed.valid)
        status.problem = ReportProblem(failed.code, failed.detail, failed.field, valid)
    elif report.outcome is not None:
        status.report = describe(report.outcome)
        status.verification = verify(report.outcome.figures, report.outcome.grid, report.outcome.postcode)
    return status


def describe(rendered: Rendered) -> RenderedReport:
    """What a rendered report is about, and its checksums."""
    answer, figures = rendered.answer, rendered.figures
    return RenderedReport(
        postcode=figures.postcode,
        tier=figures.tier,
        first_month=figures.first_month,
        last_month=figures.last_month,
        radius_m=figures.radius_m,
        figures_sha256=answer.figures_sha256,
        revision=answer.revision,
        pages=answer.pages,
        bytes=answer.bytes,
        sha256=answer.sha256,
    )


async def follow(
    report: Report,
    find: Callable[[], Awaitable[Report]],
    *,
    poll: float = POLL_SECONDS,
    keep_alive: float = KEEP_ALIVE_SECONDS,
    longest: float = LONGEST_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """Server-sent events: one a change of state, comments between; ends with the answer.

    All in seconds; after `longest` it ends without one, and when nothing is known of the order any more.
    An outage is waited for: asking again would not help.
    """
    clock = asyncio.get_running_loop().time
    ends, spoke = clock() + longest, clock()
    yield event_of(report)
    while report.state not in FINAL and clock() < ends:
        await asyncio.sleep(poll)
        before = report.state
        try:
            with suppress(TransientError):
                report = await find()
        except NotFoundError:  # the bus had it, and it was given up or removed there
            return
        if report.state != before:
            yield event_of(report)
        elif clock() - spoke >= keep_alive:
            yield b": still " + before.encode() + b"\n\n"
        else:
            continue
        spoke = clock()


def event_of(report: Report) -> bytes:
    """An event, named by the state; its data is what `GET` says."""
    data = msgspec.json.encode(status_of(report)).decode()
    return f"id: {report.state}\nevent: {report.state}\ndata: {data}\n\n".encode()
