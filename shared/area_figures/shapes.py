"""The figures that a report states, as they are drawn, printed, and given out as data. Pure."""

from hashlib import sha256

import msgspec
from msgspec import Struct


class Month(Struct, frozen=True):
    """A month of the window. `crimes` is null where nothing is known; `state` and `evidence` say why."""

    month: str
    state: str
    evidence: str
    crimes: int | None
    version: int | None


class Category(Struct, frozen=True):
    """A category's count, and its share in per cent here, in the police area and in England and Wales.

    `area_pp` and `country_pp` are percentage points: here less there. Null where there is nothing to compare.
    """

    slug: str
    name: str
    crimes: int
    share: float | None
    area_share: float | None
    country_share: float | None
    area_pp: float | None
    country_pp: float | None


class OnsCategory(Struct, frozen=True):
    """A category's share of the crimes that ONS counts too, in per cent; differences in percentage points."""

    slug: str
    name: str
    offence_groups: str
    crimes: int
    share: float | None
    area_rate: float | None
    country_rate: float
    """Recorded per 1,000 residents."""
    area_share: float | None
    country_share: float
    area_pp: float | None
    country_pp: float | None


class Location(Struct, frozen=True):
    """A published street name, such as `On or near Bow Lane`, and the street crimes placed there."""

    name: str
    crimes: int


class Neighbour(Struct, frozen=True):
    """Another police area that the radius reaches into, and in how many of the counted months it has data.

    In the other months its part of the radius is a gap.
    """

    force: str
    name: str
    months_with_data: int


class Cohort(Struct, frozen=True):
    """Crimes of one month by what is published of their outcome; anti-social behaviour has none.

    `resolution_rate` is positive and local outcomes in per cent of those with any outcome; null without one.
    """

    month: str
    crimes: int
    groups: dict[str, int]
    pending: int
    resolution_rate: float | None
    is_finished: bool


class Figures(Struct, frozen=True):
    """Everything a report states. Its canonical JSON is what the checksum is of."""

    figures_version: int
    postcode: str
    latitude: float
    longitude: float
    postcode_source: str
    force: str
    force_name: str
    tier: str
    radius_m: int
    first_month: str
    last_month: str
    months: list[Month]
    missing_months: list[str]
    neighbours: list[Neighbour]
    railway_months: int
    """Of the counted months those that the British Transport Police has data of; in the others crimes on
    railways are missing."""
    revision: str
    release: str | None
    crimes: int
    categories: list[Category]
    locations: list[Location]
    location_names: int
    """Street names with crimes, of which `locations` has the most frequent."""
    outcome_groups: dict[str, str]
    outcomes: dict[str, int]
    pending: int
    resolution_rate: float | None
    cohorts: list[Cohort]
    area_crimes: int
    area_unlocated: int
    area_unlocated_share: float | None
    country_crimes: int
    country_forces: int
    ons_edition: str
    ons_population: str
    ons_categories: list[OnsCategory]


def canonical(figures: Figures) -> bytes:
    """The bytes that stand for the figures: keys sorted, no white space."""
    return msgspec.json.encode(figures, order="sorted")


def checksum(figures: Figures) -> str:
    """SHA-256 of the canonical JSON, hexadecimal."""
    return sha256(canonical(figures)).hexdigest()
