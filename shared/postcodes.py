"""Postcodes: how they are written, and what is wrong with those that no report can be about. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ideal_ukpostcode import validate  # type: ignore[import-untyped]

from shared.errors import RequestError
from shared.model import format_month

EXAMPLE = "such as EC2M 7PY"
MOST_SHOWN = 20
"""Characters of somebody's input that a message repeats."""

COUNTRIES = {
    "S": "Scotland",
    "N": "Northern Ireland",
    "L": "the Channel Islands",
    "M": "the Isle of Man",
}
"""Those that reports are not about, by the first letter of their ONS code; E and W are the others."""
AREAS = {
    "S": ("AB", "DD", "EH", "FK", "G", "HS", "IV", "KA", "KW", "KY", "ML", "PA", "PH", "ZE"),
    "N": ("BT",),
    "L": ("GY", "JE"),
    "M": ("IM",),
}
"""Postcode areas that lie there whole; DG and TD reach from Scotland into England."""
COUNTRY_OF_AREA = {area: country for country, areas in AREAS.items() for area in areas}


class Reason(StrEnum):
    """Why no report can be about a postcode, for programs."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    TERMINATED = "terminated"
    OUTSIDE = "outside"
    """Outside England and Wales."""
    NO_POSITION = "no_position"


class PostcodeError(RequestError):
    """No report can be about this postcode."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Known:
    """What somebody knows of a postcode."""

    postcode: str
    latitude: float | None
    longitude: float | None
    """Degrees, WGS 84; None without a grid reference."""
    country: str | None
    """First letter of the ONS code: E, W, or a key of `COUNTRIES`; None where nobody says."""
    terminated: date | None
    """First day of the month in which it went out of use."""
    source: str
    """Who knows, in words for people."""


@dataclass(frozen=True)
class Location:
    """Where a postcode in use in England or Wales is: degrees, WGS 84, and who says so."""

    postcode: str
    latitude: float
    longitude: float
    source: str


def normalise(text: str) -> str:
    """A whole postcode in capital letters with one space: `ec2m7py` is `EC2M 7PY`.

    Raises:
        PostcodeError: malformed.
    """
    compact = text.strip().replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    # Beyond ASCII, upper() would make letters of other signs.
    compact = compact.upper() if compact.isascii() else compact
    postcode = f"{compact[:-3]} {compact[-3:]}"
    if validate(postcode):
        return postcode
    raise malformed(text, compact)


def location_of(known: Known) -> Location:
    """Where a report about this postcode is about.

    Raises:
        PostcodeError: outside, terminated, or without a position.
    """
    if known.country in COUNTRIES:
        raise outside(known.postcode, known.country)
    if known.terminated:
        raise terminated(known.postcode, known.terminated)
    if known.latitude is None or known.longitude is None:
        raise without_position(known.postcode)
    return Location(known.postcode, known.latitude, known.longitude, known.source)


def malformed(text: str, compact: str) -> PostcodeError:
    """It is not written as postcodes are; the first part alone is told apart."""
    if not compact:
        return PostcodeError(Reason.MALFORMED, f"no postcode: write a whole one, {EXAMPLE}")
    if any(validate(compact + rest) for rest in ("1AA", "AA", "A")):
        why = f"is only the first part of a postcode: write the whole postcode, {EXAMPLE}"
    else:
        why = f"is not a postcode: write a whole one, {EXAMPLE}"
    return PostcodeError(Reason.MALFORMED, f"{shown(text)} {why}")


def unknown(postcode: str) -> PostcodeError:
    """Well written, but nobody knows it."""
    return PostcodeError(Reason.UNKNOWN, f"{postcode} is not known: check it, or write one nearby")


def terminated(postcode: str, month: date) -> PostcodeError:
    """Royal Mail has taken it out of use."""
    return PostcodeError(
        Reason.TERMINATED,
        f"{postcode} has not been in use since {format_month(month)}: write one that is, {EXAMPLE}",
    )


def outside(postcode: str, country: str) -> PostcodeError:
    """It lies where our sources or our comparisons end. `country` is a key of `COUNTRIES`."""
    if country == "N":
        # data.police.uk has its street crimes, but no police area here to compare them with.
        why = "whose police area has no counterpart in the comparisons of a report"
    else:
        why = "of whose police data.police.uk publishes no street crimes"
    return PostcodeError(
        Reason.OUTSIDE,
        f"{postcode} is in {COUNTRIES[country]}, {why}: write one in England or Wales, {EXAMPLE}",
    )


def without_position(postcode: str) -> PostcodeError:
    """It exists, but nobody has published where."""
    return PostcodeError(
        Reason.NO_POSITION, f"{postcode} is known, but has no grid reference: write one nearby"
    )


def country_of_area(postcode: str) -> str | None:
    """The key of `COUNTRIES` where the postcode's area lies whole; None for all others."""
    letters = re.match("[A-Z]+", postcode)
    return COUNTRY_OF_AREA.get(letters[0]) if letters else None


def shown(text: str) -> str:
    """Somebody's input, in quotes, cut, and with escapes for what does not print."""
    return repr(text) if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]!r}…"
