"""What is missing from a map, by police area. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.gateway.schemas import Gap


@dataclass(frozen=True)
class Missing:
    """A force and a state, with the number of its months."""

    force: str
    state: str
    months: int
    is_every_month: bool


def missing_here(gaps: Iterable[Gap], names: Mapping[str, str], months: int) -> list[Missing]:
    """Forces in alphabetical order, each with its states."""
    counted = Counter((names.get(gap.force, gap.force), gap.state) for gap in gaps)
    return [Missing(force, state, n, n == months) for (force, state), n in sorted(counted.items())]
