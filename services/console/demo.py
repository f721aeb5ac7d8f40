"""`crimemaps demo`: the bundled real data through all services, on this machine."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter
from typing import Annotated

from cyclopts import Parameter

from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.var_dir import temporary_var_dir
from services.console.endpoints import VAR_DIR, Target
from services.console.report import PATIENCE, Wanted, order_of, order_one
from services.console.sample import load_sample, sample_orders
from services.console.screen import note
from services.console.summary import check_writable, write
from services.console.system import check_port, run_until_signal, running_system, to_the_end
from shared.errors import RequestError
from shared.events import IngestRequested
from shared.model import Tier

FAST = {"REQUESTS_PER_SECOND": "200", "WATCH_SECONDS": "0", "FIRST_WAIT": "0.1"}
"""The source is on this machine, and its months are ordered here."""
SAMPLE_POSTCODE = "EC2M 7PY"
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
        target = Target(system.endpoints.database_url, system.endpoints.nats_url, "the demo")
        loading = load_sample(target, orders, started, system.seconds)
        summary = await system.during(loading)
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
