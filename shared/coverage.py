"""What can be said of one force in one month, and why. Pure.

Missing is never zero: a count of 0 is only stated where the source itself listed the force.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256
from statistics import median
from typing import Literal

from shared.model import Dataset, format_month
from shared.ons import bundled

State = Literal["published", "published_empty", "not_published", "partial_suspected", "not_loaded"]
"""published: records are loaded. published_empty: the source lists the force and its list is empty.
not_published: asked for, and nothing came. partial_suspected: far fewer than usual.
not_loaded: nothing was asked for, so nothing can be said."""

BTP = "btp"
FIGURES_VERSION = 1
"""Raised when the same counts give other figures of a report."""
USUAL_MONTHS = 12
"""Months before a month that say what is usual."""
FEWEST_USUAL_MONTHS, FEWEST_USUAL_RECORDS = 3, 20
"""Under these nothing is called usual."""
SUSPECT_SHARE = 0.2
SUSPECT_RATE = 0.5
"""Street crimes a month per 1,000 residents. Real areas have more than 3; what is found where a force
publishes nothing are its neighbours' records (Greater Manchester since 2019-07)."""


def judge(
    dataset: Dataset,
    force: str,
    population: int | None,
    records: int,
    earlier: Sequence[int],
    *,
    loaded: bool,
    in_scope: bool,
    listed_empty: bool,
) -> tuple[State, str]:
    """The state of a force in a month and the evidence for it.

    `earlier` are its records in the `USUAL_MONTHS` before; `in_scope`: the force was asked for;
    `listed_empty`: the source named it among those that published, and its list was empty.
    """
    if not loaded:
        return "not_loaded", "no version of this month is loaded"
    if not in_scope:
        return "partial_suspected" if records else "not_loaded", "only other forces were asked for"
    if records:
        doubt = doubt_about(dataset, population, records, earlier)
        return ("partial_suspected", doubt) if doubt else ("published", "records are loaded")
    if dataset is Dataset.STOPS:
        if listed_empty:
            return "published_empty", "the source lists it as published, with an empty list"
        return "not_published", "the source gave no stops of this force"
    if force == BTP:
        return "not_published", "the source gave no records of this force"
    return "not_published", "the source gave no records located in this area"


def revision_of(months: Iterable[tuple[date, tuple[int, int] | None]]) -> str:
    """Names what figures of some months are made of.

    Changes with the version or the outcome mapping of any of them, with the ONS edition and with the rules of
    figures. Each month comes with (version, mapping version) of its counts; None where it is not loaded.
    """
    text = f"{FIGURES_VERSION}|{bundled().title}|" + ",".join(
        f"{format_month(month)}:{'/'.join(map(str, counts)) if counts else '-'}" for month, counts in months
    )
    return sha256(text.encode()).hexdigest()[:16]


def is_spill_over(population: int | None, records: int) -> bool:
    """Whether street crimes are so few that only neighbours and btp can have published them."""
    return bool(population) and records < SUSPECT_RATE * (population or 0) / 1000


def doubt_about(dataset: Dataset, population: int | None, records: int, earlier: Sequence[int]) -> str | None:
    """Why a count is too small to be believed; None where it is not."""
    if dataset is Dataset.STREET and is_spill_over(population, records):
        return (
            f"{records} records among {population or 0:,} residents: fewer than {SUSPECT_RATE} per 1,000, "
            "as where only neighbouring forces and btp publish"
        )
    usual = [count for count in earlier if count]
    if len(usual) < FEWEST_USUAL_MONTHS or median(usual) < FEWEST_USUAL_RECORDS:
        return None
    if records < SUSPECT_SHARE * median(usual):
        return (
            f"{records} records, under {SUSPECT_SHARE:.0%} of the earlier months' median, {median(usual):g}"
        )
    return None
