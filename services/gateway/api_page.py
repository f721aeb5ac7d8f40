"""The page that explains the API to people, made of the OpenAPI document. Pure; the template escapes all."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from markupsafe import Markup, escape

from services.gateway.site.render import SECURITY, render

Object = dict[str, Any]
HEADERS = SECURITY | {
    "Link": '</api/v1/openapi.json>; rel="service-desc"; type="application/vnd.oai.openapi+json"',
}


def render_api(document: Object) -> str:
    """The whole page."""
    operations = list(shown_operations(document))
    return render(
        "api",
        section="data",
        path="/api",
        document=document,
        introduction=prose(document["info"]["description"]),
        groups=[
            (tag["name"], tag["description"], [one for one in operations if one["tag"] == tag["name"]])
            for tag in document["tags"]
        ],
        problems=problems(document),
        shapes={
            name: shape for name, shape in document["components"]["schemas"].items() if "properties" in shape
        },
        prose=prose,
        marked=marked,
        bounds=bounds,
        kind=kind,
        valid=partial(valid, document["components"]["schemas"]),
        pretty=pretty,
    )


def shown_operations(document: Object) -> Iterator[Object]:
    """The operations; an address that only ends otherwise is told with the one without the ending."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if is_ending(document, path, method, operation):
                continue
            yield {
                **operation,
                "path": path,
                "method": method.upper(),
                "tag": operation["tags"][0],
                "endings": [
                    other.removeprefix(path)
                    for other, others in document["paths"].items()
                    if other.startswith(f"{path}.") and is_ending(document, other, method, others[method])
                ],
                "body": body_of(document, operation),
                "good": {s: one for s, one in operation["responses"].items() if "$ref" not in one},
                "bad": [status for status, one in operation["responses"].items() if "$ref" in one],
            }


def is_ending(document: Object, path: str, method: str, operation: Object) -> bool:
    """Whether an address asks for a form of what another one answers."""
    base = document["paths"].get(path.rpartition(".")[0], {}).get(method)
    return bool(base) and base["summary"] == operation["summary"]


def body_of(document: Object, operation: Object) -> Object | None:
    """The shape of what is sent."""
    if "requestBody" not in operation:
        return None
    [content] = operation["requestBody"]["content"].values()
    shape: Object = document["components"]["schemas"][name_of(content["schema"])]
    return shape


def problems(document: Object) -> list[tuple[int, str, str]]:
    """Status, meaning and an example of every refusal."""
    examples = (
        next(iter(one["content"].values()))["example"] for one in document["components"]["responses"].values()
    )
    return [(one["status"], one["title"], one["detail"]) for one in examples]


def name_of(schema: Object) -> str:
    """The name of a shape that is referred to."""
    return str(schema["$ref"].rpartition("/")[2])


def kind(schema: Object) -> str:
    """What kind of value it is, in a few words."""
    if "$ref" in schema:
        return name_of(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    kinds = schema.get("type", "any")
    if kinds == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if kinds == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])}"
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def valid(shapes: Object, schema: Object) -> list[str]:
    """The values that there are, if they can be listed."""
    named = shapes[name_of(schema)] if "$ref" in schema else schema
    for one in (named, *schema.get("anyOf", [])):
        if listed := one.get("enum") or one.get("x-values"):
            return [str(value) for value in listed]
    return []


def bounds(schema: Object) -> str:
    """The range of a number."""
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    return f"{low:g} to {high:g}" if low is not None and high is not None else ""


def marked(text: str) -> Markup:
    """Text with `code` and **strong** words."""
    code = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", code))  # noqa: S704 - escaped above


def prose(text: str) -> Markup:
    """The same in paragraphs."""
    return Markup("").join(Markup("<p>{}</p>").format(marked(part)) for part in text.split("\n\n"))


def pretty(example: object) -> str:
    """An example as people read it."""
    return example if isinstance(example, str) else json.dumps(example, indent=1, ensure_ascii=False)
