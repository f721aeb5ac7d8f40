"""The OpenAPI document, without the framework's pages for it: they load scripts from elsewhere."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import License
from litestar.types import ControllerRouterHandler

from services.gateway.report_orders import TIERS
from services.gateway.routes.report_files import FILE_TYPES
from services.gateway.schemas import ATTRIBUTION, LICENCE

REPORT = "/api/v1/reports/{report_id}"
ORDER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["postcode", "tier"],
    "properties": {
        "postcode": {"type": "string", "examples": ["EC2M 7PY"]},
        "tier": {"type": "string", "enum": TIERS},
        "branding": {
            "type": ["object", "null"],
            "description": "name, logo (base64), colour, contact (lines)",
        },
        "language": {"type": "string", "default": "en"},
    },
}
FILE_WORDS = {
    "pdf": "The report as PDF",
    "json": "The figures, byte for byte what their SHA-256 is of",
    "csv": "The figures as one flat table: section, key, name, measure, value",
}


def describe_api(
    handlers: Sequence[ControllerRouterHandler], dependencies: dict[str, Provide]
) -> dict[str, Any]:
    """The document, with what handlers read for themselves: the body of an order, endings of addresses."""
    config = OpenAPIConfig(
        title="CrimeMapsUK",
        version="1",
        description=f"Published police data of England and Wales. {ATTRIBUTION} Missing is never zero.",
        license=License(name="Data: Open Government Licence v3.0", url=LICENCE),
        use_handler_docstrings=True,
    )
    documented = Litestar(
        route_handlers=handlers, dependencies=dependencies, openapi_config=config, logging_config=None
    )
    document: dict[str, Any] = documented.openapi_schema.to_schema()
    paths = document["paths"]
    paths["/api/v1/reports"]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": ORDER}},
    }
    paths |= {
        f"{REPORT}.{ending}": {"get": file_operation(paths[REPORT]["get"], ending)} for ending in FILE_TYPES
    }
    return document


def file_operation(report: dict[str, Any], ending: str) -> dict[str, Any]:
    """The address of a report with an ending."""
    operation = deepcopy(report)
    operation["summary"] = FILE_WORDS[ending]
    operation["description"] = "404 until the report is rendered. It never changes."
    operation["operationId"] = f"{report['operationId']}{ending.title()}"
    operation["responses"]["200"] = {
        "description": FILE_WORDS[ending],
        "content": {
            FILE_TYPES[ending]: {"schema": {"type": "object"} if ending == "json" else {"type": "string"}}
        },
    }
    return operation
