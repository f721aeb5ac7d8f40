"""What a reader who cannot see a chart or a map is told: one plain sentence with its key numbers. Pure."""

from collections.abc import Sequence

from services.reporter import charts
from shared.area_figures.shapes import Figures
from shared.area_figures.telling import partly_missing
from shared.coverage import DOUBTFUL

Point = tuple[float, float, int]


def category_bars(figures: Figures) -> str:
    """The total, and the three most frequent categories."""
    if not figures.crimes:
        return nothing(figures)
    largest = [f"{row.name} {row.crimes:,}" for row in figures.categories if row.crimes]
    return f"Bar chart of {number(figures.crimes, 'street crime')} by category; {joined(largest[:3])}."


def monthly_trend(figures: Figures) -> str:
    """The lowest and the highest month, and how many months have no data or may be incomplete."""
    known = {row.month: row.crimes for row in figures.months if row.crimes is not None}
    missing = len(figures.months) - len(known)
    partial = sum(row.state in DOUBTFUL for row in figures.months)
    parts = [f"Bar chart of street crimes by month, {figures.first_month} to {figures.last_month}"]
    if known:
        low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        parts.append(f"fewest in {low}, {known[low]:,}, most in {high}, {known[high]:,}")
    if missing:
        parts.append(
            f"{number(missing, 'month')} without data, shown as {'a gap' if missing == 1 else 'gaps'}"
        )
    if partial:
        parts.append(f"{number(partial, 'month')} may be incomplete")
    return "; ".join(parts) + "."


def outcome_cohorts(figures: Figures) -> str:
    """All crimes by outcome group, and how many months are not finished."""
    total = sum(figures.outcomes.values())
    if not total:
        return f"No crimes that can have an outcome from {figures.first_month} to {figures.last_month}."
    groups = [f"{figures.outcome_groups[group]}: {n:,}" for group, n in figures.outcomes.items() if n]
    open_months = sum(not cohort.is_finished for cohort in figures.cohorts)
    words = (
        f"Stacked bar chart of {number(total, 'crime')} by month recorded and outcome; {'; '.join(groups)}"
    )
    return f"{words}; {number(open_months, 'month')} not finished." if open_months else f"{words}."


def mix_comparison(figures: Figures) -> str:
    """The most frequent category's share in each place."""
    if not figures.crimes:
        return nothing(figures)
    row = figures.categories[0]
    places = {
        "here": row.share,
        f"in the area of {figures.force_name}": row.area_share,
        "in England and Wales": row.country_share,
    }
    shares = [f"{share:.1f} % {place}" for place, share in places.items() if share is not None]
    return f"Dot chart of each category's share of street crimes; {row.name}: {joined(shares)}."


def coverage_map(figures: Figures) -> str:
    """Where the report looks."""
    return (
        f"Map of the {figures.radius_m} metres around {figures.postcode}, in the police area of "
        f"{figures.force_name}.{hatching(figures)}"
    )


def density_map(figures: Figures, points: Sequence[Point]) -> str:
    """How many map points have crimes, and the largest count at one."""
    counts = [n for *_, n in points if n]
    if not counts:
        return nothing(figures)
    crimes, places = number(sum(counts), "street crime"), number(len(counts), "published map point")
    return (
        f"Map of {crimes} at {places} within "
        f"{figures.radius_m} metres of {figures.postcode}; the largest circle stands for {max(counts):,}."
        f"{hatching(figures)}"
    )


def hatching(figures: Figures) -> str:
    """What the hatched part of a map is; nothing where none is."""
    names = joined([other.name for other in partly_missing(figures)])
    return f" Hatched is the part in the area of {names}, of which data are missing." if names else ""


def nothing(figures: Figures) -> str:
    return f"{charts.nothing(figures)}, {figures.first_month} to {figures.last_month}."


def number(n: int, thing: str) -> str:
    """`1 month`, `1,200 months`."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def joined(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
