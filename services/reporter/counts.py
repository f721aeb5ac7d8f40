"""What the figures of a report are made of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporter.ons import OnsEdition
from services.reporter.tiers import Window
from shared.coverage import State


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
class Counts:
    """All that figures are made of."""

    place: Place
    window: Window
    months: Sequence[MonthState]
    crimes: Sequence[CrimeCount]
    neighbours: Sequence[tuple[str, int]]
    """Other police areas that the radius reaches into: name, and counted months that they have data of."""
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
