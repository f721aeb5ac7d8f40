"""Every English text of the website as a catalogue for translators: `python -m deploy.i18n.extract`."""

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

GATEWAY = Path(__file__).parents[2] / "services" / "gateway"
CATALOGUE = GATEWAY / "web" / "locale" / "messages.pot"
METHODS = [
    ("web/templates/**.jinja", "jinja2.ext:babel_extract"),
    ("site/**.py", "python"),
    ("routes/pages/**.py", "python"),
]
OPTIONS = {
    "web/templates/**.jinja": {
        "encoding": "utf-8",
        "silent": "false",
        "newstyle_gettext": "true",
        # as services/gateway/site/render.py has it: the texts are looked up as they are there
        "trim_blocks": "true",
        "lstrip_blocks": "true",
    }
}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""A date of the header that does not change without a text."""


def extracted() -> str:
    """The catalogue of the texts as they are now, by file and without line numbers."""
    catalogue = Catalog(
        project="CrimeMapsUK", creation_date=LONG_AGO, revision_date=LONG_AGO, charset="utf-8"
    )
    for name, _, message, comments, context in sorted(
        extract_from_dir(GATEWAY, METHODS, OPTIONS), key=lambda one: (one[0], one[1])
    ):
        catalogue.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    written = io.BytesIO()
    write_po(written, catalogue, width=110, include_lineno=False)
    return written.getvalue().decode()


if __name__ == "__main__":
    CATALOGUE.write_text(extracted(), encoding="utf-8")
