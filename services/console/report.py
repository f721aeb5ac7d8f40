"""`crimemaps report`: neighbourhood reports through the queue."""

import asyncio
import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from cyclopts import Parameter
from rich.progress import Progress

from services.console.answers import Answer, Desk, open_desk
from services.console.endpoints import find_target
from services.console.screen import ERR, OUT, note
from shared.errors import RequestError
from shared.events import ORDER_ID, ORDER_ID_IN_WORDS, ReportRendered, ReportRequested
from shared.model import Tier
from shared.postcodes import normalise

BATCH_COLUMNS = ("postcode", "tier")
RESULT_COLUMNS = ("id", "postcode", "tier", "state", "file", "report_id", "figures_sha256", "code", "detail")
MOST_FAULTS = 10
"""Lines that are named when a batch is refused."""
PATIENCE = 300.0


@dataclass(frozen=True)
class Wanted:
    """A report to order, and the file that it goes to."""

    order: ReportRequested
    file: Path


def report(
    postcode: str | None = None,
    *,
    tier: str = Tier.STANDARD,
    output: Annotated[Path | None, Parameter(("--output", "-o"))] = None,
    batch: Path | None = None,
    into: Path = Path("reports"),
    results: Path = Path("results.csv"),
    patience: float = PATIENCE,
) -> int:
    """Order neighbourhood reports through the queue, and save them as PDF.

    Parameters
    ----------
    postcode
        Such as "EC2M 7PY".
    tier
        How far back: essential (12 months), professional (24), standard (60) or premium (all).
    output
        The PDF; without it, a file named after the postcode.
    batch
        A CSV file with the columns postcode and tier, one report a line; with a column id, as in the results
        of an earlier try, the same order is not rendered again.
    into
        The folder for the PDFs of a batch.
    results
        What became of each line of a batch, as CSV.
    patience
        Seconds without any answer after which waiting ends; orders stay in the queue.
    """
    if (postcode is None) == (batch is None):
        raise RequestError('give either a postcode, as in `crimemaps report "EC2M 7PY"`, or --batch FILE')
    if batch is not None:
        wanted = read_batch(batch, into)
        make_places(into, results)
        return asyncio.run(order_batch(wanted, results, patience))
    assert postcode is not None
    name = normalise(postcode).replace(" ", "-")
    file = output or Path(f"report-{name}.pdf")
    if file.is_dir() or not file.parent.is_dir():
        raise RequestError(f"{file} is a folder" if file.is_dir() else f"there is no folder {file.parent}")
    return asyncio.run(order_one(Wanted(order_of(postcode, tier), file), patience))


def order_of(postcode: str, tier: str, order_id: str | None = None) -> ReportRequested:
    """An order, with an id of its own if it is given none.

    Raises:
        RequestError: no such tier, or no such id.
    """
    if order_id and not re.fullmatch(ORDER_ID, order_id):
        raise RequestError(f"no id '{order_id}': valid are {ORDER_ID_IN_WORDS}")
    if tier.lower() not in list(Tier):
        raise RequestError(f"no tier '{tier}': valid are {', '.join(Tier)}")
    return ReportRequested(id=order_id or uuid4().hex, postcode=postcode, tier=tier.lower())


def read_batch(path: Path, into: Path) -> list[Wanted]:
    """The orders of a file.

    Raises:
        RequestError: it cannot be read, or lines have no valid tier or id, or an id that another has.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RequestError(f"{path} cannot be read: {error}") from error
    if not rows or not set(BATCH_COLUMNS) <= set(rows[0]):
        found = f"; its first line has {', '.join(map(str, rows[0]))}" if rows else ""
        raise RequestError(
            f"{path} needs a line with the columns {', '.join(BATCH_COLUMNS)}, and orders below{found}"
        )
    wanted: list[Wanted] = []
    lines: dict[str, int] = {}
    faults = []
    for number, row in enumerate(rows, 2):
        try:
            order = order_in(row)
            if (first := lines.setdefault(order.id, number)) != number:
                raise RequestError(
                    f"id '{order.id}' is that of line {first}: each order has its own, or none"
                )
        except RequestError as error:
            faults.append(f"line {number}: {error}")
            continue
        name = "".join(c if c.isalnum() else "-" for c in order.postcode)[:12].upper()
        wanted.append(Wanted(order, into / f"{number - 1:05}-{name}-{order.tier}.pdf"))
    if faults:
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise RequestError(f"{path}: nothing was ordered: {'; '.join(faults[:MOST_FAULTS])}{more}")
    return wanted


def order_in(row: dict[str, Any]) -> ReportRequested:
    """The order of a line.

    Raises:
        RequestError: it has more values than columns, or no valid tier or id.
    """
    if None in row:
        raise RequestError("more values than columns")
    postcode, tier = ((row[name] or "").strip() for name in BATCH_COLUMNS)
    return order_of(postcode, tier, (row.get("id") or "").strip() or None)


def make_places(into: Path, results: Path) -> None:
    """See that there is room for reports and results before anything is ordered.

    Raises:
        RequestError: there is none.
    """
    try:
        into.mkdir(parents=True, exist_ok=True)
        with results.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise RequestError(f"nothing was ordered: {error}") from error


async def order_one(wanted: Wanted, patience: float, nats_url: str | None = None) -> int:
    """Order, wait, save.

    Raises:
        RequestError: there is no report; the text says why.
    """
    async with open_desk(nats_url or find_target().nats_url) as desk:
        await desk.order(wanted.order)
        note(f"ordered: {wanted.order.postcode}, {wanted.order.tier}")
        async for answer in desk.answers({wanted.order.id: wanted.order}, patience):
            if not isinstance(answer, ReportRendered):
                raise RequestError(answer.detail)
            await save(desk, answer, wanted.file)
            OUT.print(
                f"{wanted.file}: {answer.pages} pages, report {answer.report_id}, "
                f"figures {answer.figures_sha256[:16]}…",
                soft_wrap=True,
            )
    return 0


async def order_batch(wanted: list[Wanted], results: Path, patience: float) -> int:
    """Order all, save each as it comes, write what became of them; 1 if any failed."""
    by_id = {one.order.id: one for one in wanted}
    rows: dict[str, dict[str, object]] = {}
    try:
        async with open_desk(find_target().nats_url) as desk:
            for one in wanted:
                await desk.order(one.order)
            with Progress(console=ERR, disable=not ERR.is_terminal) as progress:
                bar = progress.add_task("reports", total=len(wanted))
                async for answer in desk.answers({i: one.order for i, one in by_id.items()}, patience):
                    one = by_id[str(answer.id)]
                    rows[one.order.id] = result(one, answer)
                    if isinstance(answer, ReportRendered):
                        await save(desk, answer, one.file)
                    progress.advance(bar)
    finally:
        write_results(results, [rows.get(one.order.id) or result(one, None) for one in wanted])
    rendered = sum(row["state"] == "rendered" for row in rows.values())
    OUT.print(f"{results}: {rendered} of {len(wanted)} rendered", soft_wrap=True)
    return int(rendered < len(wanted))


async def save(desk: Desk, answer: ReportRendered, file: Path) -> None:
    """Write the PDF.

    Raises:
        RequestError: the file cannot be written.
    """
    data = await desk.pdf(answer)
    try:
        await asyncio.to_thread(file.write_bytes, data)
    except OSError as error:
        raise RequestError(f"{file} cannot be written: {error}") from error


def result(wanted: Wanted, answer: Answer | None) -> dict[str, object]:
    """A line of the results."""
    row: dict[str, object] = {
        "id": wanted.order.id,
        "postcode": wanted.order.postcode,
        "tier": wanted.order.tier,
        "state": "waiting",
    }
    if isinstance(answer, ReportRendered):
        row |= {"state": "rendered", "file": wanted.file, "report_id": answer.report_id}
        row |= {"figures_sha256": answer.figures_sha256}
    elif answer is not None:
        row |= {"state": "failed", "code": answer.code, "detail": answer.detail}
    return row


def write_results(path: Path, rows: list[dict[str, object]]) -> None:
    """All lines, in the order of the batch."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, RESULT_COLUMNS)
        writer.writeheader()
        writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)


def harmless(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value
