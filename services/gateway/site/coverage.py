"""The page of coverage: forces by months, each with its state, its count and the evidence. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import get_args

from services.gateway.coverage import Facts, dataset_coverage, issues
from services.gateway.schemas import ForceState, MonthCoverage
from services.gateway.site.home import dataset_names
from services.gateway.site.language import gettext as _
from services.gateway.site.links import address, dataset_choices, year_choices
from services.gateway.site.render import render
from services.gateway.site.years import chosen_year, months_shown, years_of
from shared.coverage import State
from shared.known_issues import STALE_AFTER
from shared.model import Dataset, format_month

PATH = "/data/coverage"
STATES: tuple[State, ...] = get_args(State)
LETTERS: dict[State, str] = {
    "published": "P",
    "published_empty": "E",
    "not_published": "N",
    "partial_suspected": "S",
    "known_issue": "K",
    "not_loaded": "L",
}
"""A state is told by shape and letter, never by a colour alone."""
SILENT: tuple[State, ...] = ("published", "published_empty", "not_loaded")
"""States that need no evidence in words."""


@dataclass(frozen=True)
class Line:
    """A force with its months; a cell is None where nothing is said of the place in that month."""

    name: str
    cells: Sequence[ForceState | None]


@dataclass(frozen=True)
class Evidence:
    """Months of a force in a row with one state and one evidence."""

    name: str
    months: list[str]
    state: State
    evidence: str


def render_coverage(facts: Facts, dataset: Dataset, year: str | None, today: date) -> str:
    """The page as HTML.

    Raises:
        NotFoundError: nothing of that year is held.
    """
    held = facts.months(dataset)
    years = years_of(held)
    shown_year = chosen_year(year, years)
    shown = months_shown(held, shown_year)
    coverage = dataset_coverage(facts, dataset, shown, None)
    lines = lines_of(facts, coverage.months)
    return render(
        "data_coverage",
        section="data",
        path=PATH,
        dataset=dataset,
        dataset_name=dataset_names()[dataset],
        datasets=dataset_choices(PATH, dataset),
        years=year_choices(PATH, dataset, years, shown_year),
        coverage=coverage,
        lines=lines,
        letters=LETTERS,
        tally=Counter(cell.state for line in lines for cell in line.cells if cell),
        evidence=evidence_of(lines, coverage.months),
        rejected=[one for one in facts.rejected if one.dataset == dataset],
        issues=issues([dataset], None, today),
        stale_days=STALE_AFTER.days,
        names=facts.names,
        api=api_address(dataset, shown),
    )


def lines_of(facts: Facts, months: Sequence[MonthCoverage]) -> list[Line]:
    """Every force; last what lies outside every police area, if anything does."""
    found = [{row.force: row for row in month.forces} for month in months]
    lines = [Line(force.name, [month.get(force.slug) for month in found]) for force in facts.forces]
    if any(None in month for month in found):
        lines.append(Line(_("Outside every police area"), [month.get(None) for month in found]))
    return lines


def evidence_of(lines: Sequence[Line], months: Sequence[MonthCoverage]) -> list[Evidence]:
    """Why a force's months are missing or doubtful, months in a row together."""
    found = []
    for line in lines:
        told = zip(months, line.cells, strict=True)
        for same, run in groupby(told, lambda one: one[1] and (one[1].state, one[1].evidence)):
            if same and same[0] not in SILENT:
                found.append(Evidence(line.name, [month.month for month, _ in run], *same))
    return found


def api_address(dataset: Dataset, months: Sequence[date]) -> str:
    """The same as data."""
    span = (
        "..".join(dict.fromkeys(format_month(month) for month in (months[0], months[-1]))) if months else None
    )
    return address("/api/v1/coverage", dataset=dataset, month=span)
