"""The figures of a report, worked out from counts that the store has read. Pure.

All shares are of street crimes with published coordinates; differences of shares are percentage points.
A month without data is a gap with a reason, never a zero.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from shared.area_figures.counts import AreaCount, Counts, CrimeCount, MonthState
from shared.area_figures.shapes import Category, Cohort, Figures, Location, Month, Neighbour, OnsCategory
from shared.coverage import COUNTED, FIGURES_VERSION
from shared.model import format_month, months_after
from shared.rates import MATURE_AFTER_MONTHS, NO_CRIMES, percent, points, resolution_rate
from shared.tiers import RADIUS_M

MOST_LOCATIONS = 10
LEAST_FORCES = 40
"""Police areas, of 43, that must have data in a comparison with England and Wales."""


def work_out(counts: Counts) -> Figures:
    """All figures of a report."""
    counted = {state.month for state in counts.months if state.state in COUNTED}
    crimes = [count for count in counts.crimes if count.month in counted]
    # Of a few areas it would be a comparison with themselves.
    country = counts.country if counts.country_forces >= LEAST_FORCES else {}
    by_category = total_by(crimes, lambda count: count.category)
    area = total_located(counts.area)
    unlocated = sum(count.unlocated for count in counts.area)
    area_crimes = sum(area.values())
    outcomes = [count for count in crimes if count.category not in NO_CRIMES]
    groups = group_totals(outcomes, counts.outcome_groups)
    releases = [state.release for state in counts.months if state.release]
    return Figures(
        figures_version=FIGURES_VERSION,
        postcode=counts.place.postcode,
        latitude=counts.place.latitude,
        longitude=counts.place.longitude,
        postcode_source=counts.place.source,
        force=counts.place.force,
        force_name=counts.place.force_name,
        tier=counts.window.tier,
        radius_m=RADIUS_M,
        first_month=format_month(counts.window.first),
        last_month=format_month(counts.window.last),
        months=month_rows(counts.months, crimes),
        missing_months=[format_month(state.month) for state in counts.months if state.state == "not_loaded"],
        neighbours=[
            Neighbour(other.force, other.name, other.months_with_data) for other in counts.neighbours
        ],
        railway_months=counts.railway_months,
        revision=counts.revision,
        release=format_month(max(releases)) if releases else None,
        crimes=sum(by_category.values()),
        categories=category_rows(by_category, area, country, counts.categories),
        locations=location_rows(counts.locations),
        location_names=len(counts.locations),
        outcome_groups=dict(counts.outcome_groups),
        outcomes=groups,
        pending=sum(count.n for count in outcomes if count.is_pending),
        resolution_rate=resolution_rate(groups),
        cohorts=cohort_rows(counts, outcomes),
        area_crimes=area_crimes,
        area_unlocated=unlocated,
        area_unlocated_share=percent(unlocated, area_crimes + unlocated),
        country_crimes=sum(country.values()),
        country_forces=counts.country_forces,
        ons_edition=counts.ons.title,
        ons_population=counts.ons.population,
        ons_categories=ons_rows(by_category, counts),
    )


def month_rows(months: Sequence[MonthState], crimes: Sequence[CrimeCount]) -> list[Month]:
    """The trend. A month in which the police area published nothing has no count."""
    n = total_by(crimes, lambda count: format_month(count.month))
    rows = []
    for state in months:
        month = format_month(state.month)
        count = n.get(month, 0) if state.state in COUNTED else None
        rows.append(Month(month, state.state, state.evidence, count, state.version))
    return rows


def category_rows(
    here: Mapping[str, int], area: Mapping[str, int], country: Mapping[str, int], names: Mapping[str, str]
) -> list[Category]:
    """The mix of categories, the most frequent first."""
    totals = [sum(counts.values()) for counts in (here, area, country)]
    rows = []
    unheard = {slug: slug for slug in (*here, *area, *country) if slug not in names}
    for slug, name in {**names, **unheard}.items():
        if not any(counts.get(slug) for counts in (here, area, country)):
            continue
        shares = [
            percent(counts.get(slug, 0), total)
            for counts, total in zip((here, area, country), totals, strict=True)
        ]
        rows.append(
            Category(
                slug,
                name,
                here.get(slug, 0),
                share=shares[0],
                area_share=shares[1],
                country_share=shares[2],
                area_pp=points(shares[0], shares[1]),
                country_pp=points(shares[0], shares[2]),
            )
        )
    return sorted(rows, key=lambda row: (-row.crimes, row.name))


def ons_rows(here: Mapping[str, int], counts: Counts) -> list[OnsCategory]:
    """The mix against what ONS counts: composition, never volume."""
    ons = counts.ons
    area_rates = ons.rates.get(counts.place.force)
    country_rates = ons.rates[ons.COUNTRY]
    total = sum(here.get(slug, 0) for slug in ons.offence_groups)
    country_shares, area_shares = ons.shares(ons.COUNTRY) or {}, ons.shares(counts.place.force)
    rows = []
    for slug, groups in ons.offence_groups.items():
        share = percent(here.get(slug, 0), total)
        country_share = country_shares[slug]
        area_share = area_shares[slug] if area_shares else None
        rows.append(
            OnsCategory(
                slug=slug,
                name=counts.categories[slug],
                offence_groups=groups,
                crimes=here.get(slug, 0),
                share=share,
                area_rate=round(area_rates[slug], 2) if area_rates else None,
                country_rate=round(country_rates[slug], 2),
                area_share=area_share,
                country_share=country_share,
                area_pp=points(share, area_share),
                country_pp=points(share, country_share),
            )
        )
    return sorted(rows, key=lambda row: (-row.crimes, row.name))


def location_rows(locations: Iterable[tuple[str, int]]) -> list[Location]:
    """The most frequent published street names."""
    ordered = sorted(locations, key=lambda location: (-location[1], location[0]))
    return [Location(name, n) for name, n in ordered[:MOST_LOCATIONS]]


def cohort_rows(counts: Counts, outcomes: Sequence[CrimeCount]) -> list[Cohort]:
    """Crimes by the month in which they were recorded, with the outcomes that are known by now."""
    counted = [state.month for state in counts.months if state.state in COUNTED]
    by_month: dict[date, list[CrimeCount]] = {month: [] for month in counted}
    for count in outcomes:
        by_month[count.month].append(count)
    rows = []
    for month in counted:
        groups = group_totals(by_month[month], counts.outcome_groups)
        rows.append(
            Cohort(
                month=format_month(month),
                crimes=sum(groups.values()),
                groups=groups,
                pending=sum(count.n for count in by_month[month] if count.is_pending),
                resolution_rate=resolution_rate(groups),
                is_finished=months_after(month, MATURE_AFTER_MONTHS) <= counts.window.last,
            )
        )
    return rows


def group_totals(outcomes: Iterable[CrimeCount], groups: Mapping[str, str]) -> dict[str, int]:
    """Crimes by outcome group, every group there."""
    totals = total_by(outcomes, lambda count: count.outcome_group)
    return {slug: totals.get(slug, 0) for slug in groups}


def total_located(counts: Iterable[AreaCount]) -> dict[str, int]:
    """Located crimes by category."""
    totals: Counter[str] = Counter()
    for count in counts:
        totals[count.category] += count.located
    return dict(totals)


def total_by(counts: Iterable[CrimeCount], key: Callable[[CrimeCount], str]) -> dict[str, int]:
    """Crimes by something."""
    totals: Counter[str] = Counter()
    for count in counts:
        totals[key(count)] += count.n
    return dict(totals)
