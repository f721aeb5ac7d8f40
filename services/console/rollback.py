"""`crimemaps rollback`: an earlier version of a month is what readers see again."""

import asyncio
from datetime import date
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from services.console.connections import Connections, connected
from services.console.endpoints import Target, find_target
from services.console.orders import place, read_datasets, read_months
from services.console.screen import OUT, note
from services.console.store import RECORDS, sql
from shared.errors import RequestError, TransientError
from shared.events import RollbackRequested
from shared.model import Dataset, format_month
from shared.tasks import heed_cancel

POLL_SECONDS = 0.2
PATIENCE = 60.0
"""Seconds until the loader has said something."""
LONGEST_REASON = 500


def rollback(dataset: str, month: str, *, reason: str, to: int | None = None) -> None:
    """Take a month back to an earlier version whose records are still kept.

    Maps and files follow. The next release that the source publishes is loaded as always.

    Parameters
    ----------
    dataset
        street, outcomes or stops.
    month
        As in 2018-10.
    reason
        Why, for the public ledger of revisions.
    to
        The version; without it, the one before the present one.
    """
    [name, *more], [wanted, *others] = read_datasets(dataset), read_months(month)
    if more or others:
        raise RequestError("one dataset and one month at a time")
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise RequestError(f"--reason: from 1 to {LONGEST_REASON} characters, they are published")
    target = find_target()
    note(f"servers: {target.origin}")
    version = asyncio.run(order_rollback(target, name, wanted, to, reason.strip()))
    OUT.print(f"{name} {format_month(wanted)} is version {version} again", soft_wrap=True)


async def order_rollback(target: Target, dataset: Dataset, month: date, to: int | None, reason: str) -> int:
    """Check, order, and wait until it is done; the version that readers see then."""
    async with connected(target) as connections:
        rows = await connections.store.fetch(sql("select_versions"), dataset, month, RECORDS[dataset])
        version = choose(f"{dataset} {format_month(month)}", [dict(row) for row in rows], to)
        order = RollbackRequested(
            order_id=uuid4(), dataset=dataset, month=month, version=version, reason=reason
        )
        _, dead_seen = await connections.queues.dead_letters()
        await place(target.nats_url, [order])
        await wait_for(connections, order.order_id, dead_seen)
    return version


def choose(what: str, versions: list[dict[str, Any]], to: int | None) -> int:
    """The version to go back to.

    Raises:
        RequestError: there is none, or it is not one that can be gone back to; the text names those.
    """
    current = next((row["id"] for row in versions if row["is_current"]), None)
    if current is None:
        raise RequestError(f"{what} is not loaded")
    kept = [row["id"] for row in versions if row["has_records"] and not row["is_current"]]
    named = ", ".join(map(str, kept)) or "none: KEEP_VERSIONS of the loader says how many are kept"
    if to == current:
        raise RequestError(f"version {to} of {what} is the present one; others that are kept: {named}")
    if to is not None and to not in kept:
        raise RequestError(f"no records of version {to} of {what}; others that are kept: {named}")
    earlier = [version for version in kept if version < current]
    if to is None and not earlier:
        raise RequestError(
            f"no version of {what} before {current} has records; others that are kept: {named}"
        )
    return earlier[0] if to is None else to


async def wait_for(connections: Connections, order: UUID, dead_seen: int) -> None:
    """Until the loader has carried out an order.

    Raises:
        RequestError: the loader gave it up; the text is its reason.
        TransientError: it says nothing; the order stays in the queue.
    """
    deadline = monotonic() + PATIENCE
    while not await connections.store.fetch(sql("select_verdict"), order):
        _, last = await connections.queues.dead_letters()
        for letter in await connections.queues.read_dead(dead_seen + 1, last):
            if letter.subject == "dead.loader-rollbacks":
                raise RequestError(letter.reason)
        dead_seen = last
        if monotonic() > deadline:
            raise TransientError(
                f"not carried out within {PATIENCE:.0f} s: is the loader running? The order is kept"
            )
        heed_cancel()
        await asyncio.sleep(POLL_SECONDS)
