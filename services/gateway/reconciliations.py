"""API and archive side by side: what each says of the same month. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.gateway.schemas import ATTRIBUTION, LICENCE, METHODOLOGY, LedgerFilters
from shared.model import format_month


class Compared(Struct, kw_only=True):
    """Records of both sources, or of one.

    `equal`: the same in both. `other_outcome`: in both, with another outcome. Only in the API:
    `api_unlocated` without a location, `api_otherwise` with one. Only in the archive: `archive_unlocated`
    without a location, `archive_outside` located outside the area of the force that recorded them,
    `archive_otherwise` in it.
    """

    equal: int
    other_outcome: int
    api_unlocated: int
    api_otherwise: int
    archive_unlocated: int
    archive_outside: int
    archive_otherwise: int


class ComparedLine(Compared, kw_only=True):
    """Those that a force recorded in a police area.

    `recorded_by` is null where only the API has them, which does not say it; `police_area` outside all areas.
    Without a location the area is that of the force that published them.
    """

    recorded_by: str | None
    police_area: str | None


class ComparedVersion(Struct):
    """A version of a month; `release` is the newest month that the source had then."""

    version: int
    release: str | None
    records: int


class Reconciliation(Struct):
    """A month of the API compared with the same month of an archive; the sums are those of the lines."""

    id: int
    dataset: str
    month: str
    reconciled_at: datetime
    is_current: bool
    """Whether readers see this version of the API."""
    api: ComparedVersion
    archive: ComparedVersion
    sums: Compared
    lines: list[ComparedLine]


class ReconciliationList(Struct):
    """The newest comparison of each month, the newest first. `next`: null at the end."""

    revision: str
    data_version: dict[str, dict[str, int]]
    """By dataset and month: the versions that readers see, of the months that are named here."""
    filters: LedgerFilters
    reconciliations: list[Reconciliation]
    notes: list[str]
    next: str | None
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    methodology: str = METHODOLOGY


NOTES = [
    "records are compared by what both sources publish: month, category, place, outcome and persistent id; "
    "of outcomes not the category; of stops all but the place's name; twins count as often as they occur",
    "a stop's outcome not linked to the object of search, and one of which that is not said, count as equal",
    "what a source was not asked for is not counted: other forces' areas",
    "months without a comparison are not named: no archive of them was loaded",
]


def sum_of(lines: Iterable[Compared]) -> Compared:
    """Lines together."""
    counted = list(lines)
    return Compared(
        **{name: sum(getattr(line, name) for line in counted) for name in Compared.__struct_fields__}
    )


def reconciliation_of(
    row: Mapping[str, Any], lines: Sequence[ComparedLine], current: int | None
) -> Reconciliation:
    """A row of select_reconciliations with its lines; `current` is the version that readers see."""

    def side(prefix: str) -> ComparedVersion:
        release = row[f"{prefix}_release"]
        return ComparedVersion(
            version=row[f"{prefix}_version"],
            release=format_month(release) if release else None,
            records=row[f"{prefix}_records"],
        )

    return Reconciliation(
        id=row["id"],
        dataset=row["dataset"],
        month=format_month(row["month"]),
        reconciled_at=row["reconciled_at"],
        is_current=row["api_version"] == current,
        api=side("api"),
        archive=side("archive"),
        sums=sum_of(lines),
        lines=list(lines),
    )
