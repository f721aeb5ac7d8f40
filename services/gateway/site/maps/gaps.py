"""What is missing from a map, by police area. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.gateway.schemas import Gap

WORDS = {
    "not_published": "nothing published",
    "not_loaded": "not asked for",
    "partial_suspected": "fewer records than usual, perhaps incomplete",
    "known_issue": "known to be incomplete or doubtful",
}


@dataclass(frozen=True)
class Missing:
    """A force and a state, with the number of its months."""

    force: str
    words: str
    months: int
    is_every_month: bool


def missing_here(gaps: Iterable[Gap], names: Mapping[str, str], months: int) -> list[Missing]:
    """Forces in alphabetical order, each with its states."""
    counted = Counter((names.get(gap.force, gap.force), gap.state) for gap in gaps)
    return [
        Missing(force, WORDS.get(state, state), n, n == months)
        for (force, state), n in sorted(counted.items())
    ]
