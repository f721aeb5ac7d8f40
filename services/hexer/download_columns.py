"""The columns of downloads: the same names in CSV and Parquet, and what each means. Pure."""

from typing import Any

import pyarrow as pa

from shared.downloads import Column
from shared.model import Dataset

TEXT, NUMBER, DEGREES, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
INSTANT = pa.timestamp("us", "UTC")
GEOMETRY = "geometry"

COLUMNS: dict[str, tuple[Any, str]] = {
    "id": (TEXT, "our own: month, number of the map point, content hash and ordinal, joined by points"),
    "month": (TEXT, "YYYY-MM under which the source published the record"),
    "crime_month": (TEXT, "YYYY-MM of the crime that the outcome belongs to"),
    "category": (TEXT, "category of the crime, as published"),
    "datetime": (INSTANT, "time of the stop as published, UTC"),
    "latitude": (DEGREES, "anonymised, WGS 84 degrees; empty where no location was published"),
    "longitude": (DEGREES, "anonymised, WGS 84 degrees; empty where no location was published"),
    "street_id": (NUMBER, "the source's number of the map point's street"),
    "street_name": (TEXT, "approximate place of the map point, as in 'On or near High Street'"),
    "location_type": (TEXT, "Force, or BTP for the British Transport Police"),
    "location_subtype": (TEXT, "for the British Transport Police the kind of location"),
    "force": (
        TEXT,
        "police area of the crime's location, or without one the force that published it",
    ),
    "type": (TEXT, "person search, vehicle search, or both"),
    "involved_person": (FLAG, "whether a person was searched"),
    "operation": (FLAG, "whether it was part of a policing operation"),
    "operation_name": (TEXT, "the operation, as published"),
    "gender": (TEXT, "as published"),
    "age_range": (TEXT, "as published"),
    "self_defined_ethnicity": (TEXT, "as the person stated it"),
    "officer_defined_ethnicity": (TEXT, "as the officer saw it"),
    "legislation": (TEXT, "as published"),
    "object_of_search": (TEXT, "what was looked for, as published"),
    "outcome": (TEXT, "as published; of crimes the latest one; of older stops false: nothing was found"),
    "outcome_month": (TEXT, "YYYY-MM of the latest outcome"),
    "outcome_code": (TEXT, "the source's code of the outcome"),
    "outcome_group": (TEXT, "our grouping of the outcome, by the mapping that the edition names"),
    "outcome_linked_to_object_of_search": (FLAG, "whether the outcome is about what was looked for"),
    "removal_of_more_than_outer_clothing": (FLAG, "as published"),
    "persistent_id": (TEXT, "the source's own, 64 hexadecimal digits; empty where it gives none"),
    "recorded_by": (TEXT, "the force that recorded the crime; empty where no archive says it"),
    "lsoa_code": (
        TEXT,
        "LSOA of the location, of 2011 before June 2023, then of 2021; empty where not known",
    ),
    "extra": (TEXT, "published fields that no other column holds, as JSON; nearly always empty"),
    "police_area": (TEXT, "police area of the location, or without one of the force that published the stop"),
}
"""Arrow type and description of every column by name."""
PLACE = ("latitude", "longitude", "street_id", "street_name")
CRIME_PLACE = (*PLACE, "location_type", "location_subtype", "force")
NAMES = {
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
        "removal_of_more_than_outer_clothing", "extra", "police_area",
    ),
}  # fmt: skip
"""The columns of a dataset in their order: those of a search, and the police area of a stop."""
FORCE_OF_STOP = "the force that published the stop"
UNREPEATED = {"id", "persistent_id", "extra"}
"""Texts that a dictionary of values would not make smaller."""


def types_of(dataset: Dataset) -> dict[str, Any]:
    """Arrow types by name."""
    return {name: COLUMNS[name][0] for name in NAMES[dataset]}


def words_of(dataset: Dataset) -> list[str]:
    """The columns that are encoded by a dictionary."""
    return [name for name, kind in types_of(dataset).items() if kind == TEXT and name not in UNREPEATED]


def schema_of(dataset: Dataset) -> Any:
    """The Arrow schema of the Parquet file."""
    return pa.schema([*types_of(dataset).items(), (GEOMETRY, pa.binary())])


def described(dataset: Dataset) -> list[Column]:
    """The columns as the manifest has them."""
    columns = [
        Column(name, str(kind), description_of(dataset, name), ["csv", "parquet"])
        for name, kind in types_of(dataset).items()
    ]
    geometry = Column(
        GEOMETRY, "binary", "point as WKB, OGC:CRS84; null where no location was published", ["parquet"]
    )
    return [*columns, geometry]


def description_of(dataset: Dataset, name: str) -> str:
    """What a column means."""
    if dataset is Dataset.STOPS and name == "force":
        return FORCE_OF_STOP
    return COLUMNS[name][1]
