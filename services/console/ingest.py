"""`crimemaps ingest`: order months through the bus and follow them."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from cyclopts import Parameter

from services.console.connections import Connections, connected
from services.console.endpoints import Target, find_target
from services.console.follow import Follower
from services.console.orders import place, read_datasets, read_forces, read_months, runs_of
from services.console.progress import display
from services.console.screen import OUT, note, show_json, table
from services.console.store import IN_VAIN, RunState
from shared.events import IngestRequested
from shared.model import Dataset, format_month


def ingest(
    *,
    months: str,
    datasets: str = ",".join(Dataset),
    forces: str | None = None,
    accept_loss: bool = False,
    wait: bool = False,
    as_json: Annotated[bool, Parameter("--json")] = False,
) -> int:
    """Order months; exit code 1 if one was rejected or failed.

    Parameters
    ----------
    months
        2018-10, 2018-10..2018-12, or a comma-separated list of both.
    datasets
        Comma-separated: street, outcomes, stops.
    forces
        Only these, comma-separated, as in btp,kent; the whole country otherwise.
    accept_loss
        Let a month through even if a force lost more records than the gate allows.
    wait
        Follow the months until they are loaded and mapped.
    as_json
        Print the results as JSON.
    """
    wanted_months, wanted_datasets = read_months(months), read_datasets(datasets)
    target = find_target()
    return asyncio.run(
        order_and_follow(
            target,
            wanted_months,
            wanted_datasets,
            forces,
            accept_loss=accept_loss,
            wait=wait,
            as_json=as_json,
        )
    )


async def order_and_follow(
    target: Target,
    months: Sequence[date],
    datasets: tuple[Dataset, ...],
    forces: str | None,
    *,
    accept_loss: bool,
    wait: bool,
    as_json: bool,
) -> int:
    """Order, follow if wanted, show; returns the exit code."""
    note(f"servers: {target.origin}")
    async with connected(target) as connections:
        wanted = None if forces is None else read_forces(forces, await connections.store.forces())
        order_id = uuid4()
        orders = [
            IngestRequested(
                order_id=order_id, month=month, datasets=datasets, forces=wanted, accept_loss=accept_loss
            )
            for month in months
        ]
        results = await run_orders(connections, target.nats_url, orders, wait=wait)
    if as_json:
        show_json({"order": str(order_id), "runs": [run_as_json(run) for run in results]})
    else:
        show_runs(results)
    return int(any(run.stage in IN_VAIN for run in results))


async def run_orders(
    connections: Connections, nats_url: str, orders: Sequence[IngestRequested], *, wait: bool
) -> list[RunState]:
    """Put orders on the bus, follow them if wanted, and return their runs."""
    _, dead_seen = await connections.queues.dead_letters()
    runs: dict[UUID, RunState] = runs_of(orders)
    await place(nats_url, orders)
    if not wait:
        return list(runs.values())
    with display() as shown:
        return await Follower(connections, runs, dead_seen=dead_seen).follow(shown.show)


def show_runs(runs: Sequence[RunState]) -> None:
    """Runs as a table, with the reasons of those that ended in vain."""
    rows = table("Runs", "dataset", "month", "state", "records", "version", words=3)
    for run in runs:
        version = "" if run.version is None else str(run.version)
        records = f"{run.stored:,}" if run.version is not None else ""
        rows.add_row(run.dataset, format_month(run.month), run.stage, records, version)
    OUT.print(rows)
    for run in runs:
        for reason in run.reasons:
            OUT.print(
                f"{run.dataset} {format_month(run.month)} {run.stage}: {reason}", soft_wrap=True, markup=False
            )


def run_as_json(run: RunState) -> dict[str, Any]:
    """A run for programs."""
    return {
        "run": str(run.id),
        "dataset": run.dataset,
        "month": format_month(run.month),
        "state": run.stage,
        "slices": run.slices,
        "slices_fetched": run.slices_fetched,
        "records": run.stored,
        "version": run.version,
        "reasons": list(run.reasons),
    }
