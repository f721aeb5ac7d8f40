"""Shares and rates as everybody states them: reports, statistics and comparisons alike. Pure."""

from collections.abc import Mapping

MATURE_AFTER_MONTHS = 12
"""Crimes of the newest so many months may still get an outcome: their cohorts are marked as not finished."""
NO_CRIMES = frozenset({"anti-social-behaviour"})
"""Recorded incidents that are not crimes: no outcome is ever published, and ONS does not count them."""
RESOLVED = ("positive", "local_resolution")
DECIDED = (*RESOLVED, "negative")


def resolution_rate(groups: Mapping[str, int]) -> float | None:
    """Positive and local outcomes in per cent of the crimes that have an outcome."""
    return percent(sum(groups.get(s, 0) for s in RESOLVED), sum(groups.get(s, 0) for s in DECIDED))


def percent(part: int, whole: int) -> float | None:
    """A share with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def points(here: float | None, there: float | None) -> float | None:
    """The difference of two shares in percentage points, of the shares as they are shown."""
    return None if here is None or there is None else round(here - there, 1)
