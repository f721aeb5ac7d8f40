"""What the figures of a report are made of. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.area_figures.refusal import Refusal
from shared.coverage import COUNTED, State
from shared.model import format_month
from shared.ons import OnsEdition
from shared.tiers import Window

NO_NAME = "On or near a street without a name"


@dataclass(frozen=True)
class CrimeCount:
    """Street crimes inside the radius: of a month, a category and a published outcome."""

    month: date
    category: str
    outcome_group: str
    is_pending: bool
    n: int


@dataclass(frozen=True)
class AreaCount:
    """Street crimes of a police area, or of all: of a month and a category."""

    month: date
    category: str
    located: int
    unlocated: int


@dataclass(frozen=True)
class MonthState:
    """What is known of one month of the window for the police area."""

    month: date
    version: int | None
    release: date | None
    state: State
    evidence: str


@dataclass(frozen=True)
class Place:
    """Where the report is about."""

    postcode: str
    latitude: float
    longitude: float
    force: str
    force_name: str
    source: str
    """Where the postcode's centroid comes from."""


@dataclass(frozen=True)
class Neighbour:
    """Another police area that the radius reaches into, and the counted months that it has data of."""

    force: str
    name: str
    months_with_data: int


@dataclass(frozen=True)
class Counts:
    """All that figures are made of."""

    place: Place
    window: Window
    months: Sequence[MonthState]
    crimes: Sequence[CrimeCount]
    neighbours: Sequence[Neighbour]
    railway_months: int
    """Counted months that the British Transport Police has data of."""
    locations: Sequence[tuple[str, int]]
    """Published street names inside the radius with their street crimes."""
    area: Sequence[AreaCount]
    country: Mapping[str, int]
    """Located street crimes of England and Wales in the same months, by category."""
    country_forces: int
    """Police areas that have records in these months."""
    categories: Mapping[str, str]
    """Names by slug."""
    outcome_groups: Mapping[str, str]
    """Labels by slug, in the order in which they are shown."""
    ons: OnsEdition
    revision: str


@dataclass(frozen=True)
class Area:
    """The police area of a postcode."""

    id: int
    slug: str
    name: str
    population: int | None


@dataclass(frozen=True)
class Point:
    """A map point inside the radius with its street crimes in the window; degrees of WGS 84."""

    latitude: float
    longitude: float
    name: str
    n: int


def street_name(published: str | None) -> str:
    """A published name; some end after `On or near`."""
    name = " ".join((published or "").split())
    return name if name and name != "On or near" else NO_NAME


def by_name(points: Sequence[Point]) -> list[tuple[str, int]]:
    """Crimes by street name: one street has several map points. Letter case differs between months."""
    totals: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for point in points:
        name = shown.setdefault(point.name.casefold(), point.name)
        totals[name] += point.n
    return list(totals.items())


def refuse_silence(area: Area, window: Window, months: Sequence[MonthState]) -> None:
    """Refuse a report on a force of which nothing is published: its zeros would be taken for counts."""
    if any(state.state in COUNTED for state in months):
        return
    span = f"{format_month(window.first)} to {format_month(window.last)}"
    if all(state.state == "not_loaded" for state in months):
        raise Refusal(
            "force-not-loaded",
            f"no street crimes of {area.name} are loaded here for {span}: {months[-1].evidence}",
            field="postcode",
        )
    raise Refusal(
        "force-not-published",
        f"{area.name} has published no street crimes for {span} as far as they are loaded: "
        f"{months[-1].evidence}. Missing is not zero, so there are no figures; a tier that looks further "
        "back may have some.",
        field="postcode",
    )
