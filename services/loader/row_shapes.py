"""What a page becomes: its rows, the places that they stand at, the words that they use. Pure.

A row is a tuple in the order of the staging table's columns, except that a place is still its key and
a label still its words: `numbering` puts their numbers in. An archive's crimes are columns: `archive_crimes`.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.loader.parse import SetAside
from shared.model import Dataset

COLUMNS = {
    Dataset.STREET: (
        "page_id", "api_id", "occurrence", "snap_point_id", "category_id", "outcome_id", "outcome_month",
        "content_hash", "persistent_id", "extra",
    ),
    Dataset.OUTCOMES: (
        "page_id", "api_id", "occurrence", "snap_point_id", "category_id", "outcome_id", "crime_month",
        "content_hash", "persistent_id", "extra",
    ),
    Dataset.STOPS: (
        "page_id", "snap_point_id", "force_id", "type_id", "gender_id", "age_range_id", "self_ethnicity_id",
        "officer_ethnicity_id", "legislation_id", "category_id", "outcome_id", "happened_at", "operation",
        "operation_name", "involved_person", "outcome_linked", "clothing_removed", "content_hash", "extra",
    ),
}  # fmt: skip


class Label(NamedTuple):
    """A published word of one kind."""

    kind: str
    value: str | None
    code: str = ""


class Place(NamedTuple):
    """A published place. Coordinates are micro-degrees, None where there is no location."""

    key: bytes
    lon_e6: int | None
    lat_e6: int | None
    street_id: int | None
    street_name: str | None
    location_type: str | None
    location_subtype: str
    force: str | None
    """The force that was asked, where the location itself does not tell the area."""


@dataclass
class Content:
    """What a page holds beside its rows: the words that they use, what was set aside."""

    labels: dict[tuple[str, str | None, str], Label] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)

    def label(self, kind: str, value: str | None, code: str = "") -> Label:
        """A published word, made once a page."""
        known = self.labels.get((kind, value, code))
        if known is None:
            known = self.labels[kind, value, code] = Label(kind, value, code)
        return known


@dataclass
class Rows(Content):
    """A page's rows one by one, and the places that they stand at."""

    places: dict[bytes, Place] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)
