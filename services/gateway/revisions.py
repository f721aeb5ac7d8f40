"""The ledger of revisions: what every replaced version of a month differs in from its successor. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from services.gateway.schemas import ATTRIBUTION, LICENCE, METHODOLOGY, LedgerFilters
from shared.model import format_month


class Difference(Struct):
    """Records of a force and category; `force` is null outside every police area.

    `outcome_changed`: the same record with another outcome. `otherwise_changed`: with other fields.
    """

    force: str | None
    category: str
    added: int
    removed: int
    outcome_changed: int
    otherwise_changed: int


class VersionSide(Struct):
    """A version of a month; `release` is the newest month that the source had then."""

    version: int
    source: str
    release: str | None
    records: int


class Revision(Struct):
    """A replaced version: by a release of the source, or rolled_back by an operator to an earlier one.

    Without `is_compared` the versions are of two sources, whose records have different fields: then nothing
    is said of single records, and the sums are null.
    """

    id: int
    dataset: str
    month: str
    kind: Literal["release", "rolled_back"]
    reason: str
    revised_at: datetime
    replaced: VersionSide
    by: VersionSide
    is_compared: bool
    added: int | None
    removed: int | None
    outcome_changed: int | None
    otherwise_changed: int | None
    differences: list[Difference]


class RevisionList(Struct):
    """Revisions, the newest first. `next`: null at the end."""

    revision: str
    data_version: dict[str, dict[str, int]]
    """By dataset and month: the versions that readers see, of the months that are named here."""
    filters: LedgerFilters
    revisions: list[Revision]
    notes: list[str]
    next: str | None
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    methodology: str = METHODOLOGY


NOTES = [
    "versions that were replaced before this ledger began are not in it",
    "crimes are counted by the police area of their place, btp apart; stops by the force that published them",
]


def revision_of(row: Mapping[str, Any], differences: Sequence[Difference]) -> Revision:
    """A row of select_revisions with its differences."""

    def total(name: str) -> int | None:
        return sum(getattr(one, name) for one in differences) if row["is_compared"] else None

    def side(prefix: str) -> VersionSide:
        release = row[f"{prefix}release"]
        return VersionSide(
            version=row[f"{prefix}version"],
            source=row[f"{prefix}source"],
            release=format_month(release) if release else None,
            records=row[f"{prefix}records"],
        )

    return Revision(
        id=row["id"],
        dataset=row["dataset"],
        month=format_month(row["month"]),
        kind=row["kind"],
        reason=row["reason"],
        revised_at=row["revised_at"],
        replaced=side("replaced_"),
        by=side(""),
        is_compared=row["is_compared"],
        added=total("added"),
        removed=total("removed"),
        outcome_changed=total("outcome_changed"),
        otherwise_changed=total("otherwise_changed"),
        differences=list(differences),
    )
