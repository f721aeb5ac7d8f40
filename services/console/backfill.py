"""`crimemaps backfill`: load months of a bulk archive of data.police.uk and follow them."""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter

from services.console.connections import Connections, connected
from services.console.endpoints import Target, find_target
from services.console.follow import Follower
from services.console.ingest import run_as_json, show_runs
from services.console.orders import read_datasets, read_forces, read_months
from services.console.processes import ROOT
from services.console.progress import LINE_SECONDS, display
from services.console.screen import note, show_json
from services.console.store import IN_VAIN, RunState
from shared.errors import RequestError
from shared.model import Dataset, format_month, parse_month

MB = 1 << 20
READ_TO_ITS_END = (0, 3)
"""How the fetcher's process ends when it has dealt with every month; with 3, some of them failed."""


def backfill(
    archive: str,
    *,
    months: str | None = None,
    datasets: str | None = None,
    forces: str | None = None,
    accept_loss: bool = False,
    as_json: Annotated[bool, Parameter("--json")] = False,
) -> int:
    """Load months of a bulk archive of data.police.uk; called again, it goes on where it was stopped.

    Exit code 1 if a month was rejected or failed.

    Parameters
    ----------
    archive
        A zip file, or the address of one on a server that honours Range.
    months
        2018-10, 2018-10..2018-12, or a comma-separated list of both; all that the archive has otherwise.
    datasets
        Comma-separated: street, outcomes, stops; all that the archive has otherwise.
    forces
        Only these, comma-separated, as in btp,kent; all that the archive has otherwise.
    accept_loss
        Let a month through even if a force lost more records than the gate allows.
    as_json
        Print the results as JSON.
    """
    words = []
    if months is not None:
        words += ["--months", ",".join(map(format_month, read_months(months)))]
    if datasets is not None:
        words += ["--datasets", ",".join(read_datasets(datasets))]
    words += ["--accept-loss"] if accept_loss else []
    place = archive if "://" in archive else str(Path(archive).resolve())
    return asyncio.run(load_and_follow(find_target(), place, words, forces, as_json=as_json))


async def load_and_follow(
    target: Target, place: str, words: list[str], forces: str | None, *, as_json: bool
) -> int:
    """Have the fetcher's process read the archive, follow its runs, show them; returns the exit code."""
    note(f"servers: {target.origin}")
    async with connected(target) as connections:
        if forces is not None:
            words += ["--forces", ",".join(read_forces(forces, await connections.store.forces()))]
        _, dead_seen = await connections.queues.dead_letters()
        runs = await read_archive(target, [place, *words])
        results = await follow(connections, runs, dead_seen)
    if as_json:
        show_json({"runs": [run_as_json(run) for run in results]})
    else:
        show_runs(results)
    return int(any(run.stage in IN_VAIN for run in results))


async def follow(connections: Connections, runs: Iterable[RunState], dead_seen: int) -> list[RunState]:
    """The runs, when all have ended."""
    with display() as shown:
        by_id: dict[UUID, RunState] = {run.id: run for run in runs}
        return await Follower(connections, by_id, dead_seen=dead_seen).follow(shown.show)


async def read_archive(target: Target, arguments: list[str]) -> list[RunState]:
    """Run the fetcher's process to its end, telling how far it is; the runs that it made.

    Raises:
        RequestError: it refused the archive, or was stopped.
    """
    servers = {"DATABASE_URL": target.database_url, "NATS_URL": target.nats_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.fetcher.backfill", *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **servers, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "warning"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.create_task(process.stderr.read())
    teller = Teller()
    try:
        async for line in process.stdout:
            if line.endswith(b"\n"):  # the last one of a killed process may be cut
                teller.hear(json.loads(line))
        code = await process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        raise
    finally:
        problem = (await said).decode(errors="replace").strip()
    if code not in READ_TO_ITS_END:
        ended = f"its process ended with {code}; called again, it goes on"
        last = problem.splitlines()[-1] if problem else ended
        raise RequestError(f"the archive was not read to its end: {last.removeprefix('backfill: ')}")
    return teller.runs


class Teller:
    """Hears what the process says, keeps its runs, and tells a person how far it is."""

    def __init__(self) -> None:
        self.runs: list[RunState] = []
        self.next_line = 0.0

    def hear(self, said: dict[str, Any]) -> None:
        """One line of the process."""
        match said["event"]:
            case "run":
                self.runs.append(
                    RunState(UUID(said["run"]), Dataset(said["dataset"]), parse_month(said["month"]))
                )
            case "ignored":
                note(f"{len(self.runs)} months of the archive; {said['files']} files in it are none of ours")
            case "progress" if monotonic() >= self.next_line or said["bytes"] == said["of"]:
                waiting = f"; waiting: {said['waiting']}" if said["waiting"] else ""
                note(f"read {said['bytes'] / MB:,.0f} of {said['of'] / MB:,.0f} MB{waiting}")
                self.next_line = monotonic() + LINE_SECONDS
