"""Whether the figures of a report are still what the data and the postcodes say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.gateway.report_figures import Figures
from services.gateway.report_schemas import SupersededMonth, Verification
from shared import coverage
from shared.model import format_month, parse_month
from shared.postcodes import Known, PostcodeError, location_of


@dataclass(frozen=True)
class GridMonth:
    """A month as figures would be made of it now."""

    version: int
    mapping_version: int
    since: datetime


def verify(figures: Figures, grid: Mapping[str, GridMonth], postcode: Known | None) -> Verification:
    """Compare what the figures were made of with the months that are held now, by `YYYY-MM`.

    Current only if the data's name comes out the same and the postcode is where it was; whatever else
    differs, they are not. `postcode` is None where the loaded postcodes do not have it.
    """
    superseded = [
        SupersededMonth(
            month.month, month.version, now.version if now else None, since=now.since if now else None
        )
        for month in figures.months
        if month.version != ((now := grid.get(month.month)) and now.version)
    ]
    rules_changed = not superseded and revision_of(figures, grid) != figures.revision
    change = change_of(figures, postcode) if postcode else None
    return Verification(
        state="superseded" if superseded or rules_changed or change else "current",
        superseded_months=superseded,
        rules_changed=rules_changed,
        postcode_change=change,
        newer_months=sorted(month for month in grid if month > figures.last_month),
    )


def change_of(figures: Figures, postcode: Known) -> str | None:
    """What has become of the postcode since the figures were made; None if it is where it was."""
    try:
        now = location_of(postcode)
    except PostcodeError as error:
        return str(error)
    if (micro(now.latitude), micro(now.longitude)) == (micro(figures.latitude), micro(figures.longitude)):
        return None
    was, here = place(figures.latitude, figures.longitude), place(now.latitude, now.longitude)
    return f"{now.postcode} is at {here} now ({now.source}), and was at {was}"


def micro(degrees: float) -> int:
    """Whole millionths, which loaded postcodes are kept in."""
    return round(degrees * 1_000_000)


def place(latitude: float, longitude: float) -> str:
    """Degrees in words."""
    return f"{latitude:.6f}, {longitude:.6f}"


def revision_of(figures: Figures, grid: Mapping[str, GridMonth]) -> str:
    """What the reporter would call the data of these months, and of those that say what is usual, now."""
    first, last = parse_month(figures.first_month), parse_month(figures.last_month)
    months = ((month, grid.get(format_month(month))) for month in coverage.months_judged_by(first, last))
    return coverage.revision_of(
        (month, (now.version, now.mapping_version) if now else None) for month, now in months
    )
