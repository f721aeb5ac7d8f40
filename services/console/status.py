"""`crimemaps status`: what is loaded, what runs, what waits, what was given up."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from services.console.connections import Connections, connected
from services.console.dead_letters import DeadLetter
from services.console.endpoints import Target, find_target
from services.console.ingest import run_as_json, show_runs
from services.console.queues import Queue
from services.console.screen import OUT, note, show_json, table
from services.console.store import LoadedMonth, RunState, Stage
from shared.db import without_password
from shared.model import Dataset, format_month

NEWEST_DEAD = 5


@dataclass(frozen=True)
class Status:
    """The state of a system."""

    loaded: list[LoadedMonth]
    active: list[RunState]
    refused: list[RunState]
    queues: dict[str, Queue]
    dead: int
    newest_dead: list[DeadLetter]


def status(*, as_json: Annotated[bool, Parameter("--json")] = False) -> None:
    """Show what is loaded, what runs, what waits, and what was given up.

    Parameters
    ----------
    as_json
        Print it as JSON.
    """
    target = find_target()
    note(f"servers: {target.origin}")
    now = asyncio.run(read_status(target))
    if as_json:
        show_json(status_as_json(now, target))
    else:
        show_status(now)


async def read_status(target: Target) -> Status:
    """Everything at once."""
    async with connected(target) as connections:
        return await look(connections)


async def look(connections: Connections) -> Status:
    """The state as it is now."""
    store, queues = connections.store, connections.queues
    dead, last = await queues.dead_letters()
    return Status(
        loaded=await store.loaded(),
        active=await store.active_runs(),
        refused=await store.refused_runs(),
        queues=await queues.waiting(),
        dead=dead,
        newest_dead=await queues.read_dead(last - NEWEST_DEAD + 1, last) if dead else [],
    )


def show_status(now: Status) -> None:
    """The state as tables."""
    show_loaded(now.loaded)
    if now.active:
        show_progress(now.active)
    if now.refused:
        OUT.print("Months whose newest run was rejected or failed; an earlier version stays", style="bold")
        show_runs(now.refused)
    rows = table("Messages", "consumer", "waiting", "in progress", "of these again")
    for durable, queue in now.queues.items():
        rows.add_row(durable, str(queue.pending), str(queue.in_progress), str(queue.redelivered))
    OUT.print(rows)
    OUT.print(f"{now.dead} dead letters")
    for letter in now.newest_dead:
        when = f"{letter.at:%Y-%m-%d %H:%M:%S}" if letter.at else ""
        text = f"  {when} {letter.subject} ({letter.original_subject}): {letter.reason}"
        OUT.print(text, soft_wrap=True, markup=False)


def show_loaded(loaded: Sequence[LoadedMonth]) -> None:
    """What readers see, a line a dataset."""
    rows = table(
        "Loaded", "dataset", "first", "newest", "months", "records", "newest version", "without grid", words=3
    )
    for dataset in Dataset:
        months = [month for month in loaded if month.dataset is dataset]
        if not months:
            rows.add_row(dataset, "-", "-", "0", "0", "", "")
            continue
        rows.add_row(
            dataset,
            format_month(months[0].month),
            format_month(months[-1].month),
            str(len(months)),
            f"{sum(month.records for month in months):,}",
            str(months[-1].version),
            str(sum(month.grid_version != month.version for month in months)),
        )
    OUT.print(rows)


def show_progress(runs: Sequence[RunState]) -> None:
    """What is being worked on, and what it waits for."""
    rows = table("Runs", "dataset", "month", "state", "answers", "waits for", words=3)
    rows.columns[-1].justify = "left"
    for run in runs:
        answers = f"{run.slices_fetched} of {run.slices}" if run.slices else ""
        rows.add_row(run.dataset, format_month(run.month), run.stage, answers, "; ".join(run.reasons))
    OUT.print(rows)


def status_as_json(now: Status, target: Target) -> dict[str, Any]:
    """The state for programs."""
    return {
        "servers": {
            "database": without_password(target.database_url),
            "nats": without_password(target.nats_url),
            "from": target.origin,
        },
        "loaded": {dataset: loaded_as_json(now.loaded, dataset) for dataset in Dataset},
        "running": [run_as_json(run) for run in now.active if run.stage is not Stage.QUEUED],
        "waiting": {
            "runs": [run_as_json(run) for run in now.active if run.stage is Stage.QUEUED],
            "messages": {durable: asdict(queue) for durable, queue in now.queues.items()},
        },
        "refused": [run_as_json(run) for run in now.refused],
        "dead": {"count": now.dead, "newest": [letter_as_json(letter) for letter in now.newest_dead]},
    }


def loaded_as_json(loaded: Sequence[LoadedMonth], dataset: Dataset) -> dict[str, Any]:
    """One dataset for programs."""
    months = [month for month in loaded if month.dataset is dataset]
    return {
        "newest": format_month(months[-1].month) if months else None,
        "records": sum(month.records for month in months),
        "months": {
            format_month(month.month): {
                "version": month.version,
                "records": month.records,
                "grid_version": month.grid_version,
                "loaded_at": month.loaded_at.isoformat(),
                "checksum": month.checksum.hex(),
            }
            for month in months
        },
    }


def letter_as_json(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter for programs."""
    return {
        "subject": letter.subject,
        "original_subject": letter.original_subject,
        "reason": letter.reason,
        "tries": letter.tries,
        "at": letter.at.isoformat() if letter.at else None,
    }
