"""The OpenAPI document: the routes as they are, with what the tables say of them.

Which operations and parameters there are is read off the handlers; one that the tables do not know is an
error at start, so that the document cannot lag behind.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from litestar.handlers import HTTPRouteHandler

from services.gateway.openapi_answers import (
    FILES,
    KEPT,
    LIMITS,
    NAMES,
    OPERATIONS,
    SEARCHES,
    STRUCTS,
    Answers,
    header_components,
    header_refs,
    refusals,
)
from services.gateway.openapi_examples import BODIES, curl, example, target
from services.gateway.openapi_parameters import GENERAL, PARTICULAR, Parameter, limited, ref
from services.gateway.openapi_schemas import schemas
from services.gateway.openapi_words import INTRODUCTION, TAGS
from services.gateway.routes.answers import ENDINGS, NOT_PARAMETERS
from services.gateway.schemas import ATTRIBUTION, LICENCE
from services.gateway.settings import GatewaySettings

ADDRESSES = {
    "/tiles/{name}": "/tiles/{dataset}.json",
    "/tiles/{version}/{dataset}/{z}/{x}/{name}": "/tiles/{version}/{dataset}/{z}/{x}/{y}.mvt",
}
"""Where a handler reads the end of an address itself."""
KEY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key"},
}
NO_KEY_NEEDED: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"key": []}]

Object = dict[str, Any]


def describe_api(handlers: Iterable[object], settings: GatewaySettings) -> Object:
    """The whole document."""
    described = [one for one in handlers if isinstance(one, HTTPRouteHandler) and one.include_in_schema]
    known = {name_of(handler): parameters_of(handler, settings) for handler in described}
    searches = {
        body: [pair for pair in known[searched] if pair[0] != "after"] for body, searched in SEARCHES.items()
    }
    paths: dict[str, Object] = {}
    for handler in described:
        for path, name, method, operation in operations(handler, known[name_of(handler)]):
            operation["operationId"] = name
            operation["x-codeSamples"] = [
                {"lang": "Shell", "label": "curl", "source": sample(path, handler, operation, settings)}
            ]
            paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "CrimeMapsUK",
            "version": "1",
            "summary": "Published police data of England and Wales. Missing is never zero.",
            "description": f"{INTRODUCTION}\n\n{ATTRIBUTION}",
            "contact": {"name": "The operator of this server", "url": f"{settings.public_url or ''}/api"},
            "license": {"name": "Data: Open Government Licence v3.0", "url": LICENCE},
        },
        "servers": [{"url": settings.public_url or "/", "description": "This server"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "security": NO_KEY_NEEDED,
        "paths": paths,
        "components": {
            "schemas": schemas(STRUCTS, searches),
            "responses": refusals(),
            "headers": header_components(),
            "securitySchemes": KEY,
        },
    }


def name_of(handler: HTTPRouteHandler) -> str:
    """What the tables call it."""
    return str(handler.fn.__name__)


def parameters_of(handler: HTTPRouteHandler, settings: GatewaySettings) -> list[tuple[str, Parameter]]:
    """What a handler reads of a request, in its own order.

    Raises:
        KeyError: the tables do not know a parameter.
    """
    path = address_of(min(handler.paths))
    names = [name for name in inspect.signature(handler.fn).parameters if name not in NOT_PARAMETERS]
    in_path = re.findall(r"{(\w+)}", path)
    in_header = ["Idempotency-Key"] if "idempotency_key" in inspect.signature(handler.fn).parameters else []
    told = GENERAL | limited(settings) | PARTICULAR.get(name_of(handler), {})
    rest = [name for name in names if name not in in_path and f"{{{name}:" not in min(handler.paths)]
    return [(name, told[name]) for name in (*in_path, *rest, *in_header)]


def address_of(path: str) -> str:
    """A route's path as the document has it."""
    plain = re.sub(r":\w+}", "}", path)
    return ADDRESSES.get(plain, plain)


def operations(
    handler: HTTPRouteHandler, parameters: list[tuple[str, Parameter]]
) -> Iterator[tuple[str, str, str, Object]]:
    """The operations of a handler: address, name, method and what is to be said."""
    name, [method] = name_of(handler), [one.lower() for one in handler.http_methods]
    answers = OPERATIONS[name]
    for path in sorted(handler.paths):
        ending = path.rpartition(".")[2] if path.endswith(tuple(ENDINGS)) else ""
        one = operation(handler, name, parameters, answers, ENDINGS.get(ending))
        yield address_of(path), f"{name}_{ending}".rstrip("_"), method, one
    for ending, file in FILES.get(name, {}).items():
        file_name = f"{name}_{ending.removesuffix('.gz')}"
        yield (
            f"{address_of(path)}.{ending}",
            file_name,
            method,
            operation(handler, file_name, parameters, file),
        )


def operation(
    handler: HTTPRouteHandler,
    name: str,
    parameters: list[tuple[str, Parameter]],
    answers: Answers,
    only: str | None = None,
) -> Object:
    """One operation; `name` is that of its examples, `only` the media type that its address asks for."""
    errors = [status for status in answers.statuses if not (only and status == 406)]
    described: Object = {
        "tags": list(handler.tags or []),
        "summary": handler.summary if name in OPERATIONS else answers.words,
        "description": inspect.cleandoc(handler.fn.__doc__ or ""),
        "parameters": [parameter_object(*pair) for pair in parameters],
        "responses": successes(name, answers, only)
        | {str(status): {"$ref": f"#/components/responses/{NAMES[status]}"} for status in errors},
    }
    if answers.body:
        content = {"schema": ref(answers.body), "example": BODIES[name]}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def parameter_object(name: str, parameter: Parameter) -> Object:
    """A parameter as the document has it."""
    return {
        "name": name,
        "in": parameter.place,
        "description": parameter.words,
        "required": parameter.required,
        "schema": parameter.schema,
        "example": parameter.example,
    }


def successes(name: str, answers: Answers, only: str | None) -> Object:
    """What is answered if all is well."""
    content = {
        media_type: {"schema": schema} | shown(name, media_type)
        for media_type, schema in answers.contents.items()
        if only in (None, media_type)
    }
    headers = header_refs((*answers.headers, *LIMITS))
    found: Object = {
        str(answers.status): {"description": answers.words, "headers": headers, "content": content}
    }
    for status, words in answers.others.items():
        found[str(status)] = {"description": words, "headers": headers}
        if status == 206:
            ranged = headers | header_refs(("Content-Range",))
            found["206"] = {"description": words, "headers": ranged, "content": content}
    if "ETag" in answers.headers:
        kept = header_refs((*(name for name in KEPT if name in answers.headers), *LIMITS))
        found["304"] = {"description": "What the client holds (If-None-Match) is still so", "headers": kept}
    return found


def shown(name: str, media_type: str) -> Object:
    """The example of an answer, if there is one."""
    found = example(name, media_type)
    return {} if found is None else {"example": found}


def sample(path: str, handler: HTTPRouteHandler, operation: Object, settings: GatewaySettings) -> str:
    """A command line that asks it."""
    address = target(path, name_of(handler), operation["parameters"])
    return curl(settings.public_url or "http://127.0.0.1:8000", address, BODIES.get(name_of(handler)))
