"""Every English text of the pages can be translated: it is in the catalogue, and none stands beside it."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from deploy.i18n.extract import CATALOGUE, extracted
from services.gateway.site.render import TEMPLATES, environment

SILENT = {"code", "pre", "script", "style"}
"""Elements whose text is for programs."""
SAID = {"alt", "aria-label", "content", "placeholder", "title"}
"""Attributes that people are told."""
NAMES = {
    "CrimeMapsUK", "OpenAPI", "openapi.json", "asyncapi.json", "data.police.uk", "noindex", "Problem", "API",
    "CSV", "JSON", "ONS", "m", "km²",
    "width=device-width, initial-scale=1",
}  # fmt: skip
"""Names and units that are the same in every language."""
TRANS = re.compile(r"{%-?\s*trans\b.*?%}.*?{%-?\s*endtrans\s*-?%}", re.DOTALL)
CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
ATTRIBUTES = re.compile('[a-z-]+="[^"]*"')
"""What a macro gives to a tag elsewhere."""
WORD = re.compile("[^\\W\\d_]{1,}")


class Texts(HTMLParser):
    """The texts of a page that people are told."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self.inside.append(tag)
        self.found += [value for name, value in attrs if name in SAID and value]

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.found.append(data)


def untranslated(source: str) -> list[str]:
    """Texts of a template with letters that stand outside of translations."""
    texts = Texts()
    texts.feed(CODE.sub(" ", TRANS.sub(" ", source)))
    texts.close()
    found = (ATTRIBUTES.sub("", text).strip(" \n.,:;()\N{EN DASH}\N{MIDDLE DOT}") for text in texts.found)
    return [text for text in found if WORD.search(text) and text not in NAMES]


def test_the_catalogue_is_what_the_templates_say() -> None:
    """`python -m deploy.i18n.extract` writes it anew."""
    assert CATALOGUE.read_text(encoding="utf-8") == extracted()


def test_texts_are_extracted_as_they_are_looked_up() -> None:
    known = {first(message.id) for message in read_po(io.StringIO(extracted()))}
    for path in TEMPLATES.rglob("*.jinja"):
        source = path.read_text(encoding="utf-8")
        found = environment().extract_translations(source)  # type: ignore[attr-defined]
        assert {first(said) for _, _, said in found} <= known, path.name


def first(said: Any) -> Any:
    """A text, or the singular of one that depends on a number."""
    return said if isinstance(said, str) else said[0]


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.jinja")), ids=lambda path: path.name)
def test_no_template_has_a_text_beside_the_catalogue(path: Path) -> None:
    assert untranslated(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{% trans %}Hello{% endtrans %}</p>", []),
        ('<a title="A word" href="/x">{{ name }}</a>', ["A word"]),
        ('<a aria-label="{% trans %}A word{% endtrans %}">{{ _("Hello") }}: <code>GET</code></a>', []),
        ("<p>{{ name }} and {{ other }}</p>", ["and"]),
    ],
)
def test_a_text_beside_the_catalogue_is_found(source: str, found: list[str]) -> None:
    assert untranslated(source) == found
