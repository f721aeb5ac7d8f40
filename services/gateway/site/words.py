"""Numbers, dates and names as people in England and Wales read them. Pure."""

from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, format_percent

from services.gateway.site.language import gettext as _
from shared.model import parse_month

LOCALE = "en_GB"
KEPT = 65_536
"""Written forms that are remembered: making one takes 40 µs, and a page has hundreds."""
NOTHING = "\N{EN DASH}"
"""Where nothing is known: never a zero."""


@lru_cache(KEPT)
def number(value: float | None) -> str:
    """`1,234`."""
    return NOTHING if value is None else str(format_decimal(value, locale=LOCALE))


@lru_cache(KEPT)
def percent(value: float | None) -> str:
    """`12.3%` of a share in per cent."""
    if value is None:
        return NOTHING
    return str(format_percent(value / 100, "#,##0.0%", locale=LOCALE)).replace("-", "\N{MINUS SIGN}")


def points(value: float | None) -> str:
    """A difference in percentage points, with its sign."""
    if value is None:
        return NOTHING
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}") if round(value, 1) else "0.0"


def named_points(value: float | None) -> str:
    """The same with its unit."""
    return _("%(points)s pp") % {"points": points(value)}


def signed(value: int | None) -> str:
    """A difference of counts, with its sign."""
    return NOTHING if value is None else f"{value:+,}".replace("-", "\N{MINUS SIGN}") if value else "0"


def size(value: int) -> str:
    """`1.2 MB` of a number of bytes."""
    for unit, one in (("MB", 1_000_000), ("kB", 1000)):
        if value >= one:
            return f"{format_decimal(value / one, '#,##0.0', locale=LOCALE)} {unit}"
    return f"{value} B"


@lru_cache(KEPT)
def month(text: str) -> str:
    """`October 2018` of `2018-10`."""
    return str(format_skeleton("yMMMM", parse_month(text), locale=LOCALE))


@lru_cache(KEPT)
def short_month(text: str) -> str:
    """`Oct 18`."""
    return str(format_date(parse_month(text), "MMM yy", locale=LOCALE))


def day(moment: date | datetime | None) -> str:
    """`3 October 2018`."""
    return NOTHING if moment is None else str(format_date(moment, "d MMMM y", locale=LOCALE))


def span(months: list[str]) -> str:
    """The first and the last of some months in a row."""
    if not months:
        return NOTHING
    if months[0] == months[-1]:
        return month(months[0])
    return _("%(first)s to %(last)s") % {"first": month(months[0]), "last": month(months[-1])}
