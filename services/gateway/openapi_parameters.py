"""Every parameter of the API: what it means, what is valid, an example of the sample. Tables, no logic.

A choice of several values is text with commas between, and its pattern says which values there are: an array
would promise a list that many clients send as a repeated parameter, which is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from services.gateway.record_shapes import FIELDS
from services.gateway.report_orders import KEY
from services.gateway.settings import GatewaySettings
from services.gateway.statistics import dimensions
from services.gateway.tile_shapes import MAX_ZOOM
from shared import reference
from shared.hexgrid import EDGES_M
from shared.model import Dataset

Schema = dict[str, Any]
MONTH = "20[0-9]{2}-(0[1-9]|1[0-2])"
SPAN = rf"{MONTH}(\.\.{MONTH})?"
SLUG = "[a-z0-9]+(-[a-z0-9]+)*"
REPORT_ID = "0c36f5d1-f06f-5b32-bd06-1877de26299e"
NUMBER = r"-?[0-9]{1,3}(\.[0-9]{1,15})?"
LARGEST_TILE = 2**MAX_ZOOM - 1


@dataclass(frozen=True)
class Parameter:
    """As the document has it; `place` is query, path or header."""

    words: str
    schema: Schema
    example: Any
    required: bool = False
    place: str = "query"


def ref(name: str) -> Schema:
    """A shape by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(pattern: str, **more: Any) -> Schema:
    """Text that matches as a whole."""
    return {"type": "string", "pattern": f"^{pattern}$", **more}


def one_of(values: Iterable[object]) -> Schema:
    """One of these words or numbers."""
    known = list(values)
    return {"type": "integer" if isinstance(known[0], int) else "string", "enum": known}


def several(values: Iterable[str], most: int = 0) -> Schema:
    """One or several of these words, with commas between; at most so many, 0 for any number."""
    known = list(values)
    word = f"({'|'.join(known)})"
    return text(f"{word}(,{word}){f'{{0,{most - 1}}}' if most else '*'}", **{"x-values": known})


def in_path(words: str, schema: Schema, example: Any) -> Parameter:
    """A part of the address."""
    return Parameter(words, schema, example, required=True, place="path")


def groups(dataset: str) -> Schema:
    """Groups of outcomes of a dataset."""
    return several(group.group for group in reference.outcome_groups() if group.dataset == dataset)


def month(words: str, *, required: bool = False, example: str = "2018-10..2018-11") -> Parameter:
    """Months: one, a range, or a list of both."""
    return Parameter(f"{words}: YYYY-MM, a range, or several with commas", MONTHS, example, required)


MONTHS = text(f"{SPAN}(,{SPAN})*")
FORCES = [force.id for force in reference.forces()]
CATEGORIES = several(category.slug for category in reference.categories())
WORDS = text(f"{SLUG}(,{SLUG})*")
DATASETS, MAPPED = ref("Dataset"), ref("MappedDataset")
POSTCODE: Schema = {"type": "string", "minLength": 5, "maxLength": 10}
PLACE_FORM = (
    "england-and-wales, a force, circle:latitude,longitude,metres, postcode:EC2M 7PY,metres, "
    "bbox:west,south,east,north or polygon:{GeoJSON}"
)
BBOX = text(",".join([NUMBER] * 4))
STREET_BY, STOPS_BY = dimensions(Dataset.STREET), dimensions(Dataset.STOPS)
STREET_GROUPS = Parameter("Groups of outcomes, with commas between", groups("street"), "negative,none")
STOP_GROUPS = Parameter("Groups of outcomes, with commas between", groups("stops"), "action_taken,positive")


def published(what: str, example: str) -> Parameter:
    """A filter by published words."""
    return Parameter(f"{what}, as slugs with commas between; /api/v1/words has them all", WORDS, example)


GENERAL: dict[str, Parameter] = {
    "dataset": Parameter("The dataset", DATASETS, "street"),
    "month": month("Months; without, the newest twelve"),
    "force": Parameter(
        "Police areas, for stops the forces that published them, with commas between",
        several([*FORCES, "outside-police-areas"]), "city-of-london"),
    "category": Parameter("Categories of crime, with commas between", CATEGORIES, "burglary,robbery"),
    "outcome_group": STREET_GROUPS,
    "outcome": published("Outcomes", "local-resolution"),
    "located": Parameter("Whether a location was published", several(["true", "false"]), "true"),
    "type": published("Types of search", "person-search"),
    "object": published("What was looked for", "controlled-drugs"),
    "legislation": published("Powers", "misuse-of-drugs-act-1971-section-23"),
    "self_ethnicity": published("Ethnicity as the person stated it", "asian-asian-british-indian"),
    "officer_ethnicity": published("Ethnicity as the officer saw it", "white"),
    "age_range": published("Age ranges", "18-24"),
    "gender": published("Genders", "male"),
    "latitude": Parameter("Degrees, WGS 84; goes with longitude",
                          {"type": "number", "minimum": -90, "maximum": 90}, 51.5155),
    "longitude": Parameter("Degrees, WGS 84; goes with latitude",
                           {"type": "number", "minimum": -180, "maximum": 180}, -0.0922),
    "bbox": Parameter("A rectangle: west,south,east,north in degrees", BBOX, "-0.1,51.51,-0.08,51.52"),
    "polygon": Parameter(
        "GeoJSON text of a Polygon or MultiPolygon; a large one is posted",
        {"type": "string", "contentMediaType": "application/geo+json"},
        '{"type":"Polygon","coordinates":[[[-0.1,51.51],[-0.08,51.51],[-0.08,51.52],[-0.1,51.51]]]}'),
    "postcode": Parameter("A whole postcode in England or Wales", POSTCODE, "EC2M 7PY"),
    "after": Parameter("The id of the last record of the page before: `next` in an answer has it ready-made",
                       text(rf"{MONTH}\.[0-9]{{1,10}}\.([0-9a-f]{{2}}){{0,32}}\.[0-9]{{1,5}}"),
                       "2018-10.1.0558c50edd9aef14e41496c3b1006732965a1f2d9a269b9d2470851a485056af.0"),
    "a": Parameter(f"One side: {PLACE_FORM}", {"type": "string"}, "city-of-london", required=True),
    "b": Parameter("The other side, as `a`; without, england-and-wales", {"type": "string"},
                   "circle:51.5155,-0.0922,500"),
    "month_b": month("Months of `b`, if they are others than those of `a`", example="2018-11"),
    "report_id": in_path("The report's id, as printed in it", {"type": "string", "format": "uuid"},
                         REPORT_ID),
    "table": in_path("The table", one_of(["categories", "outcomes", "ons", "methodology"]), "categories"),
    "edition": Parameter("One edition and no other, as the manifest names it",
                         text(r"[0-9]{1,9}(\.[0-9]{1,9}){2,3}"), "1.1.2.1"),
    "version": in_path("From the TileJSON; another one as soon as any month is rebuilt",
                       text("[0-9a-f]{16}"), "87e6b85a42913f95"),
    "z": in_path("Zoom", {"type": "integer", "minimum": 0, "maximum": MAX_ZOOM}, 12),
    "x": in_path("Column", {"type": "integer", "minimum": 0, "maximum": LARGEST_TILE}, 2046),
    "y": in_path("Row", {"type": "integer", "minimum": 0, "maximum": LARGEST_TILE}, 1362),
    "Idempotency-Key": Parameter("The same order with the same key is one order", text(KEY.pattern),
                                 "order-2018-0001", place="header"),
}  # fmt: skip
"""Where nothing more particular is said."""

RECORD_MONTH = month("Months; the newest comes first", required=True, example="2018-10")
STOP_WORDS = {"outcome_group": STOP_GROUPS, "outcome": published("Outcomes", "arrest")}
STATISTICS_STOPS = {**STOP_WORDS, "month": month("Months; without, the newest twelve", example="2018-10")}
ALL_MONTHS = month("Months; without, all that are counted")
MAP = {
    "dataset": Parameter("The dataset", MAPPED, "street", required=True),
    "category": Parameter("Categories of crime, for stops objects of search, with commas between",
                          {"type": "string"}, "burglary,robbery"),
    "outcome_group": Parameter("Groups of outcomes, with commas between",
                               several(dict.fromkeys(g.group for g in reference.outcome_groups())), "none"),
}  # fmt: skip
TILE = {**MAP, "dataset": in_path("The dataset", MAPPED, "street"),
        "month": month("Months shown together, at most 60; without, the newest that is held")}  # fmt: skip
POSTCODE_PATH = in_path("A whole postcode", POSTCODE, "EC2M 7PY")
COMPARED = Parameter("What the shares are of", one_of(["category", "outcome", "outcome_group"]), "category")
STOPS_COMPARED = Parameter(
    "What the shares are of", one_of(["object", "type", "legislation", "outcome", "outcome_group"]), "object"
)


def by(valid: list[str], example: str) -> Parameter:
    """The dimensions of statistics."""
    return Parameter("What is counted by, up to three with commas between", several(valid, 3), example)


def place(what: str) -> Parameter:
    """One force in a search."""
    return Parameter(what, ref("ForceId"), "city-of-london")


def fields(dataset: Dataset) -> Parameter:
    """Some fields only."""
    return Parameter(
        "Only these fields, with commas between; `id` always", several(FIELDS[dataset]), "month,outcome"
    )


AREA = place("A police area, with records without a location that its force published")
PARTICULAR: dict[str, dict[str, Parameter]] = {
    "get_coverage": {"month": month("Months, held or not; without, all that are held", example="2018-10"),
                     "force": Parameter("Only these rows", several(FORCES), "city-of-london,kent")},
    "get_proof": {"dataset": Parameter("The dataset", DATASETS, "street", required=True),
                  "month": Parameter("One month", text(MONTH), "2018-10", required=True)},
    "get_revisions": {"month": month("Months whose revisions are wanted; without, all", example="2018-10"),
                      "force": Parameter("Only what differs of these", several(FORCES), "city-of-london"),
                      "limit": Parameter("Revisions of a page",
                                         {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, 5),
                      "before": Parameter("The id after which the page begins, as `next` has it",
                                          {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1000)},
    "get_reconciliations": {
        "month": month("Months whose comparison is wanted; without, all", example="2018-10"),
        "force": Parameter("Only lines of these, by recorder or area", several(FORCES), "city-of-london"),
        "limit": Parameter("Months of a page",
                           {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, 5),
        "before": Parameter("The id after which the page begins, as `next` has it",
                            {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, 1000)},
    "get_hexes": {**MAP, "month": month("Months that are counted together", required=True),
                  "level": Parameter("Edge length of the cells in metres", one_of(EDGES_M), 1100, True),
                  "bbox": Parameter("A rectangle: west,south,east,north in degrees", BBOX,
                                    "-0.2,51.4,0.1,51.6", required=True)},
    "get_hex": {**MAP, "month": month("Months; without, all that are held", example="2018-10..2018-11"),
                "id": in_path("Edge length in metres, column and row",
                              text(rf"({'|'.join(map(str, EDGES_M))})(\.-?[0-9]{{1,5}}){{2}}"),
                              "1100.323.95")},
    "get_tile_json": TILE,
    "get_tile": TILE,
    "get_street_statistics": {"by": by(STREET_BY, "month,category")},
    "get_stop_statistics": {**STATISTICS_STOPS, "by": by(STOPS_BY, "object,outcome_group")},
    "get_street_trend": {"month": ALL_MONTHS},
    "get_stop_trend": {**STOP_WORDS, "month": month("Months; without, all", example="2018-10")},
    "get_outcome_funnel": {"month": ALL_MONTHS},
    "get_street_comparison": {"by": COMPARED},
    "get_stop_comparison": {**STOP_WORDS, "by": STOPS_COMPARED, "month": STATISTICS_STOPS["month"],
                            "month_b": month("Months of `b`, if they are others", example="2018-10")},
    "get_ons_comparison": {"force": Parameter("A police area or england-and-wales",
                                              ref("OnsArea"), "england-and-wales")},
    "get_street_crimes": {"month": RECORD_MONTH, "force": AREA, "fields": fields(Dataset.STREET)},
    "get_outcomes": {"month": month("Months in which the outcome was recorded", required=True,
                                    example="2022-01"),
                     "crime_month": month("Months of the crimes", example="2021-12..2022-01"),
                     "force": place("A police area"), "fields": fields(Dataset.OUTCOMES),
                     "category": Parameter("Categories of crime", CATEGORIES, "shoplifting,burglary"),
                     "latitude": replace(GENERAL["latitude"], example=51.4551),
                     "longitude": replace(GENERAL["longitude"], example=-0.9787)},
    "get_stops": {**STOP_WORDS, "month": RECORD_MONTH, "fields": fields(Dataset.STOPS),
                  "force": place("The force that published the stop")},
    "get_downloads": {"dataset": Parameter("Datasets, with commas between",
                                           several(str(one) for one in Dataset), "street,stops"),
                      "month": month("Months; without, all", example="2018-10")},
    "get_download": {"dataset": in_path("The dataset", DATASETS, "street"),
                     "month": in_path("The month", text(MONTH), "2018-10")},
    "get_postcode": {"postcode": POSTCODE_PATH},
}  # fmt: skip
"""By handler, where it differs."""


def limited(settings: GatewaySettings) -> dict[str, Parameter]:
    """The parameters whose range is a setting."""
    radius = {"type": "number", "exclusiveMinimum": 0, "maximum": settings.max_radius_m}
    limit = {"type": "integer", "minimum": 1, "maximum": settings.max_records, "default": 100}
    return {
        "radius": Parameter("Metres around the point or postcode; usually 500", radius, 500),
        "limit": Parameter("Records of a page", limit, 2),
    }
