"""The vocabulary of data.police.uk as tables: forces, categories, outcomes and their public groups.

The CSV files beside this module are the mapping; no code knows a label. Whoever changes what a label means
raises `MAPPING_VERSION` (a test holds the two together). Sources: README.md in this folder.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, TypeVar

MAPPING_VERSION = 1
"""Raised with every change of street_outcomes.csv, stop_outcomes.csv or outcome_groups.csv."""

NO_OUTCOME = "none"
"""Group of street crimes for which no outcome is published."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Force:
    """A force whose data are published. `pfa_code` and `population` are None for BTP and Northern Ireland."""

    id: str
    name: str
    csv_name: str
    pfa_code: str | None
    population: int | None
    in_api_list: bool


@dataclass(frozen=True, slots=True)
class Category:
    """A category of street crime; months are `YYYY-MM`, `until` is None while it is in use."""

    slug: str
    name: str
    csv_names: tuple[str, ...]
    since: str
    until: str | None
    is_crime: bool


@dataclass(frozen=True, slots=True)
class StreetOutcome:
    """An outcome of a street crime. `names` holds every published spelling, the API's first."""

    code: str
    names: tuple[str, ...]
    group: str
    stage: str
    is_final: bool
    decided_by: Literal["police", "court"]


@dataclass(frozen=True, slots=True)
class StopOutcome:
    """An outcome of a stop. `raw` is the JSON value as published: a string, False or None."""

    raw: str | Literal[False] | None
    id: str | None
    vocabulary: str
    group: str
    any_action: bool | None


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    """A public group of outcomes of one dataset, with the words that readers see."""

    dataset: Literal["street", "stops"]
    group: str
    label: str
    in_denominator: bool


@cache
def forces() -> tuple[Force, ...]:
    """All 45 forces, by id."""
    rows = _read("forces.csv", _force)
    _require_unique("forces.csv", [row.id for row in rows])
    _require_unique("forces.csv", [row.csv_name for row in rows])
    return rows


@cache
def categories() -> tuple[Category, ...]:
    """The 14 categories of today and those of older archive months, by slug."""
    rows = _read("categories.csv", _category)
    _require_unique("categories.csv", [row.slug for row in rows])
    _require_unique("categories.csv", [name for row in rows for name in row.csv_names])
    return rows


@cache
def street_outcomes() -> tuple[StreetOutcome, ...]:
    """All 28 outcomes of street crimes, in the order of the publisher's list."""
    rows = _read("street_outcomes.csv", _street_outcome)
    _require_unique("street_outcomes.csv", [row.code for row in rows])
    _require_unique("street_outcomes.csv", [name for row in rows for name in row.names])
    _require_known_groups("street_outcomes.csv", "street", [row.group for row in rows])
    return rows


@cache
def stop_outcomes() -> tuple[StopOutcome, ...]:
    """Every published outcome of a stop, of all vocabularies, with JSON false, the empty string and null."""
    rows = _read("stop_outcomes.csv", _stop_outcome)
    _require_unique("stop_outcomes.csv", [row.raw for row in rows])
    _require_known_groups("stop_outcomes.csv", "stops", [row.group for row in rows])
    return rows


@cache
def outcome_groups() -> tuple[OutcomeGroup, ...]:
    """The public groups; those of `street` hold for the outcomes dataset too."""
    rows = _read("outcome_groups.csv", _outcome_group)
    _require_unique("outcome_groups.csv", [(row.dataset, row.group) for row in rows])
    _require_unique("outcome_groups.csv", [(row.dataset, row.label) for row in rows])
    return rows


def _force(row: dict[str, str]) -> Force:
    population = row["population_mid_2023"]
    return Force(
        id=row["id"],
        name=row["name"],
        csv_name=row["csv_name"],
        pfa_code=row["pfa_code"] or None,
        population=int(population) if population else None,
        in_api_list=_boolean(row["in_api_list"]),
    )


def _category(row: dict[str, str]) -> Category:
    return Category(
        slug=row["slug"],
        name=row["name"],
        csv_names=_list(row["csv_names"]),
        since=row["since"],
        until=row["until"] or None,
        is_crime=_boolean(row["is_crime"]),
    )


def _street_outcome(row: dict[str, str]) -> StreetOutcome:
    decided_by = row["decided_by"]
    if decided_by not in ("police", "court"):
        raise ValueError(f"'{decided_by}' decides nothing: police or court")
    return StreetOutcome(
        code=row["code"],
        names=(row["name"], *_list(row["other_names"])),
        group=row["group"],
        stage=row["stage"],
        is_final=_boolean(row["is_final"]),
        decided_by="police" if decided_by == "police" else "court",
    )


def _stop_outcome(row: dict[str, str]) -> StopOutcome:
    return StopOutcome(
        raw=_json_value(row["raw"], row["raw_type"]),
        id=row["id"] or None,
        vocabulary=row["vocabulary"],
        group=row["group"],
        any_action=_boolean(row["any_action"]) if row["any_action"] else None,
    )


def _outcome_group(row: dict[str, str]) -> OutcomeGroup:
    dataset = row["dataset"]
    if dataset not in ("street", "stops"):
        raise ValueError(f"'{dataset}' has no outcome groups: street or stops")
    return OutcomeGroup(
        dataset="street" if dataset == "street" else "stops",
        group=row["group"],
        label=row["label"],
        in_denominator=_boolean(row["in_denominator"]),
    )


def _read(name: str, parse: Callable[[dict[str, str]], Row]) -> tuple[Row, ...]:
    lines = files(__name__).joinpath(name).read_text(encoding="utf-8").splitlines()
    return tuple(parse(row) for row in csv.DictReader(lines))


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"'{text}' is neither true nor false")
    return text == "true"


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def _json_value(text: str, json_type: str) -> str | Literal[False] | None:
    match json_type, text:
        case "string", _:
            return text
        case "boolean", "false":
            return False
        case "null", "":
            return None
    raise ValueError(f"raw value '{text}' of type '{json_type}': string, boolean false or an empty null")


def _require_unique(name: str, keys: list[Row]) -> None:
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise ValueError(f"{name} has {twice} more than once")


def _require_known_groups(name: str, dataset: str, groups: Iterable[str]) -> None:
    known = {row.group for row in outcome_groups() if row.dataset == dataset}
    unknown = set(groups) - known
    if unknown:
        raise ValueError(f"{name} has the groups {sorted(unknown)}: outcome_groups.csv knows {sorted(known)}")
