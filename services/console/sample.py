"""`crimemaps sample`: the bundled real data, through services whose source is the sample police API."""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from uuid import uuid4

from deploy.local.police_api.archive import DEFAULT_SAMPLE, Archive, Kind
from services.console.connections import Connections, connected
from services.console.endpoints import Target, find_target
from services.console.ingest import run_orders
from services.console.postcode_files import PostcodeFile
from services.console.postcodes import replace_postcodes
from services.console.screen import note
from services.console.store import RunState
from services.console.summary import Summary, in_vain
from shared.errors import RequestError
from shared.events import IngestRequested
from shared.model import Dataset, format_month, month_range, parse_month

KINDS: dict[Dataset, Kind] = {
    Dataset.STREET: "street",
    Dataset.OUTCOMES: "outcomes",
    Dataset.STOPS: "stop-and-search",
}
POSTCODES = DEFAULT_SAMPLE / "postcodes.csv.xz"
POSTCODES_SOURCE = "Code-Point Open 2014-07"


def sample(*, months: str | None = None) -> int:
    """Order the bundled months and load their postcodes, and show what came of it.

    The fetcher must ask `python -m deploy.local.police_api` (SOURCE_URL): data.police.uk serves these months
    no more. Postcodes that are loaded already stay. Exit code 1 if a month was rejected or failed.

    Parameters
    ----------
    months
        Only these of the sample, as in 2018-10..2018-12.
    """
    orders = sample_orders(months)
    target = find_target()
    note(f"servers: {target.origin}")
    summary = asyncio.run(load_sample(target, orders, perf_counter()))
    summary.show()
    return int(bool(summary.rejected))


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


async def load_sample(
    target: Target,
    orders: Sequence[IngestRequested],
    started: float,
    seconds: Mapping[str, float] | None = None,
) -> Summary:
    """Order and follow, load the postcodes meanwhile, and sum up; `seconds` are those of what came before."""
    async with connected(target) as connections:
        runs, _ = await asyncio.gather(
            run_orders(connections, target.nats_url, orders, wait=True), load_postcodes(connections, target)
        )
        return await sum_up(connections, runs, {**(seconds or {}), "total": perf_counter() - started})


async def load_postcodes(connections: Connections, target: Target) -> None:
    """The sample's postcodes, unless an operator has loaded others."""
    edition = await connections.store.postcode_edition()
    if edition in (None, POSTCODES_SOURCE):
        await replace_postcodes(PostcodeFile(POSTCODES), target.database_url, POSTCODES_SOURCE)
    else:
        note(f"postcodes stay as they are: {edition}")


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
