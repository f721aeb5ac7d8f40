"""The description of the API: whole, valid, and true of what the gateway answers."""

import json
import os
import re
import shlex
from typing import Any

import httpx
import jsonschema_rs
import pytest
from litestar.handlers import HTTPRouteHandler
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.app import HANDLERS
from services.gateway.openapi_examples import FOLDER, SUFFIXES
from services.gateway.openapi_parameters import GENERAL, REPORT_ID
from tests.component.gateway.sample import Served, served_sample
from tests.component.gateway.server import Client, get

Document = dict[str, Any]
TILES = str(GENERAL["version"].example)
JSON_TYPES = ("application/json", "application/geo+json", "application/problem+json")


@pytest.fixture
async def document(client: Client) -> Document:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json"
    found: Document = answer.json()
    return found


def operations(document: Document) -> list[tuple[str, str, Document]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def shape(path: str) -> str:
    """An address without the names of its variable parts, nor what follows them."""
    return "/".join("*" if "{" in part else part for part in path.split("/"))


async def test_the_document_is_valid(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


async def test_every_route_is_described_and_nothing_else(document: Document) -> None:
    routes = {
        (method.lower(), shape(path))
        for handler in HANDLERS
        if isinstance(handler, HTTPRouteHandler) and handler.include_in_schema
        for path in handler.paths
        for method in handler.http_methods
    }
    assert {(method, shape(path)) for path, method, _ in operations(document)} == routes


async def test_every_operation_says_what_it_takes_and_gives(document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, _, operation in operations(document):
        name = operation["operationId"]
        assert re.fullmatch("[a-z_]+", name)
        assert operation["summary"], name
        assert operation["description"], name
        assert {"400", "401", "429", "500", "503"} <= set(operation["responses"]), name
        assert set(re.findall(r"{(\w+)}", path)) == {
            one["name"] for one in operation["parameters"] if one["in"] == "path"
        }
        for parameter in operation["parameters"]:
            assert parameter["description"], (name, parameter["name"])
            assert "example" in parameter
            assert validator(document, parameter["schema"]).is_valid(parameter["example"]), (name, parameter)


async def test_examples_are_of_the_shapes_that_they_are_examples_of(document: Document) -> None:
    shown = 0
    for _, _, operation in operations(document):
        for response in operation["responses"].values():
            for media_type, content in resolved(document, response).get("content", {}).items():
                if "example" in content and media_type in JSON_TYPES:
                    validator(document, content["schema"]).validate(content["example"])
                    shown += 1
        if "requestBody" in operation:
            [content] = operation["requestBody"]["content"].values()
            validator(document, content["schema"]).validate(content["example"])
    assert shown > 100


async def test_every_example_can_be_asked_and_is_answered_as_described(
    database_url: str, nats_url: str
) -> None:
    async with served_sample(database_url, nats_url) as served:
        document = await get(served.client, "/api/v1/openapi.json")
        for _, _, operation in operations(document):
            await ask_example(served, document, operation)


async def ask_example(served: Served, document: Document, operation: Document) -> None:
    """Run the command line of an operation once for each media type that it answers in."""
    status, response = next((s, one) for s, one in operation["responses"].items() if s in ("200", "202"))
    for media_type, content in response["content"].items():
        command = operation["x-codeSamples"][0]["source"]
        answer = await run(served, command, media_type)
        assert str(answer.status_code) == status, (command, answer.text)
        assert answer.headers["content-type"].partition(";")[0] == media_type
        if media_type in JSON_TYPES:
            validator(document, content["schema"]).validate(answer.json())
        if "RENEW_EXAMPLES" in os.environ:
            keep(served, operation["operationId"], media_type, answer)
        for name, header in response["headers"].items():
            assert name in answer.headers or not resolved(document, header)["required"], (command, name)


def keep(served: Served, name: str, media_type: str, answer: httpx.Response) -> None:
    """Write an answer down as the example, shortened: RENEW_EXAMPLES=1 pytest tests/.../test_openapi.py."""
    is_ending = name.endswith(("_csv", "_geojson", "_json")) and not name.startswith("get_report_")
    if media_type not in SUFFIXES or is_ending or name == "get_force_areas":
        return
    lines = answer.text.splitlines(keepends=True)
    text = "".join(lines[:4])
    if media_type in JSON_TYPES:
        text = json.dumps(shortened(answer.json()), indent=1, ensure_ascii=False) + "\n"
    for found, told in (
        (served.report_id, REPORT_ID),
        (served.tiles, TILES),
        (served.url, "http://127.0.0.1:8000"),
    ):
        text = text.replace(found, told)
    (FOLDER / f"{name}{SUFFIXES[media_type]}").write_text(text, encoding="utf-8")


def shortened(value: Any) -> Any:
    """With the first two of many objects or texts."""
    if isinstance(value, list):
        many = len(value) > 4 or isinstance(value[0], dict) if value else False
        is_long = many and not isinstance(value[0], int | float | list)
        return [shortened(one) for one in (value[:2] if is_long else value)]
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in value.items()}
    return value


async def run(served: Served, command: str, media_type: str) -> httpx.Response:
    """What curl would do."""
    _, url, *rest = shlex.split(command.replace("\\\n", ""))
    url = url.replace(REPORT_ID, served.report_id).replace(TILES, served.tiles)
    headers = {"Accept": media_type, "Content-Type": "application/json"}
    body = rest[rest.index("-d") + 1] if "-d" in rest else None
    path = url.removeprefix("http://127.0.0.1:8000")
    return await served.client.request("POST" if body else "GET", path, headers=headers, content=body)


def resolved(document: Document, one: Document) -> Document:
    """Itself, or what it refers to."""
    if "$ref" not in one:
        return one
    *_, kind, name = one["$ref"].split("/")
    found: Document = document["components"][kind][name]
    return found


def validator(document: Document, schema: Document) -> Any:
    """Of a schema that may refer to the document's components."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})


async def test_a_page_for_people_says_the_same_and_loads_nothing(client: Client, document: Document) -> None:
    answer = await client.get("/api")
    assert answer.headers["content-type"].startswith("text/html")
    assert 'rel="service-desc"' in answer.headers["link"]
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    for _, _, operation in operations(document):
        assert operation["summary"].replace("'", "&#39;") in answer.text
    for refusal in document["components"]["responses"].values():
        [content] = refusal["content"].values()
        assert f'id="error-{content["example"]["status"]}"' in answer.text
    assert not re.search(r"<script|src=|@import|url\(", answer.text)
    again = await client.get("/api", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_front_page_leads_to_the_description(client: Client) -> None:
    answer = await client.get("/")
    assert 'href="/api"' in answer.text
    assert '</api/v1/openapi.json>; rel="service-desc"' in answer.headers["link"]
