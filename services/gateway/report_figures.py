"""The figures of a report, as far as the gateway shows them; the reporter's JSON has more."""

from msgspec import Struct


class Month(Struct, frozen=True):
    """A month of the window. `crimes` is null where nothing is known; `version` where nothing is loaded."""

    month: str
    state: str
    crimes: int | None
    version: int | None


class Category(Struct, frozen=True):
    """A category's count; shares in per cent, differences (`_pp`) in percentage points."""

    name: str
    crimes: int
    share: float | None
    area_share: float | None
    area_pp: float | None
    country_share: float | None
    country_pp: float | None


class Location(Struct, frozen=True):
    """A published street name with its crimes."""

    name: str
    crimes: int


class Neighbour(Struct, frozen=True):
    """Another police area inside the radius, and the counted months that it has data of."""

    name: str
    months_with_data: int


class Figures(Struct, frozen=True):
    """What a report states."""

    postcode: str
    latitude: float
    longitude: float
    force_name: str
    tier: str
    radius_m: int
    first_month: str
    last_month: str
    months: list[Month]
    missing_months: list[str]
    neighbours: list[Neighbour]
    revision: str
    release: str | None
    crimes: int
    categories: list[Category]
    locations: list[Location]
    location_names: int
    outcome_groups: dict[str, str]
    outcomes: dict[str, int]
    resolution_rate: float | None
    railway_months: int | None = None
    """Of the counted months those that the British Transport Police has data of; older reports do not say."""
