"""The AsyncAPI document says what the code says.

`python -m services.reporter.asyncapi > docs/asyncapi.json` writes it anew.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.reporter.asyncapi import document, text
from services.reporter.orders import Order, read_order
from shared.events import EVENTS, PartnerEvent, ReportFailed, ReportRendered, WebReportRequested
from shared.postcodes import Reason

CODE = re.compile(
    r'(?:Refusal|postpone|failed|__init__)\(\s*[^"\n]*"([a-z]+(?:-[a-z]+)+|unavailable|internal)"'
)
"""A code of a failure where it is made."""
DOCS = Path(__file__).parents[2] / "docs"


def messages() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "asyncapi.json").read_bytes())["components"]["messages"]
    return found


def references(part: object) -> Iterator[str]:
    """All that a part of the document refers to."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def test_the_document_in_the_repository_is_what_the_code_makes() -> None:
    assert (DOCS / "asyncapi.json").read_text(encoding="utf-8") == text()


def test_every_message_of_partners_has_its_channel() -> None:
    partners = [e for e in EVENTS if issubclass(e, PartnerEvent) and e is not WebReportRequested]
    events = {f"{event.subject}.{{partner}}" for event in partners}
    assert {channel["address"] for channel in document()["channels"].values()} == events
    assert len(events) == 3


def test_every_reference_leads_somewhere() -> None:
    found = list(references(document()))
    assert len(found) == 11
    for reference in found:
        place: Any = document()
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


@pytest.mark.parametrize(
    ("name", "model"), [("requested", Order), ("rendered", ReportRendered), ("failed", ReportFailed)]
)
def test_the_example_of_a_message_has_every_field_and_is_read(name: str, model: type[Any]) -> None:
    [example] = messages()[name]["examples"]
    assert set(example["payload"]) == set(model.model_fields) - {"partner"}
    model.model_validate(example["payload"])


def test_the_example_of_an_order_is_one_that_the_reporter_takes() -> None:
    [example] = messages()["requested"]["examples"]
    order = read_order(json.dumps(example["payload"]).encode())
    assert order.id == example["payload"]["id"]
    assert order.brand is not None


def test_every_code_that_a_failure_may_have_is_in_the_quick_start() -> None:
    root = DOCS.parent
    folders = (root / "services" / "reporter", root / "shared" / "area_figures")
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in folder.glob("*.py")
        if path.name != "asyncapi.py"
    )
    said = set(CODE.findall(code)) | {f"postcode-{reason.replace('_', '-')}" for reason in Reason}
    table = (DOCS / "partners.md").read_text(encoding="utf-8").partition("## When there is no report")[2]
    assert set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == said
    assert len(said) == 15
