"""Figures in words and rows, as reports print them and pages show them. Pure."""

from calendar import month_abbr, month_name
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from shared.area_figures.shapes import Category, Figures, Month, Neighbour
from shared.coverage import COUNTED, DOUBTFUL, State
from shared.model import format_month, next_month, parse_month
from shared.rates import MATURE_AFTER_MONTHS
from shared.tiers import MONTHS, Tier

STATES: dict[State, str] = {
    "published": "Published",
    "published_empty": "Published, empty",
    "not_published": "Not published",
    "partial_suspected": "May be incomplete",
    "known_issue": "Known issue",
    "not_loaded": "Not loaded",
}
NAMES, FULL_NAMES = list(month_abbr)[1:], list(month_name)[1:]
UNKNOWN, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


class OfMonth(Protocol):
    """What is said of a month, `YYYY-MM`."""

    @property
    def month(self) -> str: ...


Row = TypeVar("Row", bound=OfMonth)


def told(figures: Figures) -> dict[str, object]:
    """What templates say beside the figures themselves, by the names that they have there."""
    months = figures.months
    known = months_counted(figures)
    tier = Tier(figures.tier)
    return {
        "tier_name": tier.title(),
        "tier_months": tier_months(tier),
        "month_names": NAMES,
        "years": by_year(months),
        "known_months": known,
        "partly": partly_missing(figures),
        "rail_gap": figures.railway_months < known,
        "partial_years": any(
            has_gaps(cells) and sum_known(cells) is not None for _, cells in by_year(months)
        ),
        "unfinished": any(not cohort.is_finished for cohort in figures.cohorts),
        "doubtful": any(month.state != "published" for month in months),
        "unpublished": [month.month for month in months if month.state == "not_published"],
        "partial": [month.month for month in months if month.state in DOUBTFUL],
        "coverage": coverage_rows(months),
        "mature_after": MATURE_AFTER_MONTHS,
        "example": example_of(figures.categories, figures.force_name),
        "has_area_rates": any(row.area_rate is not None for row in figures.ons_categories),
    }


def months_counted(figures: Figures) -> int:
    """Months of the window that have counts."""
    return sum(month.state in COUNTED for month in figures.months)


def partly_missing(figures: Figures) -> list[Neighbour]:
    """The other police areas inside the radius that do not have data of all counted months."""
    return [other for other in figures.neighbours if other.months_with_data < months_counted(figures)]


def tier_months(tier: Tier) -> str:
    """How far back a tier looks, in words."""
    return f"{MONTHS[tier]} months" if MONTHS[tier] else "all months that are loaded"


def grouped(number: int | None) -> str:
    """12345 as 12,345; what is not known as a dash."""
    return UNKNOWN if number is None else f"{number:,}"


def sum_known(cells: Iterable[Month | None]) -> int | None:
    """Crimes of the months of a year that are counted; None if none is."""
    known = [cell.crimes for cell in cells if cell is not None and cell.crimes is not None]
    return sum(known) if known else None


def has_gaps(cells: Iterable[Month | None]) -> bool:
    """Whether a year has months in the window that are not counted."""
    return any(cell is not None and cell.crimes is None for cell in cells)


def full_month(month: str) -> str:
    """`2018-10` as October 2018."""
    return f"{FULL_NAMES[int(month[5:]) - 1]} {month[:4]}"


def spans(months: Sequence[str]) -> str:
    """Months in words, neighbours together: `March 2018, May 2018 to July 2019`."""
    return ", ".join(span(*ends) for ends in runs(months))


def span(first: str, last: str) -> str:
    """One or more months in a row."""
    return full_month(first) if first == last else f"{full_month(first)} to {full_month(last)}"


def runs(months: Iterable[str]) -> list[tuple[str, str]]:
    """First and last of every unbroken run of months, which come in order."""
    found: list[tuple[str, str]] = []
    for month in months:
        if found and format_month(next_month(parse_month(found[-1][1]))) == month:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found


def by_year(months: Sequence[Row]) -> list[tuple[str, list[Row | None]]]:
    """A row a year with twelve cells; None outside the window."""
    known = {month.month: month for month in months}
    years = sorted({month.month[:4] for month in months})
    return [(year, [known.get(f"{year}-{number:02}") for number in range(1, 13)]) for year in years]


def coverage_rows(months: Sequence[Month]) -> list[tuple[str, str, str]]:
    """Months in a row that are in the same state for the same reason, in words."""
    rows = []
    for (state, evidence), group in groupby(months, key=lambda month: (month.state, month.evidence)):
        run = [month.month for month in group]
        rows.append((span(run[0], run[-1]), STATES[state], evidence[:1].upper() + evidence[1:]))
    return rows


def example_of(categories: Sequence[Category], force: str) -> str:
    """How to read a difference, with the first row that has one."""
    for row in categories:
        if row.share is not None and row.area_share is not None and row.area_pp is not None:
            sign = "+" if row.area_pp > 0 else MINUS if row.area_pp < 0 else "±"
            return (
                f"{row.name} is {row.share:.1f} % here and {row.area_share:.1f} % in the area of {force}, "
                f"which is {sign}{abs(row.area_pp):.1f} pp."
            )
    return "35 % here against 28 % there is +7 pp."
