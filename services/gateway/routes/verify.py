"""The page that a report's QR code leads to."""

from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.gateway.bus import Bus
from services.gateway.errors import NotFoundError
from services.gateway.report_store import ReportStore
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.report_files import file_answer, find_report, split_ending
from services.gateway.site.render import SECURITY
from services.gateway.site.report import render_report, render_unknown

HEADERS = SECURITY | {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@get("/r/{report_id:str}", media_type=MediaType.HTML, include_in_schema=False)
async def get_verification(
    request: AnyRequest,
    bus: NamedDependency[Bus],
    reports: NamedDependency[ReportStore],
    report_id: FromPath[str],
) -> Response[Any]:
    """Whether a report's figures are current, for people; `.json` and `.csv` are the figures."""
    name, ending = split_ending(report_id, ("json", "csv"))
    if ending is not None:
        return await file_answer(request, await find_report(reports, name), ending, bus)
    try:
        report = await find_report(reports, name)
    except NotFoundError:
        return Response(render_unknown(name), status_code=404, media_type=MediaType.HTML, headers=HEADERS)
    return Response(render_report(report), media_type=MediaType.HTML, headers=HEADERS)
