"""Reports: ordered, followed, fetched."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream

from services.gateway.bus import Bus
from services.gateway.errors import NotHereError
from services.gateway.limits import REPORTS
from services.gateway.report_orders import MOST_BYTES, Order, order_id, read_order
from services.gateway.report_schemas import ReportStatus
from services.gateway.report_status import FINAL, address_of, follow, links_of, status_of
from services.gateway.report_store import Report, ReportStore
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.report_files import FILE_TYPES, file_answer, find_report, split_ending
from services.gateway.settings import GatewaySettings
from shared.errors import TransientError
from shared.events import WebReportRequested, report_id
from shared.logs import get_logger

log = get_logger()

PARTNER = "web"
TAKEN_WITHIN, LOOK_EVERY = 2.0, 0.05
"""Seconds. An answer that waits until the reporter has written the order down needs no memory of its own:
whichever gateway is asked next finds it there. If no reporter runs, the order is found on the bus."""
NOT_KEPT = {"Cache-Control": "no-store"}


@post(
    "/api/v1/reports",
    status_code=202,
    opt=REPORTS,
    request_max_body_size=MOST_BYTES,
    summary="Order a neighbourhood report",
    tags=["reports"],
)
async def post_report(
    request: AnyRequest,
    bus: NamedDependency[Bus],
    reports: NamedDependency[ReportStore],
    settings: NamedDependency[GatewaySettings],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[ReportStatus]:
    """The order is kept when this is answered; `Location` says what becomes of it.

    With `Idempotency-Key` (1 to 64 of A-Z a-z 0-9 . _ -) the same order sent again is one order, not two.
    """
    order = read_order(await request.body())
    report, taken = await place_order(bus, reports, settings, order, idempotency_key)
    status = status_of(taken) if taken else ReportStatus(str(report), "queued", links_of(report))
    return Response(status, status_code=202, headers=NOT_KEPT | {"Location": address_of(report)})


async def place_order(
    bus: Bus, reports: ReportStore, settings: GatewaySettings, order: Order, key: str | None
) -> tuple[UUID, Report | None]:
    """Put an order on the bus; the id of its report, and the order itself if the reporter has it already.

    Raises:
        NotHereError: no reporter runs here.
        TransientError: the bus or the database cannot be reached.
    """
    if not settings.take_reports:
        raise NotHereError("no reporter runs here, so that nobody would make the report")
    number = order_id(order, key)
    report = report_id(await reports.secret(PARTNER), number)
    await bus.publish(
        WebReportRequested(
            report_id=report,
            id=number,
            postcode=order.postcode,
            tier=order.tier,
            branding=order.branding,
            language=order.language,
        )
    )
    log.info("report.ordered", partner=PARTNER, order=number)
    return report, await wait_until_taken(reports, report)


async def wait_until_taken(reports: ReportStore, report: UUID) -> Report | None:
    """The order as soon as the reporter has it; None if that takes too long: it is accepted all the same."""
    clock = asyncio.get_running_loop().time
    ends = clock() + TAKEN_WITHIN
    while clock() < ends:
        try:
            if taken := await reports.taken(report):
                return taken
        except TransientError as error:
            log.warning("report.unseen", report_id=str(report), reason=str(error))
            return None
        await asyncio.sleep(LOOK_EVERY)
    return None


@get("/api/v1/reports/{report_id:str}", summary="What has become of an order", tags=["reports"])
async def get_report(
    request: AnyRequest,
    bus: NamedDependency[Bus],
    reports: NamedDependency[ReportStore],
    report_id: FromPath[str],
) -> Response[ReportStatus]:
    """The state; for a rendered report its checksums and whether its figures are current or superseded.

    404 means that no such report is known here: what shows its id was not made here.
    """
    name, ending = split_ending(report_id, tuple(FILE_TYPES))
    report = await find_report(reports, name)
    if ending is not None:
        return await file_answer(request, report, ending, bus)
    return Response(status_of(report), headers=NOT_KEPT)


@get(
    "/api/v1/reports/{report_id:str}/events",
    media_type="text/event-stream",
    summary="What becomes of an order, as server-sent events",
    tags=["reports"],
)
async def get_report_events(
    request: AnyRequest, reports: NamedDependency[ReportStore], report_id: FromPath[str]
) -> Response[Any]:
    """One event a change of state, until the order is answered, at most 10 minutes.

    An event's name is the state, its data what `GET /api/v1/reports/{report_id}` says.
    """
    report = await find_report(reports, report_id)
    headers = NOT_KEPT | {"X-Accel-Buffering": "no"}
    if request.headers.get("last-event-id") in FINAL:
        # A browser comes back after the end; this is how it is told that there is no more.
        return Response(None, status_code=204, headers=headers)
    events = follow(report, lambda: find_report(reports, report_id))
    return Stream(events, media_type="text/event-stream", headers=headers)
