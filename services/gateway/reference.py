"""The reference tables and the rules of the numbers, as data. Pure but for bundled files."""

from typing import Any

from services.gateway.schemas import ATTRIBUTION, LICENCE
from services.gateway.statistics import FEWEST_PEOPLE, MOST_PERSONAL, PERSONAL
from shared import coverage, ons, reference
from shared.areas import NEAREST_WITHIN_M
from shared.hexgrid import EDGES_M
from shared.model import FIRST_MONTH
from shared.rates import DECIDED, MATURE_AFTER_MONTHS, NO_CRIMES, RESOLVED
from shared.tiers import MONTHS, RADIUS_M

LIMITATIONS = {
    "approximate locations": "published coordinates are a nearby map point, not where it happened; several "
    "incidents share one",
    "recorded crime only": "what is not reported or not recorded is not here; its share differs by type",
    "recording differs": "between forces and over time, as for violence in 2014",
    "outcomes are not court results": "they are what the police published last, and may change",
    "recent months change": "forces revise them, and outcomes are still to come",
    "no rates for small areas": "no reliable population is published for them; composition is compared",
    "not every force publishes everything": "a month without data is a gap with its reason, never zero",
}


def categories() -> list[dict[str, Any]]:
    """The categories of street crime, with the months in which the source used them."""
    return [
        {
            "slug": one.slug,
            "name": one.name,
            "published_names": list(one.csv_names),
            "since": one.since,
            "until": one.until,
            "is_crime": one.is_crime,
        }
        for one in reference.categories()
    ]


def outcomes() -> dict[str, Any]:
    """Every published outcome with the public group that it belongs to."""
    groups = [
        {
            "dataset": one.dataset,
            "slug": one.group,
            "label": one.label,
            "in_denominator": one.in_denominator,
        }
        for one in reference.outcome_groups()
    ]
    street = [
        {
            "code": one.code,
            "published": list(one.names),
            "group": one.group,
            "stage": one.stage,
            "is_final": one.is_final,
            "decided_by": one.decided_by,
        }
        for one in reference.street_outcomes()
    ]
    stops = [
        {"published": one.raw, "id": one.id, "group": one.group, "any_action": one.any_action}
        for one in reference.stop_outcomes()
    ]
    return {
        "mapping_version": reference.MAPPING_VERSION,
        "groups": groups,
        "street": street,
        "stops": stops,
    }


def ons_edition() -> dict[str, Any]:
    """The ONS edition that shares are compared with: rates per 1,000 residents."""
    edition = ons.current()
    return {
        "edition": edition.title,
        "population": edition.population,
        "unit": "crimes recorded by the police per 1,000 residents",
        "offence_groups": edition.offence_groups,
        "rates": edition.rates,
    }


def methodology() -> dict[str, Any]:
    """What the numbers mean and what they do not; every figure is the one that the code works with."""
    return {
        "limitations": LIMITATIONS,
        "first_month": FIRST_MONTH,
        "hexagons": {
            "edge_lengths_m": list(EDGES_M),
            "crs": "EPSG:27700",
            "numbering": "ST_HexagonGrid of PostGIS",
        },
        "police_areas": {"nearest_within_m": NEAREST_WITHIN_M},
        "reports": {
            "radius_m": RADIUS_M,
            "tiers_months": {str(tier): months for tier, months in MONTHS.items()},
            "figures_version": coverage.FIGURES_VERSION,
        },
        "outcomes": {
            "mapping_version": reference.MAPPING_VERSION,
            "resolution_rate": {"resolved_groups": list(RESOLVED), "of_groups": list(DECIDED)},
            "finished_after_months": MATURE_AFTER_MONTHS,
            "without_outcomes": sorted(NO_CRIMES),
        },
        "coverage": {
            "partial_below_share_of_median": coverage.SUSPECT_SHARE,
            "median_of_months": coverage.USUAL_MONTHS,
            "spill_over_below_per_1000_residents": coverage.SUSPECT_RATE,
        },
        "people": {
            "characteristics": list(PERSONAL),
            "combined_at_most": MOST_PERSONAL,
            "hidden_below": FEWEST_PEOPLE,
        },
        "ons": {"edition": ons.current().title, "population": ons.current().population},
        "licence": LICENCE,
        "attribution": ATTRIBUTION,
    }
