"""What can be said of one force in one month, and why. Pure.

Missing is never zero: a count of 0 is only stated where the source itself listed the force.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256
from itertools import count, takewhile
from statistics import median
from typing import Literal

from shared.known_issues import gaps_known
from shared.model import Dataset, format_month, months_after
from shared.ons import current
from shared.reference import figures

State = Literal[
    "published", "published_empty", "not_published", "partial_suspected", "known_issue", "not_loaded"
]
"""published: records are loaded. published_empty: the source lists the force and its list is empty.
not_published: asked for, and nothing came, or only what its neighbours and btp published in its area.
partial_suspected: far fewer than usual. known_issue: loaded, and known to be incomplete or doubtful.
not_loaded: nothing was asked for, so nothing can be said."""

DOUBTFUL: tuple[State, ...] = ("partial_suspected", "known_issue")
COUNTED: tuple[State, ...] = ("published", "published_empty", *DOUBTFUL)
"""States of months that are counted. Where the police area's force published nothing, what others placed in
it would look like a small count; and shares are compared over the same months everywhere."""
BTP = "btp"
FIGURES_VERSION = 3
"""Raised when the same counts give other figures of a report."""
USUAL_MONTHS = 12
"""Months before a month that say what is usual."""
FEWEST_USUAL_MONTHS, FEWEST_USUAL_RECORDS = 3, 20
"""Under these nothing is called usual."""
SUSPECT_SHARE = 0.2
LARGE, LARGE_SHARE = 1000, 0.8
"""Areas with so many street crimes a month change little from one to the next: of 80 real changes the least
was 0.87 of what areas typically had, but for Kent's cut months (0.76 in 2018-11, 0.55 in 2018-12)."""
FEWEST_FORCES = 5
"""Fewer tell nothing about what is typical."""
SUSPECT_RATE = 0.5
"""Street crimes a month per 1,000 residents. Real areas have more than 3; what is found where a force
publishes nothing are its neighbours' records (Greater Manchester since 2019-07)."""


def judge(
    dataset: Dataset,
    force: str,
    month: date,
    population: int | None,
    records: int,
    earlier: Sequence[int],
    *,
    change: float,
    loaded: bool,
    in_scope: bool,
    listed_empty: bool,
) -> tuple[State, str]:
    """The state of a force in a month and the evidence for it.

    `earlier` are its records in the `USUAL_MONTHS` before, `change` what `typical_change` says of the month;
    `in_scope`: the force was asked for; `listed_empty`: the source named it, and its list was empty.
    """
    state, evidence = judge_counts(
        dataset, force, population, records, earlier,
        change=change, loaded=loaded, in_scope=in_scope, listed_empty=listed_empty,
    )  # fmt: skip
    issues = [known.evidence for known in gaps_known(dataset, force, month)]
    if state == "published" and issues:
        return "known_issue", "; ".join(issues)
    return state, "; ".join([evidence, *issues]) if loaded else evidence


def judge_counts(
    dataset: Dataset,
    force: str,
    population: int | None,
    records: int,
    earlier: Sequence[int],
    *,
    change: float,
    loaded: bool,
    in_scope: bool,
    listed_empty: bool,
) -> tuple[State, str]:
    """What the counts alone tell."""
    if not loaded:
        return "not_loaded", "no version of this month is loaded"
    if not in_scope:
        return "partial_suspected" if records else "not_loaded", "only other forces were asked for"
    if dataset is Dataset.STREET and is_spill_over(population, records):
        return "not_published", (
            f"{records} records among {population or 0:,} residents: fewer than {SUSPECT_RATE} per 1,000, "
            "as where only neighbouring forces and btp publish"
        )
    if records:
        doubt = doubt_about(dataset, records, earlier, change)
        return ("partial_suspected", doubt) if doubt else ("published", "records are loaded")
    if dataset is Dataset.STOPS:
        if listed_empty:
            return "published_empty", "the source lists it as published, with an empty list"
        return "not_published", "the source gave no stops of this force"
    if force == BTP:
        return "not_published", "the source gave no records of this force"
    return "not_published", "the source gave no records located in this area"


def months_judged_by(first: date, last: date) -> list[date]:
    """The months that states of these months depend on: they themselves and those that say what is usual."""
    start = months_after(first, -USUAL_MONTHS)
    months = (months_after(start, n) for n in count())
    return list(takewhile(lambda month: month <= last, months))


def revision_of(months: Iterable[tuple[date, tuple[int, int] | None]]) -> str:
    """Names what figures of some months are made of.

    Changes with the version or the outcome mapping of any of them, with the ONS edition, with the content of
    the reference tables and with the rules of figures. Each month comes with (version, mapping version) of
    its counts; None where it is not loaded.
    """
    text = f"{FIGURES_VERSION}|{current().name}|{figures.edition()}|" + ",".join(
        f"{format_month(month)}:{'/'.join(map(str, counts)) if counts else '-'}" for month, counts in months
    )
    return sha256(text.encode()).hexdigest()[:16]


def is_spill_over(population: int | None, records: int) -> bool:
    """Whether street crimes are so few that only neighbours and btp can have published them."""
    return 0 < records < SUSPECT_RATE * (population or 0) / 1000


def typical_change(forces: Iterable[tuple[int, Sequence[int]]]) -> float:
    """How a month compares with what is usual, in the median over forces; at most 1, 1 where too few tell.

    `forces` are the records of each in the month and in the `USUAL_MONTHS` before.
    """
    ratios = [
        records / median(usual)
        for records, earlier in forces
        if records and (usual := [count for count in earlier if count]) and median(usual) >= LARGE
    ]
    return min(1.0, median(ratios)) if len(ratios) >= FEWEST_FORCES else 1.0


def doubt_about(dataset: Dataset, records: int, earlier: Sequence[int], change: float) -> str | None:
    """Why a count is too small to be believed; None where it is not."""
    usual = [count for count in earlier if count]
    if not usual:
        return None
    typical = median(usual)
    if dataset is Dataset.STREET and typical >= LARGE and records < LARGE_SHARE * change * typical:
        return (
            f"{records} records, {records / typical:.0%} of the earlier months' median, {typical:g}, where "
            f"police areas typically had {change:.0%}"
        )
    if (
        len(usual) >= FEWEST_USUAL_MONTHS
        and typical >= FEWEST_USUAL_RECORDS
        and records < SUSPECT_SHARE * typical
    ):
        return f"{records} records, under {SUSPECT_SHARE:.0%} of the earlier months' median, {typical:g}"
    return None
