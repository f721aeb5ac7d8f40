"""Counts and shares along the dimensions of a dataset, from its cube. Pure.

A combination that nobody published is no row; one that lies wholly in months that a force did not publish
is a row whose count is null.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from services.gateway.coverage import Facts, KnownForce, judge
from services.gateway.cubes import Cube
from services.gateway.errors import ParameterError
from services.gateway.vocabulary import Vocabulary
from shared.model import Dataset, format_month
from shared.rates import percent

KINDS = {
    Dataset.STREET: {"force": "force", "category": "category", "outcome": "street_outcome"},
    Dataset.STOPS: {
        "force": "force",
        "type": "stop_type",
        "object": "object_of_search",
        "legislation": "legislation",
        "self_ethnicity": "self_ethnicity",
        "officer_ethnicity": "officer_ethnicity",
        "age_range": "age_range",
        "gender": "gender",
        "outcome": "stop_outcome",
    },
}
"""The dimensions whose values are published words, and the kind of these."""
PERSONAL = ("self_ethnicity", "officer_ethnicity", "age_range", "gender")
MOST_PERSONAL = 2
FEWEST_PEOPLE = 5
"""Of groups of people with fewer stops the number is not told."""
NO_DATA = ("not_published", "not_loaded")
Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """`filters` by dimension: the slugs that pass; `months` are those that are counted."""

    dataset: Dataset
    months: Sequence[date]
    by: Sequence[str]
    filters: Mapping[str, Sequence[str]]

    @property
    def personal(self) -> list[str]:
        """What it tells people apart by."""
        return [name for name in PERSONAL if name in self.by or name in self.filters]


def dimensions(dataset: Dataset) -> list[str]:
    """What a dataset can be counted by."""
    return ["month", *KINDS[dataset], "outcome_group", "located"]


def guard_people(question: Question) -> None:
    """Refuse what describes people so closely that one could stand out (docs/privacy.md).

    Raises:
        ParameterError: more characteristics of people at once than are combined.
    """
    if len(question.personal) > MOST_PERSONAL:
        raise ParameterError(
            "by",
            f"{', '.join(question.personal)} together describe people too closely: at most {MOST_PERSONAL} "
            f"of {', '.join(PERSONAL)} are combined, by and filters taken together",
        )


def count(cube: Cube, words: Vocabulary, question: Question) -> Counter[tuple[str, ...]]:
    """Counts by the words of the dimensions that were asked for."""
    kinds = KINDS[question.dataset]
    columns = ["outcome" if name == "outcome_group" else name for name in question.by]
    spoken = [reading(words, kinds, cube, name) for name in question.by]
    sums = cube.sums(columns, places(cube, question.months), allowed(words, question))
    # Column by column: an answer may have 30,000 rows.
    said = [
        map(word.__getitem__, numbers) for word, numbers in zip(spoken, zip(*sums, strict=True), strict=False)
    ]
    counts: dict[tuple[str, ...], int] = {}
    for key, n in zip(zip(*said, strict=True), sums.values(), strict=True):
        counts[key] = counts.get(key, 0) + n
    return Counter(counts)


def reading(words: Vocabulary, kinds: Mapping[str, str], cube: Cube, name: str) -> Mapping[int, str]:
    """The word of each number of a dimension."""
    if name == "month":
        return dict(enumerate(map(format_month, cube.months)))
    if name == "located":
        return {0: "false", 1: "true"}
    if name == "outcome_group":
        return words.groups.get(kinds["outcome"], {})
    return words.slugs.get(kinds[name], {})


def places(cube: Cube, months: Iterable[date]) -> list[int]:
    """Where a cube has some months."""
    counted = set(months)
    return [place for place, month in enumerate(cube.months) if month in counted]


def allowed(words: Vocabulary, question: Question) -> dict[str, list[int]]:
    """The numbers that pass, by column."""
    kinds = KINDS[question.dataset]
    passing: dict[str, set[int]] = {}
    for name, slugs in question.filters.items():
        column = "outcome" if name == "outcome_group" else name
        if name == "outcome_group":
            numbers = set(words.ids_in_groups(kinds["outcome"], slugs))
        elif name == "located":
            numbers = {int(slug == "true") for slug in slugs}
        else:
            numbers = set(words.ids(kinds[name], slugs))
        passing[column] = passing[column] & numbers if column in passing else numbers
    return {name: sorted(numbers) for name, numbers in passing.items()}


def rows_of(question: Question, counts: Counter[tuple[str, ...]], facts: Facts) -> list[Row]:
    """The answer's rows: months in order, in them the larger first; few people without a count."""
    names = (*question.by, "count")
    rows: list[Row] = [dict(zip(names, (*key, n), strict=True)) for key, n in counts.items()]
    total = sum(counts.values())
    if question.personal:
        hide_few(rows)
    else:
        rows += silent_rows(question, counts, facts)
    shares = {n: None if n is None else percent(n, total) for n in {row["count"] for row in rows}}
    for row in rows:
        row["share"] = shares[row["count"]]
        if "located" in row:
            row["located"] = row["located"] == "true"
    put_in_order(rows, question.by)
    return rows


def put_in_order(rows: list[Row], by: Sequence[str]) -> None:
    """Months run forwards; within one the larger number first, and words decide between equal ones."""
    # A sort a part, the least important one first: far faster than one by keys of several parts.
    for name in reversed(by):
        rows.sort(key=itemgetter(name))
    rows.sort(key=lambda row: row["count"] or 0, reverse=True)
    if "month" in by:
        rows.sort(key=itemgetter("month"))


def hide_few(rows: list[Row]) -> None:
    """Take out counts under five, and the next larger ones until no sum tells what they are."""
    ordered = sorted(rows, key=lambda row: row["count"])
    hidden = sum(row["count"] < FEWEST_PEOPLE for row in rows)
    # Together they must be so many that their sum tells none of them.
    while 0 < hidden < len(rows) and (
        hidden == 1 or sum(row["count"] for row in ordered[:hidden]) < FEWEST_PEOPLE * hidden
    ):
        hidden += 1
    for row in ordered[:hidden]:
        row["count"], row["hidden"] = None, True


def silent_rows(question: Question, counts: Mapping[tuple[str, ...], int], facts: Facts) -> list[Row]:
    """Where a force told nothing of a month: a row that says so, lest its absence be read as zero."""
    if not question.by or not set(question.by) <= {"month", "force"}:
        return []
    silence: dict[tuple[str, ...], bool] = {}
    for force in asked_forces(question, facts):
        for month in question.months:
            key = tuple(format_month(month) if name == "month" else force.slug for name in question.by)
            silent = is_unknown(facts, question.dataset, month, force, counts.get(key, 0))
            silence[key] = silence.get(key, True) and silent
    return [
        dict(zip(question.by, key, strict=True)) | {"count": None}
        for key, silent in silence.items()
        if silent and key not in counts
    ]


def asked_forces(question: Question, facts: Facts) -> list[KnownForce]:
    """The forces that the answer is about."""
    wanted = question.filters.get("force")
    return [force for force in facts.forces if wanted is None or force.slug in wanted]


def is_silent(facts: Facts, dataset: Dataset, month: date, force: KnownForce) -> bool:
    """Whether nothing is known of a force in a month; what lies in its area is then its neighbours'."""
    return judge(facts, dataset, month, force)[0] in NO_DATA


def is_late(facts: Facts, dataset: Dataset, month: date) -> bool:
    """Whether the counts are older than the records that are loaded."""
    loaded = facts.loaded.get((dataset, month))
    return loaded is not None and loaded.grid is not None and not loaded.grid.is_current


def is_unknown(facts: Facts, dataset: Dataset, month: date, force: KnownForce, counted: int) -> bool:
    """Whether nothing is known of a force in a month, or nothing that is counted yet."""
    return is_silent(facts, dataset, month, force) or (not counted and is_late(facts, dataset, month))
