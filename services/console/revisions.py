"""`crimemaps revisions`: what the source changed in months that were published before."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from cyclopts import Parameter

from services.console.connections import connected
from services.console.endpoints import Target, find_target
from services.console.orders import read_datasets, read_months
from services.console.screen import OUT, note, show_json, table
from services.console.store import sql
from shared.errors import RequestError
from shared.model import Dataset, format_month

Row = dict[str, Any]
NOT_COMPARED = "of two sources"


def revisions(
    *,
    dataset: str = ",".join(Dataset),
    months: str | None = None,
    limit: int = 50,
    as_json: Annotated[bool, Parameter("--json")] = False,
) -> None:
    """Show every replaced version of a month with what differs, the newest first.

    Parameters
    ----------
    dataset
        Comma-separated: street, outcomes, stops.
    months
        2018-10, 2018-10..2018-12, or a comma-separated list of both; all otherwise.
    limit
        At most so many.
    as_json
        Print them as JSON.
    """
    datasets = read_datasets(dataset)
    wanted = None if months is None else read_months(months)
    if limit < 1:
        raise RequestError(f"--limit {limit}: at least 1")
    target = find_target()
    note(f"servers: {target.origin}")
    found = asyncio.run(read_revisions(target, datasets, wanted, limit))
    if as_json:
        show_json([as_fields(row) for row in found])
    else:
        show_revisions(found)


async def read_revisions(
    target: Target, datasets: Sequence[Dataset], months: list[date] | None, limit: int
) -> list[Row]:
    """Rows of select_revisions."""
    async with connected(target) as connections:
        rows = await connections.store.fetch(sql("select_revisions"), list(datasets), months, limit)
        return [dict(row) for row in rows]


def as_fields(row: Row) -> Row:
    """A revision for programs."""
    return {**row, "month": format_month(row["month"]), "revised_at": row["revised_at"].isoformat()}


def show_revisions(rows: Sequence[Row]) -> None:
    """A line each."""
    shown = table(
        "Revisions", "dataset", "month", "what", "versions", "records", "added", "removed",
        "outcome", "other", words=4,
    )  # fmt: skip
    for row in rows:
        names = ("added", "removed", "outcome_changed", "otherwise_changed")
        numbers = [f"{row[name]:,}" for name in names] if row["is_compared"] else [NOT_COMPARED, "", "", ""]
        shown.add_row(
            row["dataset"], format_month(row["month"]), row["kind"].replace("_", " "),
            f"{row['replaced_version']} to {row['version']}",
            f"{row['replaced_records']:,} to {row['records']:,}",
            *numbers,
        )  # fmt: skip
    OUT.print(shown)
    for row in rows:
        if row["reason"]:
            where = f"{row['dataset']} {format_month(row['month'])} {row['kind'].replace('_', ' ')}"
            OUT.print(f"{where}: {row['reason']}", soft_wrap=True, markup=False)
