"""The shapes of all answers. A month is `YYYY-MM`, a force the API's slug; missing is null, never 0."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from shared.coverage import State
from shared.known_issues import Effect

SHAPE_VERSION = 2
"""Raised when an answer changes its shape: what clients keep is then no longer taken as current."""

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
METHODOLOGY = "/api/v1/methodology"
"""Where the limitations of all numbers are told."""
ATTRIBUTION = (
    "Contains public sector information licensed under the Open Government Licence v3.0. "
    "Source: data.police.uk."
)


class Problem(Struct, omit_defaults=True):
    """What went wrong (RFC 9457); `valid` lists what `parameter` may be."""

    title: str
    status: int
    detail: str
    instance: str
    parameter: str | None = None
    valid: list[str] | None = None


class ForceState(Struct):
    """One force in one month of one dataset; `force` is null for records outside every police area."""

    force: str | None
    state: State
    records: int | None
    located: int | None
    unlocated: int | None
    evidence: str


class GridState(Struct):
    """What the maps show of a month."""

    version: int
    mapping_version: int
    rebuilt_at: datetime
    without_cell: int
    is_current: bool
    """False while the maps still show an older version of the month."""


class MonthCoverage(Struct):
    """One month of one dataset. `release` is the newest month that the source had then."""

    month: str
    loaded: bool
    version: int | None
    release: str | None
    source: str | None
    loaded_at: datetime | None
    records: int | None
    located: int | None
    unlocated: int | None
    grid: GridState | None
    forces: list[ForceState]


class DatasetCoverage(Struct):
    """Totals of a dataset over everything that is loaded, and the months that were asked for."""

    dataset: str
    counted_by: str
    records: int
    first_month: str | None
    last_month: str | None
    missing_months: list[str]
    months: list[MonthCoverage]


class Rejection(Struct):
    """A month whose newest run the gate refused; `kept_version` is what readers still see, if anything."""

    dataset: str
    month: str
    reasons: list[str]
    decided_at: datetime
    kept_version: int | None


class Issue(Struct):
    """What is known of the published data from elsewhere; `force` null is every force, null months are open.

    `effect`: missing, doubtful, or kind, which is always so. `is_stale`: verified more than 180 days ago.
    """

    id: str
    force: str | None
    datasets: list[str]
    since: str | None
    until: str | None
    effect: Effect
    issue: str
    source: str
    verified: str
    is_stale: bool


class Coverage(Struct):
    """What is held, what is missing, and how we know."""

    revision: str
    datasets: list[DatasetCoverage]
    rejected: list[Rejection]
    known_issues: list[Issue]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class LedgerFilters(Struct):
    """What was asked for of a ledger; null is all."""

    dataset: list[str] | None
    months: list[str] | None
    force: list[str] | None


class Reason(Struct):
    """Why records were set aside."""

    reason: str
    records: int


class Proof(Struct):
    """received + kept_from_previous = stored + duplicates + out_of_scope + set_aside; stored = counted."""

    dataset: str
    month: str
    version: int
    received: int
    kept_from_previous: int
    stored: int
    duplicates: int
    out_of_scope: int
    set_aside: int
    counted: int
    """Counted anew in the records, for this answer."""
    set_aside_reasons: list[Reason]
    equation: str
    holds: bool
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class Span(Struct):
    """The first and the last month with records of a force."""

    first_month: str
    last_month: str
    months: int


class Force(Struct):
    """A force; `population` is that of its area in mid-2023, `datasets` those that have records."""

    id: str
    name: str
    population: int | None
    datasets: dict[str, Span]


class ForceList(Struct):
    """All forces that publish or could."""

    revision: str
    forces: list[Force]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class Polygon(Struct):
    """A closed ring, counter-clockwise, of longitudes and latitudes in degrees."""

    coordinates: list[list[list[float]]]
    type: Literal["Polygon"] = "Polygon"


class HexProperties(Struct):
    """Records of a cell (i, j), by outcome group and by category; only what passed the filters."""

    level: int
    i: int
    j: int
    total: int
    outcome_groups: dict[str, int]
    categories: dict[str, int]


class HexFeature(Struct):
    """A hexagon with its counts."""

    id: str
    geometry: Polygon
    properties: HexProperties
    type: Literal["Feature"] = "Feature"


class HexFilters(Struct):
    """What was asked for. A cell is in the answer if it shares a point with the rectangle `bbox`."""

    dataset: str
    level: int
    bbox: list[float]
    months: list[str]
    category: list[str] | None
    outcome_group: list[str] | None


class Gap(Struct):
    """A force near the rectangle whose records of a month are, or may be, missing from the cells."""

    month: str
    force: str
    state: State
    evidence: str


class HexCollection(Struct):
    """GeoJSON. `data_version` says which version of each month was counted."""

    data_version: dict[str, int]
    missing_months: list[str]
    filters: HexFilters
    outcome_groups: dict[str, str]
    """Slug and public words of each group."""
    mapping_version: int
    total: int
    gaps: list[Gap]
    notes: list[str]
    features: list[HexFeature]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    type: Literal["FeatureCollection"] = "FeatureCollection"


class Words(Struct):
    """By dataset and dimension: what was published for each slug that a filter takes."""

    revision: str
    datasets: dict[str, dict[str, dict[str, str]]]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class Newest(Struct):
    """The newest month of a dataset; `release` is the newest month that the source had then."""

    month: str
    version: int
    release: str | None
    loaded_at: datetime
    counted_at: datetime | None
    months: int


class Freshness(Struct):
    """How new the data are; null where nothing is loaded."""

    revision: str
    datasets: dict[str, Newest | None]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class PostcodePlace(Struct):
    """A postcode's centre in degrees, and the police area that it lies in; `source` says who knows it."""

    postcode: str
    latitude: float
    longitude: float
    force: str | None
    source: str
    attribution: str = (
        "Contains OS data © Crown copyright and database right; contains Royal Mail data © Royal Mail "
        "copyright and database right; contains National Statistics data. Open Government Licence v3.0."
    )
