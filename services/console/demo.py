"""`crimemaps demo`: the bundled real data through all services, on this machine."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter
from typing import Annotated
from uuid import uuid4

from cyclopts import Parameter

from deploy.local.police_api.archive import DEFAULT_SAMPLE, Archive, Kind
from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.var_dir import temporary_var_dir
from services.console.connections import Connections, connected
from services.console.endpoints import VAR_DIR, Target
from services.console.ingest import run_orders
from services.console.postcode_files import PostcodeFile
from services.console.postcodes import replace_postcodes
from services.console.report import PATIENCE, Wanted, order_of, order_one
from services.console.screen import note
from services.console.store import RunState
from services.console.summary import Summary, check_writable, in_vain, write
from services.console.system import System, check_port, run_until_signal, running_system, to_the_end
from shared.errors import RequestError
from shared.events import IngestRequested
from shared.model import Dataset, Tier, format_month, month_range, parse_month

KINDS: dict[Dataset, Kind] = {
    Dataset.STREET: "street",
    Dataset.OUTCOMES: "outcomes",
    Dataset.STOPS: "stop-and-search",
}
FAST = {"REQUESTS_PER_SECOND": "200", "WATCH_SECONDS": "0", "FIRST_WAIT": "0.1"}
"""The source is on this machine, and its months are ordered here."""
SAMPLE_POSTCODE = "EC2M 7PY"
SAMPLE_POSTCODES = DEFAULT_SAMPLE / "postcodes.csv.xz"
SAMPLE_POSTCODES_SOURCE = "Code-Point Open 2014-07"
INTERRUPTED = 130


def demo(
    *,
    once: bool = False,
    json_file: Annotated[Path | None, Parameter("--json")] = None,
    port: int = 8000,
    months: str | None = None,
) -> int:
    """Load the bundled sample through all services, show what came of it, and serve it until Ctrl-C.

    Parameters
    ----------
    once
        End after the summary; exit code 1 if a month was rejected or failed.
    json_file
        Write the summary to this file.
    port
        Where the page and the API are served; 0 takes a free one.
    months
        Only these of the sample, as in 2018-10..2018-12.
    """
    orders = sample_orders(months)
    if json_file is not None:
        check_writable(json_file)
    check_port(port)
    result = run_until_signal(load_and_serve(orders, json_file, port, once=once))
    if result is None:
        return INTERRUPTED if once else 0
    return result


def sample_orders(months: str | None) -> list[IngestRequested]:
    """An order for every month of the sample, with the datasets that it has of it.

    Raises:
        RequestError: the sample has none of a month's data.
    """
    archive = Archive([DEFAULT_SAMPLE])
    wanted = [parse_month(month) for month in archive.months]
    if months is not None:
        try:
            wanted = month_range(months)
        except ValueError as error:
            raise RequestError(str(error)) from error
    if missing := [format_month(month) for month in wanted if format_month(month) not in archive.months]:
        raise RequestError(f"the sample has no {', '.join(missing)}: valid are {', '.join(archive.months)}")
    order_id = uuid4()
    return [
        IngestRequested(
            order_id=order_id,
            month=month,
            datasets=tuple(d for d in Dataset if archive.forces(format_month(month), KINDS[d])),
        )
        for month in wanted
    ]


async def load_and_serve(
    orders: Sequence[IngestRequested], json_file: Path | None, port: int, *, once: bool
) -> int:
    """Start everything, load the sample, tell, serve; returns the exit code."""
    started = perf_counter()
    async with AsyncExitStack() as stack:
        var_dir = stack.enter_context(temporary_var_dir())
        source = SamplePoliceApi(rate=0)
        stack.push_async_callback(asyncio.to_thread, source.stop)
        await to_the_end(source.start)
        environ = {**FAST, "SOURCE_URL": source.url}
        system = await stack.enter_async_context(
            running_system(var_dir, port=port, durable=False, environ=environ)
        )
        summary = await system.during(load(system, orders, started))
        summary.show()
        if json_file is not None:
            write(summary, json_file)
        if system.makes_reports:
            await system.during(render_sample(system.endpoints.nats_url))
        if not once:
            system.show_addresses()
            note("serving until Ctrl-C")
            await system.watch()
        return int(bool(summary.rejected))


async def render_sample(nats_url: str) -> None:
    """A report on all that was loaded around Liverpool Street Station; without its months there is none."""
    folder = VAR_DIR if os.access(".", os.W_OK) else Path(gettempdir())
    folder.mkdir(exist_ok=True)
    wanted = Wanted(order_of(SAMPLE_POSTCODE, Tier.PREMIUM), folder / "demo-report.pdf")
    try:
        await order_one(wanted, PATIENCE, nats_url)
    except RequestError as reason:
        note(f"no report: {reason}")


async def load(system: System, orders: Sequence[IngestRequested], started: float) -> Summary:
    """Order and follow, load the postcodes meanwhile, and sum up."""
    endpoints = system.endpoints
    target = Target(endpoints.database_url, endpoints.nats_url, "the demo")
    async with connected(target) as connections:
        runs, _ = await asyncio.gather(
            run_orders(connections, target.nats_url, orders, wait=True),
            replace_postcodes(PostcodeFile(SAMPLE_POSTCODES), target.database_url, SAMPLE_POSTCODES_SOURCE),
        )
        return await sum_up(connections, runs, {**system.seconds, "total": perf_counter() - started})


async def sum_up(connections: Connections, runs: Sequence[RunState], seconds: dict[str, float]) -> Summary:
    """What the runs brought."""
    store = connections.store
    ordered = {(run.dataset, run.month) for run in runs}
    loaded = [month for month in await store.loaded() if (month.dataset, month.month) in ordered]
    total = seconds.pop("total")
    return Summary(
        loaded=loaded,
        set_aside_reasons=await store.set_aside_reasons(),
        cells=await store.cells(),
        seconds={
            **seconds,
            "fetch": await store.fetch_seconds(run.id for run in runs),
            "load": sum(month.load_seconds or 0 for month in loaded),
            "grid": sum(month.grid_seconds or 0 for month in loaded),
            "total": total,
        },
        rejected=in_vain(runs),
    )
