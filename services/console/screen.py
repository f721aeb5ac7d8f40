"""What the user sees: results on standard output, everything else on standard error."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 140
"""Columns where there is no terminal: enough for every table."""


def console(*, stderr: bool = False) -> Console:
    """A console that does not colour numbers, and does not squeeze tables into a file."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=PLAIN_WIDTH)


OUT = console()
ERR = console(stderr=True)


def note(text: str) -> None:
    """One line of what is going on."""
    ERR.print(Text(text), soft_wrap=True)


def show_json(data: Any) -> None:
    """A result for programs."""
    OUT.file.write(json.dumps(data, indent=2) + "\n")


def table(title: str, *columns: str, words: int = 1) -> Table:
    """An empty table: the first `words` columns hold words, the others numbers."""
    made = Table(title=title, title_justify="left", title_style="bold")
    for n, column in enumerate(columns):
        made.add_column(column, justify="left" if n < words else "right", overflow="fold")
    return made
