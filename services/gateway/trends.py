"""A count month by month, beside the year before and summed over twelve months. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.gateway.statistics_schemas import TrendMonth
from shared.model import format_month, months_after
from shared.rates import percent

YEAR = 12
Known = Mapping[date, int | None]
"""Counts of months; None, or no entry, where nothing is known: then no sum over it is known either."""


def trend(known: Known, months: Sequence[date]) -> list[TrendMonth]:
    """A row for each of the months, in their order."""
    rows = []
    for month in months:
        now, before = known.get(month), known.get(months_after(month, -YEAR))
        change = None if now is None or before is None else now - before
        rows.append(
            TrendMonth(
                month=format_month(month),
                count=now,
                same_month_last_year=before,
                change=change,
                change_percent=None if change is None else percent(change, before or 0),
                rolling_12=rolling(known, month),
                rolling_12_last_year=rolling(known, months_after(month, -YEAR)),
            )
        )
    return rows


def rolling(known: Known, month: date) -> int | None:
    """The sum of the twelve months that end with this one."""
    counts = [known.get(months_after(month, -back)) for back in range(YEAR)]
    return None if None in counts else sum(count or 0 for count in counts)
