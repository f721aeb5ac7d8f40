"""Report tiers, and the months that each is about. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from shared.model import Tier as Tier
from shared.model import months_after

RADIUS_M = 500


MONTHS: dict[Tier, int | None] = {
    Tier.ESSENTIAL: 12,
    Tier.PROFESSIONAL: 24,
    Tier.STANDARD: 60,
    Tier.PREMIUM: None,
}
"""Months of each tier; None is all that are loaded."""


@dataclass(frozen=True)
class Window:
    """The months of a report, first and last included, whether they are loaded or not."""

    tier: Tier
    first: date
    last: date

    @property
    def months(self) -> list[date]:
        """Oldest first."""
        months = [self.first]
        while months[-1] < self.last:
            months.append(months_after(months[-1], 1))
        return months


def window_of(tier: Tier, loaded: Collection[date]) -> Window:
    """The window of a tier, counted back from the newest loaded month.

    Raises:
        ValueError: no month is loaded.
    """
    last = max(loaded)
    number = MONTHS[tier]
    return Window(tier, min(loaded) if number is None else months_after(last, 1 - number), last)
