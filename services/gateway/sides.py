"""One side of a comparison: a force, the country, or an area around or inside something, in some months."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.gateway.area import Circle, Shape
from services.gateway.context import of_grid
from services.gateway.coverage import Facts
from services.gateway.cubes import Cube
from services.gateway.errors import ParameterError
from services.gateway.search_store import points_in
from services.gateway.statistics import KINDS, Question, allowed, asked_forces, count, is_silent
from services.gateway.statistics_schemas import Side
from services.gateway.store import Snapshot, sql
from services.gateway.vocabulary import Vocabulary
from shared.coverage import BTP
from shared.model import Dataset, format_month
from shared.ons import OnsEdition

COUNTRY = OnsEdition.COUNTRY
POINT_COUNTS = {Dataset.STREET: "street_point_count", Dataset.STOPS: "stop_point_count"}
FIRST_COLUMN = {Dataset.STREET: "category", Dataset.STOPS: "object"}
"""What the counts of points have beside the outcome."""
AREAS = ("circle", "postcode", "bbox", "polygon")
FORM = (
    f"{COUNTRY}, a force, circle:latitude,longitude,metres, postcode:EC2M 7PY,metres, "
    "bbox:west,south,east,north or polygon:{GeoJSON}"
)


@dataclass(frozen=True)
class Place:
    """Where a side is: `text` as it was asked for; without an area it is a force or the country."""

    text: str
    area: Circle | Shape | None = None


@dataclass(frozen=True)
class Counted:
    """A side, counted by slug."""

    side: Side
    counts: Counter[str]


def area_parameters(text: str) -> dict[str, str] | None:
    """A place as the parameters of a search; None for a force or the country."""
    kind, colon, rest = text.partition(":")
    if not colon or kind not in AREAS:
        return None
    if kind == "circle":
        return dict(zip(("latitude", "longitude", "radius"), rest.split(",", 2), strict=False))
    if kind == "postcode":
        return dict(zip(("postcode", "radius"), rest.split(",", 1), strict=False))
    return {kind: rest}


def read_force_place(name: str, text: str, valid: Sequence[str]) -> Place:
    """The country or a force."""
    if text not in valid:
        raise ParameterError(name, f"'{text[:40]}' is none of {', '.join(valid)}", list(valid))
    return Place(text)


def count_force(cube: Cube, words: Vocabulary, facts: Facts, question: Question, place: Place) -> Counted:
    """Count without the months of which a force told nothing: there only its neighbours are counted."""
    forces = asked_forces(question, facts)
    counts = count(cube, words, question)
    notes = []
    for force in forces:
        silent = [
            month
            for month in question.months
            if (question.dataset, month) in facts.loaded and is_silent(facts, question.dataset, month, force)
        ]
        if not silent:
            continue
        notes.append(f"{force.slug} published nothing in {', '.join(map(format_month, silent))}: left out")
        alone = {**question.filters, "force": [force.slug]}
        counts.subtract(count(cube, words, replace(question, months=silent, filters=alone)))
    shares = Counter({key[0]: n for key, n in counts.items() if n})
    return described(facts, question, place, [force.slug for force in forces], shares, notes)


async def count_area(
    snapshot: Snapshot,
    words: Vocabulary,
    facts: Facts,
    question: Question,
    place: Place,
    forces: Sequence[str],
) -> Counted:
    """Count the map points of an area; `forces` are those that it touches."""
    # The British Transport Police has records everywhere: they do not speak for the area's own forces.
    own = [force for force in facts.forces if force.slug in forces and force.slug != BTP]
    told = [
        month
        for month in question.months
        if not own or not all(is_silent(facts, question.dataset, month, force) for force in own)
    ]
    passing = allowed(words, question)
    assert place.area is not None
    points = await points_in(snapshot, place.area)
    rows = await snapshot.connection.fetch(
        sql("count_area", table=POINT_COUNTS[question.dataset]),
        points, told, passing.get(FIRST_COLUMN[question.dataset]), passing.get("outcome"),
    )  # fmt: skip
    spoken = await asyncio.to_thread(words_of, words, question)
    column = 0 if question.by[0] == FIRST_COLUMN[question.dataset] else 1
    counts: Counter[str] = Counter()
    for row in rows:
        counts[spoken[row[column]]] += row["n"]
    notes = ["records without a location are in no area"]
    silent = [
        format_month(month)
        for month in question.months
        if month not in told and (question.dataset, month) in facts.loaded
    ]
    if silent:
        notes.append(f"no force of this area published anything in {', '.join(silent)}: left out")
    return described(facts, question, place, forces, counts, notes)


def words_of(words: Vocabulary, question: Question) -> Mapping[int, str]:
    """The slug of each number of what is counted by."""
    kinds, [by] = KINDS[question.dataset], question.by
    return words.groups.get(kinds["outcome"], {}) if by == "outcome_group" else words.slugs.get(kinds[by], {})


def described(
    facts: Facts,
    question: Question,
    place: Place,
    forces: Sequence[str],
    counts: Counter[str],
    notes: list[str],
) -> Counted:
    """The side with what is missing of it."""
    held = of_grid(facts, question.dataset, question.months, forces)
    side = Side(
        place=place.text,
        months=[format_month(month) for month in question.months],
        data_version=held.data_version,
        missing_months=held.missing_months,
        total=sum(counts.values()),
        gaps=held.gaps,
        notes=held.notes + notes,
    )
    return Counted(side, counts)
