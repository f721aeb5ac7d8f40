"""`crimemaps proof`: where every record of a month went."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated

from cyclopts import Parameter

from services.console.connections import connected
from services.console.endpoints import Target, find_target
from services.console.orders import read_datasets, read_months
from services.console.screen import OUT, note, show_json, table
from services.console.store import Proof
from shared.errors import RequestError
from shared.model import Dataset, format_month


def proof(
    *,
    dataset: str = ",".join(Dataset),
    month: str | None = None,
    as_json: Annotated[bool, Parameter("--json")] = False,
) -> int:
    """Show, for every loaded month, that its records add up; exit code 1 if they do not.

    Parameters
    ----------
    dataset
        Comma-separated: street, outcomes, stops.
    month
        One month, as in 2018-10; all loaded ones otherwise.
    as_json
        Print it as JSON.
    """
    datasets = read_datasets(dataset)
    months = [None] if month is None else read_months(month)
    if len(months) > 1:
        raise RequestError(f"'{month}' is more than one month: give one, or none for all that are loaded")
    target = find_target()
    note(f"servers: {target.origin}")
    proofs = asyncio.run(read_proofs(target, datasets, months[0]))
    if as_json:
        show_json([as_fields(one) for one in proofs])
    else:
        show_proofs(proofs)
    return int(not all(one.holds for one in proofs))


async def read_proofs(target: Target, datasets: Sequence[Dataset], month: date | None) -> list[Proof]:
    """The proofs of the loaded months.

    Raises:
        RequestError: the month that was asked for is not loaded.
    """
    async with connected(target) as connections:
        proofs = await connections.store.proofs(datasets, month)
        if month is not None and not proofs:
            held = {
                format_month(one.month) for one in await connections.store.loaded() if one.dataset in datasets
            }
            raise RequestError(
                f"{format_month(month)} is not loaded; loaded: {', '.join(sorted(held)) or 'nothing'}"
            )
    return proofs


def as_fields(one: Proof) -> dict[str, object]:
    """A proof for programs."""
    return {**asdict(one), "month": format_month(one.month), "holds": one.holds}


def show_proofs(proofs: Sequence[Proof]) -> None:
    """received + kept = counted + duplicates + out of scope + set aside, a line a month."""
    rows = table(
        "received + kept from before = stored + duplicates + out of scope + set aside",
        *(
            "dataset",
            "month",
            "received",
            "kept",
            "stored",
            "duplicates",
            "out of scope",
            "set aside",
            "holds",
        ),
        words=2,
    )
    for one in proofs:
        numbers = (one.received, one.kept_from_previous, one.counted, one.duplicates, one.out_of_scope)
        rows.add_row(
            one.dataset,
            format_month(one.month),
            *(f"{number:,}" for number in (*numbers, one.set_aside_kept)),
            "yes" if one.holds else "NO",
        )
    OUT.print(rows)
