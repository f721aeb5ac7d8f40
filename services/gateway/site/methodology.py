"""The methodology for lay readers. Its numbers and tables are those that the code works with. Pure."""

import math
from collections import defaultdict
from datetime import date
from functools import lru_cache
from typing import Any

from services.gateway import reference
from services.gateway.cache import KEPT
from services.gateway.coverage import COUNTED_BY, issues
from services.gateway.site.home import dataset_names
from services.gateway.site.language import gettext as _
from services.gateway.site.render import render
from services.gateway.tile_json import levels
from shared import coverage, ons
from shared.area_figures.figures import LEAST_FORCES
from shared.known_issues import STALE_AFTER
from shared.model import Dataset
from shared.reference import forces, outcome_groups

Row = dict[str, Any]


@lru_cache(maxsize=2)
def render_methodology(today: date) -> str:
    """The page as HTML; `today` decides what of the known issues is verified long ago."""
    rules = reference.methodology()
    edition = ons.current()
    categories = reference.categories()
    return render(
        "methodology",
        section="methodology",
        path="/methodology",
        rules=rules,
        levels=hexagons(),
        categories=categories,
        groups=groups(),
        names={force.id: force.name for force in forces()},
        police_areas=sum(force.pfa_code is not None for force in forces()),
        forces=len(forces()),
        counted_by={dataset_names()[dataset]: text for dataset, text in COUNTED_BY.items()},
        edition=edition,
        ons_rows=[(one["name"], edition.offence_groups.get(one["slug"])) for one in categories],
        ons_withheld=[force.name for force in forces() if force.pfa_code and force.id not in edition.rates],
        issues=issues(list(Dataset), None, today),
        stale_days=STALE_AFTER.days,
        least_forces=LEAST_FORCES,
        large=coverage.LARGE,
        large_percent=coverage.LARGE_SHARE * 100,
        partial_percent=coverage.SUSPECT_SHARE * 100,
        kept_minutes=KEPT // 60,
    )


def hexagons() -> list[Row]:
    """The levels, finest first: edge, area, distance across, and the zooms of a map that show them."""
    return [
        {
            "edge_m": level.edge_m,
            "across_m": round(math.sqrt(3) * level.edge_m),
            "area_km2": 1.5 * math.sqrt(3) * (level.edge_m / 1000) ** 2,
            "zooms": (level.minzoom, level.maxzoom),
        }
        for level in sorted(levels(), key=lambda level: level.edge_m)
    ]


def groups() -> list[Row]:
    """The groups of outcomes of both datasets, each with all published outcomes that belong to it."""
    tables = reference.outcomes()
    published: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in tables["street"]:
        published["street", one["group"]] += one["published"]
    for one in tables["stops"]:
        published["stops", one["group"]].append(as_told(one["published"]))
    return [
        {
            "dataset": dataset_names()[Dataset(group.dataset)],
            "slug": group.group,
            "label": group.label,
            "in_denominator": group.in_denominator,
            "published": published[group.dataset, group.group],
        }
        for group in outcome_groups()
    ]


def as_told(raw: object) -> str:
    """A published value of a stop's outcome; those without words are named."""
    if raw is False:
        return _("the value false of the source's old vocabulary")
    return _("no value") if raw is None else str(raw) or _("an empty text")
