"""The shapes of statistics, trends and comparisons. Missing is null, never 0."""

from msgspec import Struct

from services.gateway.schemas import ATTRIBUTION, LICENCE, METHODOLOGY, Gap


class Statistics(Struct):
    """Counts along some dimensions. A row has the slug of each dimension of `by`, `count` and `share`.

    `share` is in per cent of `total`. A count is null where a force published nothing, and, with `hidden`, of
    fewer than five people. A combination without a row was counted and is zero.
    """

    dataset: str
    by: list[str]
    filters: dict[str, list[str]]
    months: list[str]
    data_version: dict[str, int]
    missing_months: list[str]
    total: int | None
    rows: list[dict[str, str | int | float | bool | None]]
    labels: dict[str, dict[str, str]]
    """By dimension: what was published for a slug."""
    gaps: list[Gap]
    notes: list[str]
    methodology: str = METHODOLOGY
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class TrendMonth(Struct):
    """A month's count beside that of the year before, and sums of twelve months. Null where not known.

    `change_percent` is in per cent of `same_month_last_year`.
    """

    month: str
    count: int | None
    same_month_last_year: int | None
    change: int | None
    change_percent: float | None
    rolling_12: int | None
    rolling_12_last_year: int | None


class Trend(Struct):
    """A count month by month."""

    dataset: str
    filters: dict[str, list[str]]
    data_version: dict[str, int]
    missing_months: list[str]
    rows: list[TrendMonth]
    gaps: list[Gap]
    notes: list[str]
    methodology: str = METHODOLOGY
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class OutcomeCohort(Struct):
    """The crimes of a month by what is published of their outcome by now; anti-social behaviour has none.

    `pending` are those whose newest outcome says that there will be another. `is_finished` is false while so
    little time has passed that many outcomes are still to come. Shares and rate are in per cent.
    """

    month: str
    crimes: int
    with_outcome: int
    with_outcome_share: float | None
    groups: dict[str, int]
    pending: int
    resolution_rate: float | None
    is_finished: bool


class OutcomeFunnel(Struct):
    """Cohorts of crimes with their outcomes."""

    filters: dict[str, list[str]]
    data_version: dict[str, int]
    missing_months: list[str]
    outcome_groups: dict[str, str]
    """Slug and public words of each group."""
    rows: list[OutcomeCohort]
    gaps: list[Gap]
    notes: list[str]
    methodology: str = METHODOLOGY
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class ComparedRow(Struct):
    """One slug on both sides; shares in per cent of the side; `difference_pp` in points: a less b."""

    slug: str
    a_count: int
    a_share: float | None
    b_count: int
    b_share: float | None
    difference_pp: float | None


class Side(Struct):
    """One side of a comparison: where and when, and what is missing of it."""

    place: str
    months: list[str]
    data_version: dict[str, int]
    missing_months: list[str]
    total: int
    gaps: list[Gap]
    notes: list[str]


class Comparison(Struct):
    """Two sides by the shares of one dimension."""

    dataset: str
    by: str
    filters: dict[str, list[str]]
    a: Side
    b: Side
    rows: list[ComparedRow]
    labels: dict[str, str]
    methodology: str = METHODOLOGY
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


class OnsRow(Struct):
    """A category's share of the crimes that ONS counts too, here and as ONS publishes it; in per cent.

    Rates are per 1,000 residents; differences in percentage points, ours less theirs.
    """

    category: str
    name: str
    offence_groups: str
    count: int
    share: float | None
    ons_rate: float | None
    ons_share: float | None
    difference_pp: float | None


class OnsComparison(Struct):
    """The mix of categories of an area beside that of ONS recorded crime. Composition, never volume."""

    area: str
    edition: str
    population: str
    months: list[str]
    data_version: dict[str, int]
    missing_months: list[str]
    total: int
    rows: list[OnsRow]
    gaps: list[Gap]
    notes: list[str]
    methodology: str = METHODOLOGY
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
