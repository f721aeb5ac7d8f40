"""What every answer says of its months: versions, what is missing, what is doubtful. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.gateway.coverage import Facts, gaps
from services.gateway.schemas import Gap
from shared.model import Dataset, format_month


@dataclass(frozen=True)
class Context:
    """`data_version` is by month; a month that is not held is missing from all counts, never zero in them."""

    data_version: dict[str, int]
    missing_months: list[str]
    gaps: list[Gap]
    notes: list[str]


def of_records(facts: Facts, dataset: Dataset, asked: Sequence[date], forces: Iterable[str]) -> Context:
    """For an answer made of the records themselves."""

    def version(month: date) -> int | None:
        loaded = facts.loaded.get((dataset, month))
        return loaded.version if loaded else None

    return context(facts, dataset, asked, forces, version)


def of_grid(facts: Facts, dataset: Dataset, asked: Sequence[date], forces: Iterable[str]) -> Context:
    """For an answer made of the read models, which follow the records."""

    def version(month: date) -> int | None:
        loaded = facts.loaded.get((dataset, month))
        return loaded.grid.version if loaded and loaded.grid else None

    found = context(facts, dataset, asked, forces, version)
    late = [
        f"{format_month(month)}: a newer version is loaded and not counted yet"
        for month in asked
        if (loaded := facts.loaded.get((dataset, month))) and loaded.grid and not loaded.grid.is_current
    ]
    found.notes.extend(late)
    return found


def context(
    facts: Facts,
    dataset: Dataset,
    asked: Sequence[date],
    forces: Iterable[str],
    version: Callable[[date], int | None],
) -> Context:
    """`forces` are those that the answer touches: their gaps are named."""
    versions = {month: held for month in asked if (held := version(month)) is not None}
    missing = [format_month(month) for month in asked if month not in versions]
    return Context(
        data_version={format_month(month): held for month, held in versions.items()},
        missing_months=missing,
        gaps=gaps(facts, dataset, versions, forces),
        notes=[f"{month} is not held: it is missing from the counts, not zero" for month in missing],
    )
