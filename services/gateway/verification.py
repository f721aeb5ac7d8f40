"""Whether the figures of a report are still what the data say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.gateway.report_figures import Figures
from services.gateway.report_schemas import SupersededMonth, Verification
from shared import coverage
from shared.model import format_month, parse_month


@dataclass(frozen=True)
class GridMonth:
    """A month as figures would be made of it now."""

    version: int
    mapping_version: int
    since: datetime


def verify(figures: Figures, grid: Mapping[str, GridMonth]) -> Verification:
    """Compare what the figures were made of with the months that are held now, by `YYYY-MM`.

    Current only if the data's name comes out the same; whatever else differs, they are not.
    """
    superseded = [
        SupersededMonth(
            month.month, month.version, now.version if now else None, since=now.since if now else None
        )
        for month in figures.months
        if month.version != ((now := grid.get(month.month)) and now.version)
    ]
    is_current = not superseded and revision_of(figures, grid) == figures.revision
    return Verification(
        state="current" if is_current else "superseded",
        superseded_months=superseded,
        rules_changed=not is_current and not superseded,
        newer_months=sorted(month for month in grid if month > figures.last_month),
    )


def revision_of(figures: Figures, grid: Mapping[str, GridMonth]) -> str:
    """What the reporter would call the data of these months, and of those that say what is usual, now."""
    first, last = parse_month(figures.first_month), parse_month(figures.last_month)
    months = ((month, grid.get(format_month(month))) for month in coverage.months_judged_by(first, last))
    return coverage.revision_of(
        (month, (now.version, now.mapping_version) if now else None) for month, now in months
    )
