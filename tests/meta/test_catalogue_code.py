"""Every English text that Python code gives to pages is looked up, so that it can be translated."""

import ast
import re
from collections.abc import Iterator
from gettext import NullTranslations
from itertools import chain
from pathlib import Path

import pytest

from deploy.i18n.extract import GATEWAY
from services.gateway.site import language
from services.gateway.site.dashboards.pages import ALL, render_index

FILES = sorted(chain(GATEWAY.glob("site/**/*.py"), GATEWAY.glob("routes/pages/**/*.py")))
LOOKED_UP = {"_", "ngettext"}
MARKED = {*LOOKED_UP, "N_"}
TEXT = re.compile("^[A-Z][a-z]+$|[A-Za-z]{2,} [a-z]{2,}")
"""A word as labels have them, or two in a row. A single one in lower case cannot be told from a key."""
CODE = re.compile("[<{]")
"""SVG and CSS."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SAMPLES = GATEWAY / "site" / "design.py"
"""Its charts have made-up labels."""
ALLOWED = {
    # by these, notes of the API are recognised
    "are in no cell",
    " published nothing in ",
    "is missing from the counts, not zero",
    # parts of errors, which are those of the API
    "a map takes one month, or a first and a last one, as in 2018-10..2018-12",
    "latitude,longitude,zoom as in 51.51,-0.09,11",
    # names of shapes, the form of a date
    "Order",
    "Branding",
    "MMM yy",
}


def is_call(node: ast.AST, names: set[str]) -> bool:
    """Whether it calls one of these functions."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def unsaid(node: ast.AST) -> list[ast.AST]:
    """Parts of the code whose texts are in the catalogue, or are told to no visitor of pages."""
    if isinstance(node, ast.Raise | ast.Compare):
        return [node]  # errors are those of the API
    if isinstance(node, ast.Call) and is_call(node, MARKED):
        return [one for one in node.args if isinstance(one, ast.Constant)]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return [node]
    if isinstance(node, ast.Subscript):
        return [node.slice]
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key]
    if isinstance(node, ast.JoinedStr):
        return [part for part in node.values if isinstance(part, ast.Constant)]
    return []


def beside(source: str) -> list[str]:
    """Texts of code that stand beside the catalogue."""
    tree = ast.parse(source)
    silent = {one for node in ast.walk(tree) for part in unsaid(node) for one in ast.walk(part)}
    texts = (text for node in ast.walk(tree) if node not in silent for text in text_of(node))
    return [text for text in texts if TEXT.search(text) and not CODE.search(text) and text not in ALLOWED]


def text_of(node: ast.AST) -> Iterator[str]:
    """The text that a node stands for; what an f-string puts in is left open."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def frozen(source: str) -> list[str]:
    """Texts that are looked up when a module is imported, which would keep them in one language."""
    tree = ast.parse(source)
    functions = (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))
    inside = {one for function in functions for part in function.body for one in ast.walk(part)}
    return [ast.unparse(node) for node in ast.walk(tree) if node not in inside and is_call(node, LOOKED_UP)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(GATEWAY)))
def test_code_has_no_text_beside_the_catalogue(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert path == SAMPLES or beside(source) == []
    assert frozen(source) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('head = ["", "Share"]', ["Share"]),
        ('note = f"{n} more are not held"', ["… more are not held"]),
        ("told = f\"{n if n else 'Not known'}\"", ["Not known"]),
        ('NAMES = {"Key": "Age range"}', ["Age range"]),
        ('told = _("Age range"), N_("Share"), ngettext("one month", "some months", n)', []),
        ('told = _(f"{n} more are held") + _(x or "No data")', ["… more are held", "No data"]),
        ('told = _("%(n)s more are held") % {"n": "no more"}', ["no more"]),
        ('def f() -> None:\n    """Some words."""\n    raise NotFoundError("no such file")', []),
        ('headers = {"Location": there}\nheaders["Link"] = there', []),
    ],
)
def test_a_text_beside_the_catalogue_is_found(source: str, found: list[str]) -> None:
    assert beside(source) == found


def test_a_text_that_is_looked_up_too_early_is_found() -> None:
    source = 'A = _("Share")\ndef f(b=_("From"), c=N_("To")):\n    return _("Change")'
    assert frozen(source) == ["_('Share')", "_('From')"]


class Bracketed(NullTranslations):
    """A language in which every text is itself in brackets."""

    def gettext(self, message: str) -> str:
        return f"[{message}]"


def test_templates_and_code_speak_the_same_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "translations", Bracketed())
    page = render_index()
    assert "<h1>[Dashboards]</h1>" in page
    assert all(f"[{board.name}]" in page and f"[{board.about}]" in page for board in ALL)
