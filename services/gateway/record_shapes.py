"""How records are written: as JSON objects, GeoJSON features, or rows of CSV. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Raw, Struct

from services.gateway.schemas import ATTRIBUTION, LICENCE, METHODOLOGY, Gap
from shared.model import Dataset

PLACE = ("latitude", "longitude", "street_id", "street_name")
CRIME_PLACE = (*PLACE, "location_type", "location_subtype", "force")
FIELDS = {
    Dataset.STREET: (
        "id", "month", "category", *CRIME_PLACE, "outcome", "outcome_month", "outcome_group", "persistent_id",
        "recorded_by", "lsoa_code", "extra",
    ),
    Dataset.OUTCOMES: (
        "id", "month", "crime_month", "category", *CRIME_PLACE, "outcome", "outcome_code", "outcome_group",
        "persistent_id", "recorded_by", "lsoa_code", "extra",
    ),
    Dataset.STOPS: (
        "id", "month", "datetime", "force", "type", "involved_person", "operation", "operation_name", *PLACE,
        "gender", "age_range", "self_defined_ethnicity", "officer_defined_ethnicity", "legislation",
        "object_of_search", "outcome", "outcome_code", "outcome_group", "outcome_linked_to_object_of_search",
        "removal_of_more_than_outer_clothing", "extra",
    ),
}  # fmt: skip
"""What a record has, in this order; `extra` are published fields that have no column."""
BOOLEANS = {
    "involved_person", "operation", "outcome_linked_to_object_of_search",
    "removal_of_more_than_outer_clothing",
}  # fmt: skip
Row = Mapping[str, Any]


class Point(Struct):
    """Longitude and latitude in degrees."""

    coordinates: list[float]
    type: Literal["Point"] = "Point"


class RecordFeature(Struct):
    """A record at its anonymised map point; without a location its geometry is null."""

    id: str
    geometry: Point | None
    properties: dict[str, Any]
    type: Literal["Feature"] = "Feature"


class Records(Struct):
    """Records, newest month first, then in the order of their ids. `next`: null at the end."""

    data_version: dict[str, int]
    missing_months: list[str]
    filters: dict[str, Any]
    gaps: list[Gap]
    notes: list[str]
    records: list[dict[str, Any]]
    next: str | None
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    methodology: str = METHODOLOGY


class RecordCollection(Struct):
    """The same as GeoJSON."""

    data_version: dict[str, int]
    missing_months: list[str]
    filters: dict[str, Any]
    gaps: list[Gap]
    notes: list[str]
    features: list[RecordFeature]
    next: str | None
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    methodology: str = METHODOLOGY
    type: Literal["FeatureCollection"] = "FeatureCollection"


def json_record(row: Row, fields: Sequence[str]) -> dict[str, Any]:
    """A record as an object; `extra` is JSON already."""
    record = {name: row[name] for name in fields}
    if record.get("extra"):
        record["extra"] = Raw(record["extra"])
    return record


def feature(row: Row, fields: Sequence[str]) -> RecordFeature:
    """A record as GeoJSON."""
    located = row["latitude"] is not None
    rest = [name for name in fields if name not in ("id", "latitude", "longitude")]
    return RecordFeature(
        row["id"],
        Point([row["longitude"], row["latitude"]]) if located else None,
        json_record(row, rest),
    )


def columns(fields: Iterable[str]) -> str:
    """The columns of a record, for a statement."""
    return ", ".join(fields)


def csv_columns(fields: Iterable[str]) -> str:
    """The same for CSV, where `true` and `false` are spelled out."""
    return ", ".join(f"{name}::text AS {name}" if name in BOOLEANS else name for name in fields)


def last_record(csv: bytes | bytearray) -> int:
    """Where the last record of a CSV text begins; line breaks in quotes end no record."""
    start = csv.rfind(b"\n", 0, len(csv) - 1)
    while csv.count(b'"', start) % 2:
        start = csv.rfind(b"\n", 0, start)
    return start + 1
