"""What is missing of the figures of a page, in words. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from services.gateway.coverage import KnownForce
from services.gateway.schemas import Gap
from services.gateway.site import words
from services.gateway.site.language import gettext as _
from services.gateway.statistics import NO_DATA
from shared.area_figures.figures import LEAST_FORCES
from shared.model import format_month, next_month, parse_month


def thin_months(gaps: Iterable[Gap], forces: Sequence[KnownForce], asked: Collection[str] | None) -> set[str]:
    """Months in which too few police areas have data to speak for the country, where all are asked for."""
    if asked:
        return set()
    areas = {force.slug for force in forces if force.population}
    silent = Counter(gap.month for gap in gaps if gap.state in NO_DATA and gap.force in areas)
    return {month for month, n in silent.items() if len(areas) - n < LEAST_FORCES}


def thin_told() -> str:
    """What is said of such months."""
    return _("Fewer than %(n)s police areas have data") % {"n": LEAST_FORCES}


def gap_rows(gaps: Iterable[Gap], names: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Force, months, state and evidence, months in a row together."""
    rows = []
    ordered = sorted(gaps, key=lambda gap: (gap.force, gap.month))
    for (force, state), held in groupby(ordered, key=lambda gap: (gap.force, gap.state)):
        told = list(held)
        evidence = list(dict.fromkeys(gap.evidence for gap in told))
        shown = evidence[0]
        if len(evidence) > 1:
            shown = _("%(evidence)s (and %(n)s more)") % {"evidence": shown, "n": len(evidence) - 1}
        spans = ", ".join(words.span(run) for run in runs([gap.month for gap in told]))
        rows.append((names.get(force, force), spans, state, shown))
    return rows


def runs(months: Iterable[str]) -> list[list[str]]:
    """Months in order, those in a row together."""
    found: list[list[str]] = []
    for month in months:
        if found and format_month(next_month(parse_month(found[-1][-1]))) == month:
            found[-1].append(month)
        else:
            found.append([month])
    return found
