"""Recorded crime per 1,000 residents as ONS publishes it, by categories of police.uk."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar


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

    def shares(self, area: str) -> dict[str, float] | None:
        """Each category's part of an area's rate, in per cent; None where ONS withholds the area."""
        rates = self.rates.get(area)
        if rates is None:
            return None
        total = sum(rates.values())
        return {slug: round(100 * rate / total, 1) for slug, rate in rates.items()}


@cache
def bundled() -> OnsEdition:
    """The edition in `shared/reference`. A force whose rates ONS withholds is not among `rates`.

    Raises:
        ValueError: the files hold more than one edition.
    """
    rows = read("ons_rates.csv")
    editions = {(row.pop("edition"), row.pop("population")) for row in rows}
    if len(editions) != 1:
        raise ValueError(f"ons_rates.csv holds {len(editions)} editions instead of one: {sorted(editions)}")
    [(title, population)] = editions
    groups = {row["category"]: row["offence_groups"].replace("|", " + ") for row in read("ons_mapping.csv")}
    rates = {row.pop("area"): {slug: float(rate) for slug, rate in row.items()} for row in rows}
    return OnsEdition(title, population, {slug: words for slug, words in groups.items() if words}, rates)


def read(name: str) -> list[dict[str, str]]:
    """The rows of a reference table."""
    lines = files("shared.reference").joinpath(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines))
