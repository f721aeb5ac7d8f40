"""The shapes of what is said of reports: where an order stands, and whether its figures are current."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

ReportState = Literal["queued", "rendering", "rendered", "failed"]


class SupersededMonth(Struct):
    """A month of which the figures were made of another version than is held now; null where nothing is held.

    `since`: when the version that is held now came to be counted.
    """

    month: str
    version: int | None
    current_version: int | None
    since: datetime | None


class Verification(Struct):
    """Whether the figures are what the data say today.

    `rules_changed`: every month is the same, but what they are counted by is not, such as the outcome
    groups, or the months before the window that say what is usual. `postcode_change`: what has become of the
    postcode since, if it is elsewhere now or out of use. `newer_months` are held now and lie after
    the report's window: they make no figure wrong.
    """

    state: Literal["current", "superseded"]
    superseded_months: list[SupersededMonth]
    rules_changed: bool
    postcode_change: str | None
    newer_months: list[str]


class RenderedReport(Struct):
    """A report that is there. `sha256` and `bytes` are of the PDF, `figures_sha256` is of the JSON."""

    postcode: str
    tier: str
    first_month: str
    last_month: str
    radius_m: int
    figures_sha256: str
    revision: str
    pages: int
    bytes: int
    sha256: str


class ReportProblem(Struct):
    """Why an order got no report; `valid` lists what `field` may be."""

    code: str
    detail: str
    field: str | None
    valid: list[str] | None


class ReportStatus(Struct):
    """An order and what has become of it. What it has not yet, or never will, is null."""

    id: str
    state: ReportState
    links: dict[str, str]
    """By name: self and events; page, json, csv and pdf once they are there."""
    ordered_at: datetime | None = None
    answered_at: datetime | None = None
    report: RenderedReport | None = None
    verification: Verification | None = None
    problem: ReportProblem | None = None
