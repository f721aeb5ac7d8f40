"""What the ledgers of revisions and of reconciliations have in common: filters, pages, versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.gateway.coverage import Facts
from services.gateway.parameters import read_count, read_dataset, read_months
from services.gateway.schemas import LedgerFilters
from services.gateway.store import Snapshot, sql
from shared.model import Dataset, format_month, parse_month

PAGE, MOST = 20, 100
MOST_ID = 2**31 - 1


@dataclass(frozen=True)
class Wanted:
    """A page of a ledger; None as a filter lets all through. `before`: where the page begins."""

    datasets: list[str] | None
    months: list[date] | None
    before: int | None
    limit: int

    @classmethod
    def read(cls, dataset: str | None, month: str | None, limit: str | None, before: str | None) -> "Wanted":
        """From the parameters."""
        return cls(
            None if dataset is None else [str(read_dataset(dataset))],
            None if month is None else read_months(month),
            None if before is None else read_count("before", before, MOST_ID),
            PAGE if limit is None else read_count("limit", limit, MOST),
        )

    def filters(self, forces: list[str] | None) -> LedgerFilters:
        """As the answer repeats them."""
        months = None if self.months is None else [format_month(one) for one in self.months]
        return LedgerFilters(self.datasets, months, forces)

    async def rows(
        self, snapshot: Snapshot, statement: str, forces: list[str] | None
    ) -> tuple[list[Any], int | None]:
        """The rows of the page, and the id after which the next one begins; None at the end."""
        rows = await snapshot.connection.fetch(
            sql(statement), self.datasets, self.months, self.before, forces, self.limit + 1
        )
        shown = rows[: self.limit]
        return shown, shown[-1]["id"] if len(rows) > len(shown) else None


def versions_of(facts: Facts, months: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """The present versions of months, given as (dataset, month)."""
    found: dict[str, dict[str, int]] = {}
    for dataset, month in months:
        loaded = facts.loaded.get((Dataset(dataset), parse_month(month)))
        if loaded:
            found.setdefault(dataset, {})[month] = loaded.version
    return found
