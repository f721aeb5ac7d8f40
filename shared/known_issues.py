"""Gaps and quirks of the published data that are known from elsewhere: a small table, kept by hand.

Pure but for reading its own file, `shared/reference/known_issues.csv`, whose every row has its source and the
day on which it was last verified there.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Literal

from shared.model import Dataset, parse_month

Effect = Literal["missing", "doubtful", "kind"]
"""missing: what is there is not the force's. doubtful: may be wrong. kind: always so, good to know."""
STALE_AFTER = timedelta(days=180)


@dataclass(frozen=True)
class KnownIssue:
    """`force` None is every force; `since` and `until` are months, None without a border."""

    id: str
    force: str | None
    datasets: tuple[Dataset, ...]
    since: date | None
    until: date | None
    effect: Effect
    issue: str
    source: str
    verified: date

    def covers(self, dataset: Dataset, month: date) -> bool:
        """Whether it holds for a month of a dataset."""
        return (
            dataset in self.datasets
            and (self.since is None or self.since <= month)
            and (self.until is None or month <= self.until)
        )

    def is_stale(self, today: date) -> bool:
        """Whether it was verified so long ago that it should be looked at again."""
        return today - self.verified > STALE_AFTER

    @property
    def evidence(self) -> str:
        """The issue with where it is known from."""
        return f"{self.issue} ({self.source}, verified {self.verified})"


@cache
def known_issues() -> tuple[KnownIssue, ...]:
    """The whole table, in its order."""
    return tuple(issue(row) for row in csv.DictReader(table().splitlines()))


@cache
def edition() -> str:
    """Names the content of the table."""
    return sha256(table().encode()).hexdigest()[:16]


def table() -> str:
    """The file."""
    return files("shared.reference").joinpath("known_issues.csv").read_text(encoding="utf-8")


def issue(row: dict[str, str]) -> KnownIssue:
    """A row of the table."""
    effects: dict[str, Effect] = {"missing": "missing", "doubtful": "doubtful", "kind": "kind"}
    return KnownIssue(
        id=row["id"],
        force=row["force"] or None,
        datasets=tuple(Dataset(name) for name in row["datasets"].split("|")),
        since=parse_month(row["since"]) if row["since"] else None,
        until=parse_month(row["until"]) if row["until"] else None,
        effect=effects[row["effect"]],
        issue=row["issue"],
        source=row["source"],
        verified=date.fromisoformat(row["verified"]),
    )


@cache
def gaps_known(dataset: Dataset, force: str, month: date) -> tuple[KnownIssue, ...]:
    """What is known to be missing or doubtful of a force's month."""
    return tuple(
        known
        for known in known_issues()
        if known.force == force and known.effect != "kind" and known.covers(dataset, month)
    )
