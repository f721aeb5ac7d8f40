"""`crimemaps reconciliations`: what the source's API and its archive say of the same months."""

import asyncio
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Annotated, Any

from cyclopts import Parameter

from services.console.connections import connected
from services.console.endpoints import Target, find_target
from services.console.orders import read_datasets, read_forces, read_months
from services.console.screen import OUT, note, show_json, table
from services.console.store import sql
from shared.model import Dataset, format_month

Row = dict[str, Any]
KINDS = (
    "equal", "other_outcome", "api_unlocated", "api_otherwise", "archive_unlocated", "archive_outside",
    "archive_otherwise",
)  # fmt: skip
LINE = ("recorded_by", "police_area", *KINDS)


def reconciliations(
    *,
    dataset: str = ",".join(Dataset),
    months: str | None = None,
    forces: str | None = None,
    as_json: Annotated[bool, Parameter("--json")] = False,
) -> None:
    """Show the newest comparison of each month with an archive: what is equal, and what is on one side only.

    Parameters
    ----------
    dataset
        Comma-separated: street, outcomes, stops.
    months
        2018-10, 2018-10..2018-12, or a comma-separated list of both; all otherwise.
    forces
        Only what these recorded or what lies in their areas, comma-separated, as in btp,kent.
    as_json
        Print them as JSON, with a line for each recording force and police area.
    """
    datasets = read_datasets(dataset)
    wanted = None if months is None else read_months(months)
    target = find_target()
    note(f"servers: {target.origin}")
    found = asyncio.run(read_reconciliations(target, datasets, wanted, forces))
    if as_json:
        show_json([as_fields(one) for one in found])
    else:
        show_reconciliations(found)


async def read_reconciliations(
    target: Target, datasets: Sequence[Dataset], months: list[date] | None, forces: str | None
) -> list[Row]:
    """Comparisons with their lines and the sums of these."""
    async with connected(target) as connections:
        store = connections.store
        asked = None if forces is None else list(read_forces(forces, await store.forces()))
        rows = await store.fetch(sql("select_reconciliations"), list(datasets), months, asked)
    return [together([dict(row) for row in of_one]) for _, of_one in groupby(rows, lambda row: row["id"])]


def together(rows: list[Row]) -> Row:
    """The rows of one comparison as one, with their sums."""
    what = {name: value for name, value in rows[0].items() if name not in LINE}
    sums = {name: sum(row[name] or 0 for row in rows) for name in KINDS}
    lines = [{name: row[name] for name in LINE} for row in rows if row["equal"] is not None]
    return {**what, **sums, "lines": lines}


def as_fields(one: Row) -> Row:
    """A comparison for programs."""
    return {
        **one, "month": format_month(one["month"]), "reconciled_at": one["reconciled_at"].isoformat(),
    }  # fmt: skip


def show_reconciliations(found: Sequence[Row]) -> None:
    """A line for each month."""
    shown = table(
        "API beside archive", "dataset", "month", "versions", "equal", "other outcome", "API: unlocated",
        "otherwise", "archive: unlocated", "outside", "otherwise", words=3,
    )  # fmt: skip
    for one in found:
        shown.add_row(
            one["dataset"], format_month(one["month"]), f"{one['api_version']} and {one['archive_version']}",
            *(f"{one[name]:,}" for name in KINDS),
        )  # fmt: skip
    OUT.print(shown)
