"""What is known and what is missing, per force, month and dataset. Pure.

Missing is never zero: a count of 0 is only stated where the source itself listed the force.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from services.gateway.schemas import (
    DatasetCoverage,
    Force,
    ForceState,
    Gap,
    GridState,
    Issue,
    MonthCoverage,
    Rejection,
    Span,
)
from shared import coverage
from shared.coverage import State
from shared.known_issues import known_issues
from shared.model import Dataset, format_month, months_after, next_month

COUNTED_BY = {
    Dataset.STREET: "police area of the location; without a location, the publishing force; btp apart",
    Dataset.OUTCOMES: "police area of the crime's location; btp apart",
    Dataset.STOPS: "force that published the stop",
}


@dataclass(frozen=True)
class KnownForce:
    """A row of the reference table."""

    slug: str
    name: str
    population: int | None


@dataclass(frozen=True)
class LoadedMonth:
    """The version of a month that readers see, and what the maps show of it."""

    version: int
    source: str
    release: date | None
    loaded_at: datetime
    records: int
    grid: GridState | None


@dataclass(frozen=True)
class Count:
    """Records of a force in a month."""

    located: int
    unlocated: int

    @property
    def records(self) -> int:
        """Both."""
        return self.located + self.unlocated


NOTHING = Count(0, 0)
Month = tuple[Dataset, date]


@dataclass(frozen=True)
class Facts:
    """Everything that the database says about coverage at one revision."""

    revision: str
    forces: tuple[KnownForce, ...]
    loaded: dict[Month, LoadedMonth]
    counts: dict[Month, dict[str | None, Count]]
    scopes: dict[Month, frozenset[str]]
    """The forces that were asked for, where it was not the whole country."""
    listed_empty: frozenset[tuple[date, str]]
    """Stops: the source named the force among those that published, and its list was empty."""
    rejected: tuple[Rejection, ...]
    judged: dict[tuple[Dataset, date, str], tuple[State, str]] = field(default_factory=dict, compare=False)
    """What was judged already: it takes a while for a country."""
    changes: dict[Month, float] = field(default_factory=dict, compare=False)
    """How months typically compare with those before, as far as it was worked out."""

    @property
    def names(self) -> dict[str, str]:
        """Of forces, by slug."""
        return {force.slug: force.name for force in self.forces}

    def months(self, dataset: Dataset) -> list[date]:
        """The loaded months, oldest first."""
        return sorted(month for held, month in self.loaded if held is dataset)

    def count(self, dataset: Dataset, month: date, force: str | None) -> Count:
        """Records of a force; nothing where there are none."""
        return self.counts.get((dataset, month), {}).get(force, NOTHING)

    def earlier(self, dataset: Dataset, month: date, force: str) -> list[int]:
        """Records of a force in the months that say what is usual."""
        return [
            self.count(dataset, months_after(month, -back), force).records
            for back in range(1, coverage.USUAL_MONTHS + 1)
        ]


def dataset_coverage(
    facts: Facts, dataset: Dataset, months: Sequence[date] | None, forces: Iterable[str] | None
) -> DatasetCoverage:
    """One dataset; `months` and `forces` limit the rows, never the totals."""
    held = facts.months(dataset)
    shown = held if months is None else months
    return DatasetCoverage(
        dataset=dataset,
        counted_by=COUNTED_BY[dataset],
        records=sum(facts.loaded[dataset, month].records for month in held),
        first_month=format_month(held[0]) if held else None,
        last_month=format_month(held[-1]) if held else None,
        missing_months=[format_month(month) for month in months_between(held)],
        months=[month_coverage(facts, dataset, month, forces) for month in shown],
    )


def month_coverage(
    facts: Facts, dataset: Dataset, month: date, forces: Iterable[str] | None
) -> MonthCoverage:
    """One month of one dataset."""
    loaded = facts.loaded.get((dataset, month))
    counts = facts.counts.get((dataset, month), {}).values()
    rows = [
        force_state(facts, dataset, month, force)
        for force in facts.forces
        if forces is None or force.slug in forces
    ]
    outside = facts.count(dataset, month, None)
    if forces is None and outside.records:
        rows.append(row(None, "published", outside, "outside every police area"))
    return MonthCoverage(
        month=format_month(month),
        loaded=loaded is not None,
        version=loaded.version if loaded else None,
        release=format_month(loaded.release) if loaded and loaded.release else None,
        source=loaded.source if loaded else None,
        loaded_at=loaded.loaded_at if loaded else None,
        records=loaded.records if loaded else None,
        located=sum(count.located for count in counts) if loaded else None,
        unlocated=sum(count.unlocated for count in counts) if loaded else None,
        grid=loaded.grid if loaded else None,
        forces=rows,
    )


def force_state(facts: Facts, dataset: Dataset, month: date, force: KnownForce) -> ForceState:
    """What can be said of one force in one month, and why."""
    count = facts.count(dataset, month, force.slug)
    state, evidence = judge(facts, dataset, month, force)
    return row(force.slug, state, count if count.records or state == "published_empty" else None, evidence)


def judge(facts: Facts, dataset: Dataset, month: date, force: KnownForce) -> tuple[State, str]:
    """The state of a force and the evidence for it."""
    known = facts.judged.get((dataset, month, force.slug))
    if known is None:
        known = facts.judged[dataset, month, force.slug] = judge_anew(facts, dataset, month, force)
    return known


def judge_anew(facts: Facts, dataset: Dataset, month: date, force: KnownForce) -> tuple[State, str]:
    """The same, worked out."""
    if (dataset, month) not in facts.changes:
        facts.changes[dataset, month] = coverage.typical_change(
            (facts.count(dataset, month, one.slug).records, facts.earlier(dataset, month, one.slug))
            for one in facts.forces
            if one.population  # the police areas of England and Wales
        )
    return coverage.judge(
        dataset,
        force.slug,
        month,
        force.population,
        facts.count(dataset, month, force.slug).records,
        facts.earlier(dataset, month, force.slug),
        change=facts.changes[dataset, month],
        loaded=(dataset, month) in facts.loaded,
        in_scope=force.slug in facts.scopes.get((dataset, month), {force.slug}),
        listed_empty=(month, force.slug) in facts.listed_empty,
    )


def row(force: str | None, state: State, count: Count | None, evidence: str) -> ForceState:
    """A row; without a count it says null, not zero."""
    if count is None:
        return ForceState(force, state, None, None, None, evidence)
    return ForceState(force, state, count.records, count.located, count.unlocated, evidence)


def gaps(facts: Facts, dataset: Dataset, months: Iterable[date], forces: Iterable[str]) -> list[Gap]:
    """Where records of these forces are, or may be, missing from these loaded months."""
    known = {force.slug: force for force in facts.forces}
    states = (
        (month, force, judge(facts, dataset, month, known[force]))
        for month in months
        for force in sorted(forces)
    )
    return [
        Gap(format_month(month), force, state, evidence)
        for month, force, (state, evidence) in states
        if state not in ("published", "published_empty")
    ]


def issues(datasets: Sequence[Dataset], forces: Collection[str] | None, today: date) -> list[Issue]:
    """What is known from elsewhere of some datasets and forces; None is all."""
    return [
        Issue(
            id=known.id,
            force=known.force,
            datasets=[str(dataset) for dataset in known.datasets],
            since=format_month(known.since) if known.since else None,
            until=format_month(known.until) if known.until else None,
            effect=known.effect,
            issue=known.issue,
            source=known.source,
            verified=known.verified.isoformat(),
            is_stale=known.is_stale(today),
        )
        for known in known_issues()
        if set(known.datasets) & set(datasets) and (forces is None or known.force in (None, *forces))
    ]


def force_list(facts: Facts) -> list[Force]:
    """Every force with the months that have its records."""
    return [
        Force(force.slug, force.name, force.population, datasets=spans(facts, force.slug))
        for force in facts.forces
    ]


def spans(facts: Facts, force: str) -> dict[str, Span]:
    """First and last month with records, per dataset that has any."""
    months = {
        dataset: [month for month in facts.months(dataset) if facts.count(dataset, month, force).records]
        for dataset in Dataset
    }
    return {
        str(dataset): Span(format_month(held[0]), format_month(held[-1]), len(held))
        for dataset, held in months.items()
        if held
    }


def months_between(held: Sequence[date]) -> list[date]:
    """Months that are missing between the first and the last."""
    missing = []
    for before, after in pairwise(held):
        month = next_month(before)
        while month < after:
            missing.append(month)
            month = next_month(month)
    return missing
