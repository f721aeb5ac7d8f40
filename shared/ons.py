"""Recorded crime per 1,000 residents as ONS publishes it, by categories of police.uk."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import ClassVar

from shared.errors import PermanentError


@dataclass(frozen=True)
class OnsEdition:
    """One edition of the ONS police force area tables."""

    COUNTRY: ClassVar[str] = "england-and-wales"

    title: str
    """Such as `year ending December 2024`."""
    population: str
    """Such as `mid-2023`."""
    offence_groups: dict[str, str]
    """By category slug: the ONS offence groups that it stands for, in words."""
    rates: dict[str, dict[str, float]]
    """Recorded per 1,000 residents: by force slug or `COUNTRY`, then by category slug."""

    @cached_property
    def name(self) -> str:
        """Names all that it says: another number is another edition."""
        return sha256(repr(self).encode()).hexdigest()[:16]

    def shares(self, area: str) -> dict[str, float] | None:
        """Each category's part of an area's rate, in per cent; None where ONS withholds the area."""
        rates = self.rates.get(area)
        if rates is None:
            return None
        total = sum(rates.values())
        return {slug: round(100 * rate / total, 1) for slug, rate in rates.items()}


class Editions:
    """The edition that this process compares with."""

    chosen: ClassVar[OnsEdition | None] = None


def use(path: Path | None) -> None:
    """Compare with the edition of a file of `crimemaps reference ons` from now on; None: the bundled one.

    Raises:
        PermanentError: it is no such file.
    """
    try:
        Editions.chosen = edition_of(path.read_text(encoding="utf-8").splitlines()) if path else None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise PermanentError(f"ONS_RATES: {path} is no file of `crimemaps reference ons`: {error}") from error


def current() -> OnsEdition:
    """The edition in use. A force whose rates ONS withholds is not among `rates`."""
    return Editions.chosen or bundled()


@cache
def bundled() -> OnsEdition:
    """The edition in `shared/reference`."""
    return edition_of(lines_of("ons_rates.csv"))


def edition_of(lines: Iterable[str]) -> OnsEdition:
    """The edition of a table of rates.

    Raises:
        ValueError: it holds no edition or several, or other columns or areas.
    """
    try:
        head, *table = csv.reader(lines, strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"it is no CSV with a header: {error}") from error
    if tuple(head) != columns() or not table or any(len(row) != len(head) for row in table):
        raise ValueError(f"expected are rows with the columns {', '.join(columns())}")
    rows = [dict(zip(head, row, strict=True)) for row in table]
    editions = {(row.pop("edition"), row.pop("population")) for row in rows}
    if len(editions) != 1:
        raise ValueError(f"it holds {len(editions)} editions instead of one: {sorted(editions)}")
    [(title, population)] = editions
    rates = {row.pop("area"): {slug: float(rate) for slug, rate in row.items()} for row in rows}
    if not all(0 <= rate < inf for row in rates.values() for rate in row.values()):
        raise ValueError("a rate is no number of crimes")
    if OnsEdition.COUNTRY not in rates:
        raise ValueError(f"it has no row of {OnsEdition.COUNTRY}")
    words = {slug: " + ".join(groups) for slug, groups in offence_groups().items()}
    return OnsEdition(title, population, words, rates)


def columns() -> tuple[str, ...]:
    """The columns of a table of rates."""
    return ("edition", "population", "area", *offence_groups())


@cache
def offence_groups() -> dict[str, tuple[str, ...]]:
    """By category slug: the ONS offence groups that it stands for; categories without any are left out."""
    listed = {row["category"]: row["offence_groups"] for row in csv.DictReader(lines_of("ons_mapping.csv"))}
    return {slug: tuple(groups.split("|")) for slug, groups in listed.items() if groups}


def lines_of(name: str) -> list[str]:
    """The lines of a reference table."""
    return files("shared.reference").joinpath(name).read_text(encoding="utf-8").splitlines()
