"""The words of the field that every service shares: datasets, months, forces."""

import re
from datetime import date
from enum import StrEnum

MONTH_PATTERN = re.compile(r"^(20\d\d)-(0[1-9]|1[0-2])$")
FIRST_MONTH = "2010-12"
"""The oldest month that data.police.uk ever published."""


class Dataset(StrEnum):
    """One of the three series that the source publishes month by month."""

    STREET = "street"
    OUTCOMES = "outcomes"
    STOPS = "stops"


class SliceKind(StrEnum):
    """How one slice of a run is asked for."""

    TILE = "tile"
    """Everything inside a latitude/longitude rectangle."""
    UNLOCATED = "unlocated"
    """A force's street crimes without coordinates."""
    FORCE = "force"
    """All stops of a force, with and without coordinates."""
    MEMBER = "member"
    """Rows of a force's file in an archive."""


class Tier(StrEnum):
    """How far back a report looks. Standard is longer than Professional: so the tiers are defined."""

    ESSENTIAL = "essential"
    PROFESSIONAL = "professional"
    STANDARD = "standard"
    PREMIUM = "premium"


def parse_month(text: str) -> date:
    """Turn `YYYY-MM` into the first day of that month.

    Raises:
        ValueError: not a month, or older than the oldest published one.
    """
    match = MONTH_PATTERN.match(text)
    if match is None or text < FIRST_MONTH:
        raise ValueError(f"'{text}' is not a month: write YYYY-MM, {FIRST_MONTH} or later")
    return date(int(match[1]), int(match[2]), 1)


def format_month(month: date) -> str:
    """Turn any day of a month into `YYYY-MM`."""
    return month.isoformat()[:7]  # five times as fast as `%Y-%m`


def month_range(text: str) -> list[date]:
    """Read `2018-10`, `2018-10..2018-12` or a comma-separated list of both, oldest first.

    Raises:
        ValueError: a part is not a month, or a range runs backwards.
    """
    months: set[date] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        start, end = parse_month(first), parse_month(last or first)
        if end < start:
            raise ValueError(f"'{part}' runs backwards: the older month comes first, as in 2018-10..2018-12")
        while start <= end:
            months.add(start)
            start = next_month(start)
    return sorted(months)


def next_month(month: date) -> date:
    """The first day of the month after this one."""
    return months_after(month, 1)


def months_after(month: date, number: int) -> date:
    """The first day of the month so many months later; a negative number goes back."""
    serial = month.year * 12 + month.month - 1 + number
    return date(serial // 12, serial % 12 + 1, 1)
