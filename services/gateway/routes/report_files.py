"""The files of a report: PDF, and its figures as JSON and CSV. They never change, so anyone may keep them."""

import asyncio
import hashlib
import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from services.gateway.bus import Bus
from services.gateway.errors import NotFoundError
from services.gateway.report_csv import figures_csv
from services.gateway.report_store import Rendered, Report, ReportStore
from services.gateway.routes.answers import BY_CODING, AnyRequest, held_tags
from shared.logs import get_logger
from shared.postcodes import shown
from shared.provision import REPORT_DAYS

log = get_logger()

REPORT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FILE_TYPES = {"pdf": "application/pdf", "json": "application/json", "csv": "text/csv"}
FOR_EVER = "public, max-age=31536000, immutable"


async def find_report(reports: ReportStore, text: str) -> Report:
    """The report of an address.

    Raises:
        NotFoundError: no report has this id, or nothing ever could.
    """
    if not REPORT_ID.fullmatch(text.lower()):
        raise NotFoundError(
            "report_id", f"{shown(text)} is no report id: 8-4-4-4-12 of 0-9 a-f, as printed in it"
        )
    report = await reports.find(UUID(text))
    if report is None:
        raise NotFoundError(
            "report_id",
            f"{text} is unknown: no such report was ordered here",
        )
    return report


def split_ending(name: str, endings: tuple[str, ...]) -> tuple[str, str | None]:
    """The id and the kind of file, if an address names one."""
    report_id, _, ending = name.rpartition(".")
    return (report_id, ending) if ending in endings else (name, None)


async def file_answer(request: AnyRequest, report: Report, ending: str, bus: Bus) -> Response[Any]:
    """A file of a report.

    Raises:
        NotFoundError: it is not there, with the reason.
        TransientError: the PDF's store cannot be reached.
    """
    rendered = report.outcome
    if not isinstance(rendered, Rendered):
        raise NotFoundError("report_id", f"there is no file, because the report is {report.state}")
    checksum = rendered.answer.sha256 if ending == "pdf" else rendered.answer.figures_sha256
    # Answers other than the PDF may be compressed on their way, so they are the same in meaning only.
    tag = f'"{checksum}"' if ending == "pdf" else f'W/"{ending}-{checksum}"'
    postcode = re.sub("[^A-Z0-9]+", "-", rendered.figures.postcode)
    headers = {
        "ETag": tag,
        "Cache-Control": FOR_EVER,
        "Content-Disposition": f'inline; filename="neighbourhood-report-{postcode}.{ending}"',
        "X-Content-Type-Options": "nosniff",
    }
    if ending != "pdf":
        headers["Vary"] = BY_CODING
    if ending == "pdf" and not report.has_pdf:
        raise NotFoundError(
            "report_id", "a partner ordered this report: its PDF is in the partner's own store"
        )
    if tag in held_tags(request):
        return Response(None, status_code=304, headers=headers)
    return Response(await body_of(rendered, ending, bus), headers=headers, media_type=FILE_TYPES[ending])


async def body_of(rendered: Rendered, ending: str, bus: Bus) -> bytes:
    """The bytes of a file."""
    if ending == "json":
        return rendered.text
    if ending == "csv":
        return (await asyncio.to_thread(figures_csv, msgspec.json.decode(rendered.text))).encode()
    answer = rendered.answer
    pdf = await bus.object(answer.bucket, answer.object)
    if pdf is not None and hashlib.sha256(pdf).hexdigest() != answer.sha256:
        log.error("pdf.differs", report_id=str(answer.report_id), bucket=answer.bucket, object=answer.object)
        pdf = None
    if pdf is None:
        raise NotFoundError(
            "report_id",
            f"its PDF is not kept any more ({REPORT_DAYS} days); its figures are: order it again",
        )
    return pdf
