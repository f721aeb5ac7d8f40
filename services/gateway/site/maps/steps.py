"""The steps of a map's colours: round numbers that suit what is in view. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.site.language import gettext as _
from services.gateway.site.words import number

COLOURS = 6
HIGH = 0.95
"""The share of hexagons that the last step leaves below it, about."""
LADDER = [step * 10**power for power in range(7) for step in (1, 2, 5)]


@dataclass(frozen=True)
class Class:
    """A colour and the counts that have it."""

    colour: int
    label: str


def steps_for(totals: Sequence[int]) -> list[int]:
    """The first count of each colour after the first: at most five of 2, 5, 10, 20, 50 …"""
    if not totals:
        return []
    high = sorted(totals)[int(HIGH * (len(totals) - 1))]
    return [step for step in LADDER if 1 < step <= max(high, 1)][-(COLOURS - 1) :]


def colour_of(total: int, steps: Sequence[int]) -> int:
    """1 to 6: the number of the colour of a count. With few steps the middle ones are used."""
    return shift_of(steps) + sum(total >= step for step in steps)


def shift_of(steps: Sequence[int]) -> int:
    """The first colour that is used."""
    return 1 + (COLOURS - 1 - len(steps)) // 2


def classes_for(steps: Sequence[int]) -> list[Class]:
    """The legend."""
    starts, ends = [1, *steps], [*(step - 1 for step in steps), None]
    return [
        Class(shift_of(steps) + n, span(start, end))
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def span(start: int, end: int | None) -> str:
    """The counts of a colour in words."""
    if end is None:
        return _("%(n)s or more") % {"n": number(start)}
    if start == end:
        return number(start)
    return _("%(low)s to %(high)s") % {"low": number(start), "high": number(end)}
