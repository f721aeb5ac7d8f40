"""What partners exchange with us, as an AsyncAPI document: `python -m services.reporter.asyncapi`."""

import json
import sys
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.reporter.orders import MAX_BYTES, Order
from shared.events import PartnerEvent, ReportFailed, ReportRendered, ReportRequested
from shared.provision import REPORT_DAYS, answers_of, bucket_of

SCHEMAS = "#/components/schemas/"
ABOUT = f"""\
Neighbourhood reports, ordered through NATS JetStream. `{{partner}}` is the name that the operator gave you; \
you can send and read under no other.

* `id` is yours: the same id is the same order. The same order again is answered again, with `repeated` \
above 0, and never rendered twice. Another order with a known id fails with `id-taken`.
* Answers come at least once, in no particular order, through the durable consumer \
`{answers_of("{partner}")}` of the stream FACTS; an answer that is not acknowledged comes again.
* A PDF is an object in the bucket `{bucket_of("{partner}")}` for {REPORT_DAYS} days; check its SHA-256.
* Set no `Nats-Msg-Id`: an order with one that the stream knows is dropped without an answer.
"""
ORDER: dict[str, Any] = {
    "id": "2024-000123",
    "postcode": "EC2M 7PY",
    "tier": "standard",
    "branding": {
        "name": "Acme Estates",
        "colour": "#12436d",
        "contact": ["020 7946 0000", "hello@acme.example"],
    },
    "language": "en",
}
RENDERED = ReportRendered(
    partner="acme",
    id="2024-000123",
    report_id=UUID("0f3b2c5e-7d41-5a53-9a33-6f0f6b8f8a01"),
    bucket=bucket_of("acme"),
    object="2024-000123.pdf",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    bytes=412345,
    pages=9,
    figures_sha256="60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    revision="4be1c2a07d5f9e31",
)
FAILED = ReportFailed(
    partner="acme",
    id="2024-000124",
    code="postcode-malformed",
    detail="'SW1A' is only the first part of a postcode: write the whole postcode, such as EC2M 7PY",
    field="postcode",
)


def document() -> dict[str, Any]:
    """The whole document."""
    _, schemas = models_json_schema(
        [(Order, "validation"), (ReportRendered, "serialization"), (ReportFailed, "serialization")],
        ref_template=SCHEMAS + "{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "CrimeMapsUK reports",
            "version": "1.0.0",
            "description": ABOUT,
            "license": {"name": "Data: Open Government Licence v3.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "requested": channel(ReportRequested, "Your orders."),
            "rendered": channel(ReportRendered, "Reports that are in your bucket."),
            "failed": channel(ReportFailed, "Orders that get no report."),
        },
        "operations": {
            # As partners see it: they send orders and receive answers.
            "order": operation("send", "requested", "Order a report."),
            "receiveRendered": operation("receive", "rendered", "Fetch the PDF, then acknowledge."),
            "receiveFailed": operation("receive", "failed", "Read `code`, then acknowledge."),
        },
        "components": {
            "messages": {
                "requested": message(
                    Order, f"At most {MAX_BYTES:,} bytes; an unknown field is refused.", ORDER
                ),
                "rendered": message(
                    ReportRendered, "One such fact an order.", RENDERED.model_dump(mode="json")
                ),
                "failed": message(
                    ReportFailed, "All codes are listed in docs/partners.md.", FAILED.model_dump(mode="json")
                ),
            },
            "schemas": schemas["$defs"],
        },
    }


def channel(event: type[PartnerEvent], description: str) -> dict[str, Any]:
    """A subject that ends in the partner's name."""
    name = event.subject.rpartition(".")[2]
    return {
        "address": f"{event.subject}.{{partner}}",
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {"partner": {"description": "Your name, as the operator gave it."}},
    }


def operation(action: str, name: str, summary: str) -> dict[str, Any]:
    """What a partner does on a channel."""
    return {"action": action, "channel": {"$ref": f"#/channels/{name}"}, "summary": summary}


def message(model: type[BaseModel], summary: str, example: dict[str, Any]) -> dict[str, Any]:
    """A message with the schema of its model."""
    return {
        "name": model.__name__,
        "summary": summary,
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/id"},
        "payload": {"$ref": SCHEMAS + model.__name__},
        "examples": [{"payload": example}],
    }


def text() -> str:
    """The document as `docs/asyncapi.json` has it."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
