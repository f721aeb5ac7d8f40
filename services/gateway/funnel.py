"""What has become of the crimes of a month: its outcomes as they are published by now. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from services.gateway.cubes import Cube
from services.gateway.statistics import KINDS, Question, allowed, places
from services.gateway.statistics_schemas import OutcomeCohort
from services.gateway.vocabulary import Vocabulary
from shared.model import Dataset, format_month, months_after
from shared.rates import MATURE_AFTER_MONTHS, NO_CRIMES, percent, resolution_rate

WITHOUT_OUTCOME = ("none", "unmapped")
OUTCOME = KINDS[Dataset.STREET]["outcome"]


def cohorts(
    cube: Cube, words: Vocabulary, question: Question, groups: Sequence[str], newest: date
) -> list[OutcomeCohort]:
    """A row for each counted month. `groups` are all outcome groups; `newest` is the newest counted month."""
    numbers = allowed(words, question)
    crimes = {number for number, slug in words.slugs.get("category", {}).items() if slug not in NO_CRIMES}
    numbers["category"] = sorted(crimes & set(numbers["category"]) if "category" in numbers else crimes)
    by_month: dict[date, Counter[int]] = {month: Counter() for month in question.months}
    sums = cube.sums(["month", "outcome"], places(cube, question.months), numbers)
    for (place, outcome), n in sums.items():
        by_month[cube.months[place]][outcome] += n
    return [cohort(month, counts, words, groups, newest) for month, counts in by_month.items()]


def cohort(
    month: date, counts: Mapping[int, int], words: Vocabulary, groups: Sequence[str], newest: date
) -> OutcomeCohort:
    """The crimes of one month."""
    by_group = dict.fromkeys(groups, 0)
    for outcome, n in counts.items():
        by_group[words.groups[OUTCOME][outcome]] += n
    crimes = sum(by_group.values())
    with_outcome = sum(n for group, n in by_group.items() if group not in WITHOUT_OUTCOME)
    return OutcomeCohort(
        month=format_month(month),
        crimes=crimes,
        with_outcome=with_outcome,
        with_outcome_share=percent(with_outcome, crimes),
        groups=by_group,
        pending=sum(counts.get(outcome, 0) for outcome in words.pending.get(OUTCOME, ())),
        resolution_rate=resolution_rate(by_group),
        is_finished=months_after(month, MATURE_AFTER_MONTHS) <= newest,
    )
