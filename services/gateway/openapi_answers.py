"""What every operation answers: media types, shapes, headers, refusals. Tables."""

from dataclasses import dataclass, field
from typing import Any

from services.gateway.download_answers import DownloadList, DownloadManifest
from services.gateway.errors import PROBLEM_JSON, TITLES
from services.gateway.hex_history import HexHistory
from services.gateway.openapi_parameters import REPORT_ID, Schema, ref
from services.gateway.reconciliations import ReconciliationList
from services.gateway.record_shapes import RecordCollection, Records
from services.gateway.report_figures import Figures
from services.gateway.report_schemas import ReportStatus
from services.gateway.revisions import RevisionList
from services.gateway.schemas import (
    Coverage,
    ForceList,
    Freshness,
    HexCollection,
    PostcodePlace,
    Problem,
    Proof,
    Words,
)
from services.gateway.statistics_schemas import Comparison, OnsComparison, OutcomeFunnel, Statistics, Trend
from services.gateway.tile_json import TileJson
from services.gateway.tiles import MVT
from shared.downloads import MEDIA_TYPES

STRUCTS = (
    Comparison, Coverage, DownloadList, DownloadManifest, Figures, ForceList, Freshness, HexCollection,
    HexHistory, OnsComparison, OutcomeFunnel, PostcodePlace, Problem, Proof, RecordCollection, Records,
    ReportStatus, ReconciliationList, RevisionList, Statistics, TileJson, Trend, Words,
)  # fmt: skip
JSON, GEO_JSON, CSV, EVENTS = "application/json", "application/geo+json", "text/csv", "text/event-stream"
TEXT: Schema = {"type": "string"}
BYTES: Schema = {"type": "string", "format": "binary"}
EVERYWHERE = (400, 401, 414, 429, 500, 503)
"""What any operation may be refused with."""
TAGGED = ("ETag", "Cache-Control")
KEPT = (*TAGGED, "Vary")
TABLE = (*KEPT, "X-Data-Version", "X-Missing-Months", "Link")
FILE = (*TAGGED, "Accept-Ranges", "Content-Disposition", "Repr-Digest")
LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")


@dataclass(frozen=True)
class Answers:
    """`contents`: shape by media type; `errors`: besides those that there are everywhere."""

    words: str
    contents: dict[str, Schema]
    errors: tuple[int, ...] = ()
    headers: tuple[str, ...] = KEPT
    status: int = 200
    body: str | None = None
    """The shape of what is sent."""
    others: dict[int, str] = field(default_factory=dict)
    """Further answers that are no refusals."""

    @property
    def statuses(self) -> list[int]:
        """All refusals."""
        return sorted({*EVERYWHERE, *self.errors, *((408, 413) if self.body else ())})


def table(name: str, words: str, *errors: int) -> Answers:
    """Statistics, as JSON or CSV."""
    return Answers(words, {JSON: ref(name), CSV: TEXT}, (404, 406, *errors), TABLE)


def records(name: str, words: str, body: str | None = None) -> Answers:
    """A page of records; what is posted is never kept."""
    shapes = {JSON: ref(f"{name}Page"), GEO_JSON: ref(f"{name}Collection"), CSV: TEXT}
    headers = tuple(name for name in TABLE if name != "ETag") if body else TABLE
    return Answers(words, shapes, (404, 406, 422), headers, body=body)


OPERATIONS: dict[str, Answers] = {
    "get_coverage": Answers("Datasets with their months", {JSON: ref("Coverage")}),
    "get_proof": Answers("The proof", {JSON: ref("Proof")}, (404,)),
    "get_revisions": Answers("A page of the ledger", {JSON: ref("RevisionList")}),
    "get_reconciliations": Answers("A page of comparisons", {JSON: ref("ReconciliationList")}),
    "get_freshness": Answers("The newest months", {JSON: ref("Freshness")}),
    "get_forces": Answers("The forces", {JSON: ref("ForceList")}),
    "get_force_areas": Answers("The areas", {GEO_JSON: ref("ForceAreas")}),
    "get_words": Answers("Words by dataset and dimension", {JSON: ref("Words")}),
    "get_reference": Answers("The table", {JSON: ref("Table")}, (404,)),
    "get_methodology": Answers("The methodology", {JSON: ref("Table")}),
    "get_postcode": Answers("Where it is", {JSON: ref("PostcodePlace")}, (404, 422), ("Cache-Control",)),
    "get_hexes": Answers("The cells", {GEO_JSON: ref("HexCollection"), JSON: ref("HexCollection"), CSV: TEXT},
                         (404, 406), TABLE),
    "get_hex": Answers("The cell", {JSON: ref("HexHistory")}, (404,)),
    "get_tile_json": Answers("The TileJSON", {JSON: ref("TileJson")}, (404,)),
    "get_tile": Answers("The tile", {MVT: BYTES}, (404,), others={204: "No cell is here"}),
    "get_street_statistics": table("Statistics", "The counts"),
    "get_stop_statistics": table("Statistics", "The counts"),
    "get_street_trend": table("Trend", "The months"),
    "get_stop_trend": table("Trend", "The months"),
    "get_outcome_funnel": table("OutcomeFunnel", "The cohorts"),
    "get_street_comparison": table("Comparison", "Both sides", 422),
    "get_stop_comparison": table("Comparison", "Both sides", 422),
    "get_ons_comparison": table("OnsComparison", "Both mixes"),
    "get_street_crimes": records("StreetCrime", "A page of crimes"),
    "get_outcomes": records("CrimeOutcome", "A page of outcomes"),
    "get_stops": records("Stop", "A page of stops"),
    "post_street_crimes": records("StreetCrime", "A page of crimes", "StreetCrimeSearch"),
    "post_outcomes": records("CrimeOutcome", "A page of outcomes", "OutcomeSearch"),
    "post_stops": records("Stop", "A page of stops", "StopSearch"),
    "get_downloads": Answers("The files", {JSON: ref("DownloadList")}),
    "get_download": Answers("The manifest", {JSON: ref("DownloadManifest")}, (403, 404)),
    "post_report": Answers("The order is kept", {JSON: ref("ReportStatus")}, (403, 501),
                           ("Cache-Control", "Location"), status=202, body="ReportOrder"),
    "get_report": Answers("The order", {JSON: ref("ReportStatus")}, (404,), ("Cache-Control",)),
    "get_report_events": Answers("The events", {EVENTS: TEXT}, (404,), ("Cache-Control",),
                                 others={204: "The last event was heard already: there is no more"}),
}  # fmt: skip
"""By handler."""

SEARCHES = {
    "StreetCrimeSearch": "get_street_crimes",
    "OutcomeSearch": "get_outcomes",
    "StopSearch": "get_stops",
}
"""Bodies that have the parameters of another operation."""

FILES: dict[str, dict[str, Answers]] = {
    "get_report": {
        "pdf": Answers("The report as PDF", {"application/pdf": BYTES}, (404,), TAGGED),
        "json": Answers("The figures, byte for byte what their SHA-256 is of", {JSON: ref("Figures")},
                         (404,)),
        "csv": Answers("The figures as one flat table: section, key, name, measure, value",
                        {CSV: TEXT}, (404,)),
    },
    "get_download": {
        ending: Answers(
            f"All records of the month as {'gzipped CSV' if ending == 'csv.gz' else 'GeoParquet'}",
            {kind: BYTES}, (403, 404, 416), FILE, others={206: "The bytes of the range"})
        for ending, kind in MEDIA_TYPES.items()
    },
}  # fmt: skip
"""By handler and ending: what is at addresses that only look like the handler's own."""

HEADERS: dict[str, tuple[str, Schema, Any]] = {
    "ETag": ("Names this state of the answer, for If-None-Match", TEXT,
             'W/"2-10f5b79d038be447755c3870c2086c1d"'),
    "Cache-Control": ("Who may keep the answer how long", TEXT, "public, no-cache"),
    "Vary": ("The answer depends on these headers of the request", TEXT, "Accept, Accept-Encoding"),
    "X-Data-Version": ("Which version of each month was used", TEXT, "2018-10=1,2018-11=2"),
    "X-Missing-Months": ("Months that are not held, if there are any", TEXT, "2018-12"),
    "Link": ("The next page, if there is one; for a CSV the same as JSON, with filters, gaps and notes", TEXT,
             '</api/v1/stops?month=2018-10&after=…>; rel="next", '
             '</api/v1/stops?month=2018-10>; rel="describedby"; type="application/json"'),
    "Location": ("Where the order is asked for", TEXT, f"/api/v1/reports/{REPORT_ID}"),
    "Accept-Ranges": ("One range of bytes may be asked for", TEXT, "bytes"),
    "Content-Range": ("Which bytes these are, of how many", TEXT, "bytes 1048576-2097151/2097152"),
    "Content-Disposition": ("A name for the file", TEXT, 'attachment; filename="street-2018-10.csv.gz"'),
    "Repr-Digest": ("SHA-256 of the whole file", TEXT,
                    "sha-256=:RBNvMQaIChN3EWBPyrO5vCSL4IuxtIGPTaDWKCnWgtY=:"),
    "Retry-After": ("Seconds after which to ask again", {"type": "integer", "minimum": 1}, 5),
    "WWW-Authenticate": ("How a key is given", TEXT, 'Bearer realm="CrimeMapsUK"'),
    "RateLimit-Limit": ("Requests a minute", {"type": "integer"}, 600),
    "RateLimit-Remaining": ("Requests that are left", {"type": "integer"}, 599),
    "RateLimit-Reset": ("Seconds until all are there again", {"type": "integer"}, 60),
    "RateLimit-Policy": ("The limit and its seconds", TEXT, "600;w=60"),
}  # fmt: skip
SOMETIMES = {"X-Missing-Months", "Link", *LIMITS}
"""Headers that not every such answer has."""

PROBLEMS: dict[int, dict[str, Any]] = {
    400: {"detail": "month: '2018-13' is not a month: write YYYY-MM, 2010-12 or later", "parameter": "month"},
    401: {"detail": "this key is unknown: the operator makes keys"},
    403: {"detail": "this needs the scope downloads; the key has reports"},
    404: {"detail": "month: no such month of street is held; there are 2018-10, 2018-11",
          "parameter": "month", "valid": ["2018-10", "2018-11"]},
    405: {"detail": "allowed here: GET, HEAD"},
    406: {"detail": "there are application/json, application/geo+json and text/csv; .json, .geojson and .csv "
                    "at the end of the address ask for them too"},
    408: {"detail": "no answer within 30 seconds"},
    413: {"detail": "body: larger than 1 MB; a logo may have 500 kB, a polygon 1,000 vertices"},
    414: {"detail": "longer than 16000 bytes: send a body"},
    416: {"detail": "range: the file has 31734 bytes"},
    422: {"detail": "postcode: EH1 1YZ is in Scotland, outside England and Wales", "parameter": "postcode"},
    429: {"detail": "reads: 600 a minute for your address without a key; come back in 42 s"},
    500: {"detail": "It has been logged. Asking again will probably not help."},
    501: {"detail": "no reporter runs here, so that nobody would make the report"},
    503: {"detail": "the database cannot be reached"},
}  # fmt: skip
"""An example of each refusal."""
REFUSED = {401: ("WWW-Authenticate",), 403: ("WWW-Authenticate",), 416: ("Content-Range",),
           429: ("Retry-After", *LIMITS), 503: ("Retry-After",)}  # fmt: skip
"""Headers of refusals."""
NAMES = {400: "BadRequest", 401: "KeyRefused", 403: "NotInScope", 404: "NotFound", 405: "MethodNotAllowed",
         406: "NotAcceptable", 408: "TooSlow", 413: "BodyTooLarge", 414: "AddressTooLong",
         416: "RangeNotSatisfiable", 422: "NothingToSay", 429: "TooMany", 500: "OurMistake",
         501: "NotHere", 503: "NotNow"}  # fmt: skip


def header_components() -> dict[str, Schema]:
    """All headers."""
    return {
        name: {"description": words, "schema": schema, "required": name not in SOMETIMES, "example": example}
        for name, (words, schema, example) in HEADERS.items()
    }


def header_refs(names: tuple[str, ...]) -> dict[str, Schema]:
    """Some of them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusals() -> dict[str, Schema]:
    """All refusals, each with an example."""
    return {
        name: {
            "description": TITLES[status],
            "headers": header_refs(REFUSED.get(status, ())),
            "content": {
                PROBLEM_JSON: {
                    "schema": ref("Problem"),
                    "example": {"title": TITLES[status], "status": status, "instance": "/api/v1/…"}
                    | PROBLEMS[status],
                }
            },
        }
        for status, name in NAMES.items()
    }
