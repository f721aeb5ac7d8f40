"""The shapes of answers and bodies as JSON Schema: those of the structs, and what structs cannot say."""

from collections.abc import Iterable
from typing import Any

import msgspec

from services.gateway.openapi_parameters import FORCES, MONTH, POSTCODE, Parameter, Schema, one_of, ref, text
from services.gateway.record_shapes import FIELDS
from services.gateway.report_orders import MOST_LANGUAGE, TIERS
from services.gateway.statistics import dimensions
from shared import ons
from shared.model import Dataset

REF = "#/components/schemas/"


def or_null(kind: str, words: str, **more: Any) -> Schema:
    """A value that may be missing."""
    return {"type": [kind, "null"], "description": words, **more}


def described(kind: str, words: str, **more: Any) -> Schema:
    """A value that is always there."""
    return {"type": kind, "description": words, **more}


def array(items: Schema, **more: Any) -> Schema:
    """Several of them."""
    return {"type": "array", "items": items, **more}


A_MONTH = text(MONTH)
PUBLISHED = "As published"
RECORD_FIELDS: dict[str, Schema] = {
    "id": described(
        "string", "Month, number of the map point, content hash and ordinal; the cursor of pages"
    ),
    "month": {**A_MONTH, "description": "The month under which it was published"},
    "crime_month": or_null("string", "The month of the crime that the outcome belongs to"),
    "category": or_null("string", "Category of the crime"),
    "datetime": or_null("string", "When the stop was made, UTC", format="date-time"),
    "latitude": or_null("number", "Anonymised, WGS 84; null without a location"),
    "longitude": or_null("number", "Anonymised, WGS 84; null without a location"),
    "street_id": or_null("integer", "The source's number of the map point's street"),
    "street_name": or_null("string", "Approximate place, as in 'On or near High Street'"),
    "location_type": or_null("string", "Force, or BTP for the British Transport Police"),
    "location_subtype": or_null("string", "Kind of location, for the British Transport Police"),
    "force": or_null("string", "Police area of the location, without one the force that published it"),
    "type": or_null("string", "Person search, vehicle search, or both"),
    "involved_person": or_null("boolean", "Whether a person was searched"),
    "operation": or_null("boolean", "Whether it was part of a policing operation"),
    "operation_name": or_null("string", PUBLISHED),
    "gender": or_null("string", PUBLISHED),
    "age_range": or_null("string", PUBLISHED),
    "self_defined_ethnicity": or_null("string", "As the person stated it"),
    "officer_defined_ethnicity": or_null("string", "As the officer saw it"),
    "legislation": or_null("string", PUBLISHED),
    "object_of_search": or_null("string", "What was looked for"),
    "outcome": or_null("string", "As published; of a crime the latest one"),
    "outcome_month": or_null("string", "The month of the latest outcome"),
    "outcome_code": or_null("string", "The source's code of the outcome"),
    "outcome_group": or_null("string", "Our group of the outcome"),
    "outcome_linked_to_object_of_search": or_null("boolean", "Whether it is about what was looked for"),
    "removal_of_more_than_outer_clothing": or_null("boolean", PUBLISHED),
    "persistent_id": or_null("string", "The source's own id, 64 hexadecimal digits"),
    "recorded_by": or_null("string", "The force that recorded the crime, where an archive says it"),
    "lsoa_code": or_null("string", "The LSOA of the location: of 2011 before June 2023, then of 2021"),
    "extra": or_null("object", "Published fields that have no column"),
}
RECORDS = {Dataset.STREET: "StreetCrime", Dataset.OUTCOMES: "CrimeOutcome", Dataset.STOPS: "Stop"}
SLUGS = described("array", "The words of a filter, as slugs", items={"type": "string"})

ROW: dict[str, Schema] = {
    **{name: described("string", "Slug") for dataset in (Dataset.STREET, Dataset.STOPS)
       for name in dimensions(dataset)},
    "month": A_MONTH,
    "located": described("boolean", "Whether a location was published"),
    "count": or_null("integer", "Null where a force published nothing, and of few people"),
    "share": or_null("number", "Per cent of the total"),
    "hidden": described("boolean", "True where the count is not told because it is of few people"),
}  # fmt: skip

TABLE = {
    "table": described("string", "Its name"),
    "data": {"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "object"}]},
    "licence": described("string", "Licence of the data"),
    "attribution": described("string", "To be repeated wherever the data are shown"),
}
MADE: dict[str, Schema] = {
    "Dataset": one_of(str(dataset) for dataset in Dataset),
    "MappedDataset": one_of(["street", "stops"]),
    "ForceId": one_of(FORCES),
    "StatisticsRow": {
        "type": "object", "description": "The slug of each dimension of `by`, with count and share",
        "required": ["count", "share"], "properties": ROW, "additionalProperties": False,
    },
    "SearchFilters": {
        "type": "object",
        "description": "What was asked for, as it was understood: the place, the months, and slugs",
        "required": ["months"],
        "properties": {
            "latitude": {"type": "number"}, "longitude": {"type": "number"},
            "radius": described("number", "Metres"), "postcode": {"type": "string"},
            "bbox": array({"type": "number"}, minItems=4, maxItems=4),
            "polygon": {"type": "object", "properties": {"type": {"type": "string"},
                                                         "vertices": {"type": "integer"}}},
            "force": {"type": "string"},
            "months": array(A_MONTH), "crime_months": array(A_MONTH),
        },
        "additionalProperties": SLUGS,
    },
    "Table": {"type": "object", "required": [*TABLE], "properties": TABLE},
    "PolygonArea": {
        "type": "object", "description": "GeoJSON, rings closed, longitude before latitude",
        "required": ["type", "coordinates"],
        "properties": {"type": {"type": "string", "enum": ["Polygon", "MultiPolygon"]},
                       "coordinates": array({"type": "array", "items": {}})},
    },
    "ForceAreas": {
        "type": "object", "description": "GeoJSON of police areas",
        "required": ["type", "features", "licence", "attribution"],
        "properties": {
            "type": {"type": "string", "const": "FeatureCollection"},
            "features": array({
                "type": "object", "required": ["type", "properties", "geometry"],
                "properties": {
                    "type": {"type": "string", "const": "Feature"},
                    "properties": {"type": "object", "required": ["force"],
                                   "properties": {"force": described("string", "Id of the force")}},
                    "geometry": ref("PolygonArea"),
                },
            }),
            "licence": TABLE["licence"], "attribution": TABLE["attribution"],
        },
    },
    "ReportOrder": {
        "type": "object", "additionalProperties": False, "required": ["postcode", "tier"],
        "description": "A report on the 500 metres around a postcode",
        "properties": {
            "postcode": {**POSTCODE, "description": "A whole postcode in England or Wales"},
            "tier": described("string", "How far back it looks: 12, 24, 60 months, or all", enum=TIERS),
            "branding": {"anyOf": [ref("Branding"), {"type": "null"}]},
            "language": described("string", "A language tag; there is en", default="en", minLength=1,
                                  maxLength=MOST_LANGUAGE),
        },
        "examples": [{"postcode": "EC2M 7PY", "tier": "standard"}],
    },
    "Branding": {
        "type": "object", "description": "What is printed on the report; limits are in docs/partners.md",
        "properties": {
            "name": {"type": ["string", "null"]},
            "logo": {"type": ["string", "null"], "description": "PNG or SVG in base64, at most 500 kB"},
            "colour": {"type": ["string", "null"], "description": "As in #0b5f8a"},
            "contact": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Lines"},
        },
        "additionalProperties": {"type": ["string", "null"]},
    },
}  # fmt: skip
"""What is made of dictionaries, or only read."""

MENDED: dict[str, dict[str, Schema]] = {
    "Statistics": {"rows": array(ref("StatisticsRow"))},
    "Records": {"filters": ref("SearchFilters")},
    "RecordCollection": {"filters": ref("SearchFilters")},
}
"""By struct: members that it has as a dictionary."""

MEMBERS: dict[str, Schema] = {
    "month": {**A_MONTH},
    "first_month": {"description": "YYYY-MM"},
    "last_month": {"description": "YYYY-MM"},
    "data_version": {"description": "Which version of each month was used"},
    "missing_months": {"description": "Months that are not held: missing, never zero"},
    "gaps": {"description": "Where records are, or may be, missing, and how that is known"},
    "notes": {"description": "What else one must know to read the numbers"},
    "filters": {"description": "What was asked for, as it was understood"},
    "revision": {"description": "Names the state of all data; changes with any of them"},
    "licence": {"description": "Licence of the data"},
    "attribution": {"description": "To be repeated wherever the data are shown"},
    "methodology": {"description": "Where the limitations of all numbers are told"},
    "next": {"description": "Address of the next page; null at the end"},
    "labels": {"description": "What was published for a slug"},
}
"""What members of these names mean, in whichever answer."""


def schemas(structs: Iterable[Any], searches: dict[str, list[tuple[str, Parameter]]]) -> dict[str, Schema]:
    """All shapes by name; `searches` are the parameters of each body of a search."""
    _, found = msgspec.json.schema_components(structs, ref_template=REF + "{name}")
    for name, members in MENDED.items():
        found[name]["properties"] |= members
    for dataset, name in RECORDS.items():
        found |= record_schemas(dataset, name, found)
    for one in found.values():
        if "properties" in one:
            one["properties"] = {
                name: {**MEMBERS.get(name, {}), **member} for name, member in one["properties"].items()
            }
    made = {name: search_body(parameters) for name, parameters in searches.items()}
    del found["Records"], found["RecordCollection"], found["RecordFeature"]
    made["OnsArea"] = one_of(ons.current().rates)
    return dict(sorted({**found, **MADE, **made}.items()))


def record_schemas(dataset: Dataset, name: str, found: dict[str, Schema]) -> dict[str, Schema]:
    """A record of a dataset, as an object and as a feature, and pages of both."""
    members = {field: RECORD_FIELDS[field] for field in FIELDS[dataset]}
    rest = {
        field: member for field, member in members.items() if field not in ("id", "latitude", "longitude")
    }
    feature, page, collection = found["RecordFeature"], found["Records"], found["RecordCollection"]
    return {
        name: {"type": "object", "description": "A record; fewer fields if `fields` asks for fewer",
               "required": ["id"], "properties": members, "additionalProperties": False},
        f"{name}Properties": {"type": "object", "properties": rest, "additionalProperties": False},
        f"{name}Feature": having(feature, properties=ref(f"{name}Properties")),
        f"{name}Page": having(page, records=array(ref(name))),
        f"{name}Collection": having(collection, features=array(ref(f"{name}Feature"))),
    }  # fmt: skip


def having(schema: Schema, **members: Schema) -> Schema:
    """The same with other members."""
    made = {key: value for key, value in schema.items() if key != "title"}
    return {**made, "properties": {**schema["properties"], **members}}


def search_body(parameters: list[tuple[str, Parameter]]) -> Schema:
    """The parameters of a search as members of an object."""
    members = {name: body_member(name, parameter) for name, parameter in parameters}
    return {
        "type": "object",
        "description": "The parameters of the GET, exactly one place among them; several words as a list too",
        "required": [name for name, parameter in parameters if parameter.required],
        "properties": members,
        "additionalProperties": False,
    }


def body_member(name: str, parameter: Parameter) -> Schema:
    """A parameter as a member of a body."""
    if name == "polygon":
        return {**ref("PolygonArea")}
    schema = {**parameter.schema, "description": parameter.words}
    if "pattern" in schema and name != "after":
        return {"description": parameter.words,
                "anyOf": [parameter.schema, array({"type": "string"}, minItems=1)]}  # fmt: skip
    return schema
