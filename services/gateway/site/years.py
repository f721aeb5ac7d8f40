"""Long rows of months, a year at a time. Pure."""

from collections.abc import Sequence
from datetime import date
from itertools import count, takewhile

from services.gateway.errors import NotFoundError
from shared.model import months_after

MOST_MONTHS = 24
"""Held months that are shown together; more are shown by year."""


def years_of(held: Sequence[date]) -> list[int]:
    """The years with months that are held, newest first; none where all are shown together."""
    span = months_from(held[0], held[-1]) if held else []
    return sorted({month.year for month in held}, reverse=True) if len(span) > MOST_MONTHS else []


def chosen_year(text: str | None, years: Sequence[int]) -> int | None:
    """The year that is asked for, else the newest; None where all are shown together.

    Raises:
        NotFoundError: nothing of that year is held.
    """
    if not years:
        return None
    if not text:
        return years[0]
    known = {str(year): year for year in years}
    if text not in known:
        raise NotFoundError(
            "year", f"nothing of '{text[:20]}' is held: there are {', '.join(known)}", [*known]
        )
    return known[text]


def months_shown(held: Sequence[date], year: int | None) -> list[date]:
    """From the first to the last month that is held, those between that are not held too; of one year."""
    span = months_from(held[0], held[-1]) if held else []
    return [month for month in span if year in (None, month.year)]


def months_from(first: date, last: date) -> list[date]:
    """All months of a span."""
    months = (months_after(first, n) for n in count())
    return list(takewhile(lambda month: month <= last, months))
