"""No text that the product can show judges an area: it publishes what was recorded, and no more.

Here in the sources; what is rendered of them is looked at where it is rendered.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.words import judgements

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "README.md": ("it never creates, interprets, ranks or labels",),
    "services/gateway/site/dashboards/counts.py": ("which would rank them",),
    "services/gateway/site/dashboards/pages.py": ("'unsafe-inline'",),  # as the policy of an image calls it
    "services/gateway/web/static/basemap/places.json": ('"rank"',),  # a property's name in map data
    "services/gateway/web/static/js/map/layers.js": ("'rank'",),  # the same
    "services/reporter/charts.py": ("rank",),  # a field's name in a chart's data
    "services/reporter/vector_rules.py": ("rank",),  # a property's name in map tiles
}
"""Phrases by file that are not about an area, or deny judging one."""
FOLDERS = ("services", "shared", "deploy", "docs")
OTHERS = "services/gateway/web/static/vendor/"
"""Libraries and licences of others, which no page shows as its own words."""
TEXTS = {
    ".css",
    ".csv",
    ".html",
    ".j2",
    ".jinja",
    ".js",
    ".json",
    ".md",
    ".mjs",
    ".pot",
    ".sql",
    ".svg",
    ".txt",
    ".yaml",
    ".yml",
}
DOCSTRINGS_SHOWN = (
    "services/gateway/",
    "shared/events.py",
    "services/reporter/orders.py",
    "services/reporter/branding.py",
)
"""Their docstrings are in the OpenAPI and AsyncAPI documents."""


def texts(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """Every text of a file that can be shown, with its line; of Python the string literals."""
    if path.suffix in TEXTS:
        # Whole, for a phrase may run over the end of a line.
        yield 1, path.read_text(encoding="utf-8")
    elif path.suffix == ".py":
        tree = ast.parse(path.read_text(encoding="utf-8"))
        unseen = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and not name.startswith(DOCSTRINGS_SHOWN)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in unseen:
                yield node.lineno, node.value


def judged(root: Path) -> list[str]:
    """`file:line: word (what is around it)` of every judging word."""
    found = []
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    for path in [*root.glob("*.md"), *root.glob("*.yaml"), *sorted(paths)]:
        name = path.relative_to(root).as_posix()
        if not name.startswith(OTHERS):
            for line, text in texts(path, name):
                for word in judgements(text, ALLOWED.get(name, ())):
                    at = line + text.count("\n", 0, word.at)
                    found.append(f"{name}:{at}: {word.word} (… {word.around} …)")
    return found


def test_no_text_of_the_product_judges_an_area() -> None:
    assert judged(ROOT) == []


def test_every_allowed_phrase_is_still_needed() -> None:
    for name, phrases in ALLOWED.items():
        content = re.sub(r"\s", " ", (ROOT / name).read_text(encoding="utf-8"))
        assert [phrase for phrase in phrases if phrase not in content] == []


@pytest.mark.parametrize(
    ("name", "line", "content"),
    [
        ("services/reporter/templates/report.html", 2, "<h1>All in all</h1>\n<p>This is a safe area.</p>"),
        ("services/reporter/templates/page.jinja", 2, "{{ name }} is\nunsafe at night"),
        ("services/console/say.py", 3, '"""What is said."""\n\nprint(f"the {name} worst months")'),
        ("services/gateway/routes/say.py", 2, 'def get_say() -> None:\n    """The ranking of forces."""'),
        ("services/gateway/sql/select_say.sql", 2, "SELECT name,\n'High-risk' AS label FROM force"),
        ("shared/reference/labels.csv", 2, "slug,label\na,Crime-ridden"),
        ("docs/say.md", 2, "Words.\nLetting in a bad\narea costs less."),
        ("services/gateway/web/templates/say.html.jinja", 1, "{% trans %}The best area{% endtrans %}"),
        ("services/gateway/web/static/js/say.mjs", 2, "// words\nlabel.textContent = 'a hotspot'"),
        ("services/gateway/web/locale/messages.pot", 1, 'msgid "A score of seven"'),
        ("docs/quickstart.py", 2, "greeting = 'words'\nprint('A score of 7')"),
        ("README.md", 2, "# Reports\nSee the hotspots near you."),
        ("deploy/monitoring/alerts.yaml", 2, "summary: words\ndescription: A high-crime month."),
        ("deploy/monitoring/panels.py", 1, "title = 'Top 10 areas'"),
        ("deploy/k8s/base/say.yaml", 2, "# words\nnote: a hotbed of crime"),
        ("compose.yaml", 1, "# a crime index for every postcode"),
        ("services/reporter/charts.py", 1, "title = 'Ranking of categories'"),
        ("services/reporter/vector_rules.py", 1, "title = 'ranked by crimes'"),
    ],
)
def test_a_judging_word_is_found_wherever_it_is_shown(
    tmp_path: Path, name: str, line: int, content: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    [found] = judged(tmp_path)
    assert found.startswith(f"{name}:{line}: ")


@pytest.mark.parametrize(
    "phrase",
    [
        "a high crime area",
        "low-crime streets",
        "above average",
        "below-average",
        "the crime index",
        "a hotbed",
        "crime-infested",
        "family-friendly",
        "a violent area",
        "the top 10 areas",
        "a ranking",
        "ranked",
        "quiet towns",
        "the crime capital",
        "the lowest crime",
        "an up-and-coming place",
    ],
)
def test_a_judging_phrase_is_found(phrase: str) -> None:
    assert len([*judgements(f"This is {phrase}.")]) == 1


@pytest.mark.parametrize(
    "phrase",
    [
        "violent-crime",
        "Violent crime and sexual offences",
        "street crime",
        "the area of Kent",
        "a high count",
        "crimes in the city",
        "the average of months",
        "a top margin of 10 areas",
        "no ranking and no score",
    ],
)
def test_a_word_that_only_describes_is_not(phrase: str) -> None:
    assert [*judgements(f"This is {phrase}.")] == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("services/say.py", '"""A safe way to write."""\n# the best guess\nrank = score = 1\n'),
        (
            "services/say.html",
            "<p>There is no score. Rates per 1,000; frankly, a safeguard, the Ranken Road.</p>",
        ),
        ("services/gateway/web/static/vendor/LICENCE-say.txt", "UNSAFE FOR ANY PURPOSE"),
        ("services/say.css", "tr { break-inside: avoid; }"),
        ("docs/say.md", "Bad input: exit code 2. It strategically moderates nothing."),
    ],
)
def test_other_words_are_not(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert judged(tmp_path) == []
