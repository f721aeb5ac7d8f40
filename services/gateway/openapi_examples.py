"""What is asked in the examples, and what the bundled sample answers: the files beside this one."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from services.gateway.openapi_answers import CSV, EVENTS, GEO_JSON, JSON

FOLDER = Path(__file__).parent / "examples"
SUFFIXES = {JSON: ".json", GEO_JSON: ".geojson", CSV: ".csv", EVENTS: ".txt"}
POLYGON = {"type": "Polygon", "coordinates": [[[-0.1, 51.51], [-0.08, 51.51], [-0.08, 51.52], [-0.1, 51.51]]]}

POINT = ("latitude", "longitude", "limit")
ASKED: dict[str, tuple[str, ...]] = {
    "get_coverage": ("dataset", "month", "force"),
    "get_reconciliations": ("dataset", "month", "force"),
    "get_hexes": ("category",),
    "get_hex": ("month",),
    "get_street_statistics": ("by", "month", "force"),
    "get_stop_statistics": ("by", "month", "force"),
    "get_street_trend": ("month", "force", "category"),
    "get_stop_trend": ("month", "force", "object"),
    "get_outcome_funnel": ("month", "force"),
    "get_street_comparison": ("b", "month"),
    "get_stop_comparison": ("month",),
    "get_ons_comparison": ("force", "month"),
    "get_street_crimes": POINT,
    "get_outcomes": POINT,
    "get_stops": ("force", "object", "limit"),
    "get_downloads": ("dataset", "month"),
}
"""By handler: parameters of its example besides those that are required."""
BODIES: dict[str, dict[str, Any]] = {
    "post_street_crimes": {"polygon": POLYGON, "month": "2018-10", "category": ["burglary", "robbery"]},
    "post_outcomes": {"latitude": 51.4551, "longitude": -0.9787, "month": "2022-01", "limit": 2},
    "post_stops": {"polygon": POLYGON, "month": "2018-10", "limit": 2},
    "post_report": {"postcode": "EC2M 7PY", "tier": "standard"},
}


def example(handler: str, media_type: str) -> Any:
    """What the sample answers, shortened; None for files, which nobody could read here."""
    suffix = SUFFIXES.get(media_type)
    path = FOLDER / f"{handler}{suffix}"
    if suffix is None or not path.exists():
        return None
    content = path.read_text(encoding="utf-8")
    return json.loads(content) if media_type in (JSON, GEO_JSON) else content


def target(path: str, handler: str, parameters: list[dict[str, Any]]) -> str:
    """The address that the example asks for."""
    given = {one["name"]: one["example"] for one in parameters}
    query = {
        one["name"]: one["example"]
        for one in parameters
        if one["in"] == "query" and (one["required"] or one["name"] in ASKED.get(handler, ()))
    }
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", quote(str(value)))
    return f"{path}?{urlencode(query, safe=',:')}" if query else path


def curl(server: str, address: str, body: object) -> str:
    """The example as a command line."""
    sent = f" \\\n  -H 'Content-Type: application/json' -d '{json.dumps(body)}'" if body else ""
    return f"curl '{server}{address}'{sent}"
