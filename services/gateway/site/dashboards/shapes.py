"""What a dashboard is made of: fields to ask with, figures, charts with their tables. Pure."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from markupsafe import Markup

from services.gateway.schemas import Gap
from services.gateway.site import words
from services.gateway.site.charts import both
from services.gateway.site.dashboards.missing import gap_rows, runs
from services.gateway.site.language import gettext as _

Cell = tuple[str, bool]
"""A text, and whether it is a number."""


@dataclass(frozen=True)
class Option:
    """A value that can be chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """Something to ask with. `kind`: select, several or text."""

    name: str
    label: str
    kind: str
    options: Sequence[Option] = ()
    value: str = ""
    hint: str = ""

    @property
    def chosen(self) -> list[str]:
        """The labels of what is chosen."""
        return [option.label for option in self.options if option.is_chosen]

    @property
    def is_filter(self) -> bool:
        """Whether it leaves something out: a select always has a choice, words only if some are chosen."""
        return self.kind == "several" and bool(self.chosen)


@dataclass(frozen=True)
class Chart:
    """A picture, the table of the same figures, and where these come from."""

    key: str
    title: str
    about: str
    draw: Callable[[int], Markup] | None
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    api: str
    """The path and query of the API's answer, without an ending."""
    legend: Sequence[tuple[str, str]] = ()
    """Class and meaning of each mark."""
    note: str = ""

    @property
    def picture(self) -> Markup:
        """The chart for narrow and wide pages; nothing where there is nothing to draw."""
        return both(self.draw) if self.draw else Markup("")

    @property
    def csv(self) -> str:
        """The address of the same figures as a file."""
        path, _, query = self.api.partition("?")
        return f"{path}.csv?{query}"


@dataclass(frozen=True)
class Board:
    """A dashboard without its figures; its texts as the catalogue has them."""

    path: str
    name: str
    about: str

    @property
    def title(self) -> str:
        """What it is called."""
        return _(self.name)

    @property
    def lead(self) -> str:
        """What it shows."""
        return _(self.about)


@dataclass(frozen=True)
class Dashboard:
    """A page of figures."""

    board: Board
    fields: Sequence[Field]
    keys: Sequence[tuple[str, str, str]]
    """Name, figure and a remark of each."""
    charts: Sequence[Chart]
    months: Sequence[str]
    data_version: Mapping[str, int]
    missing_months: Sequence[str]
    gaps: Sequence[Gap]
    force_names: Mapping[str, str]
    notes: Sequence[str]
    query: Sequence[tuple[str, str]]
    """What was asked, with the months that this turned out to be."""
    asked_version: str | None = None
    """Of a permanent link: the data version that it was made with."""

    @property
    def version(self) -> str:
        """Names the versions of all months shown; changes when one of them is replaced."""
        told = ",".join(f"{month}={version}" for month, version in sorted(self.data_version.items()))
        return hashlib.sha256(told.encode()).hexdigest()[:10]

    @property
    def months_told(self) -> str:
        """The months shown, those in a row together."""
        return ", ".join(words.span(run) for run in runs(self.months)) or words.NOTHING

    @property
    def permanent(self) -> str:
        """The address that asks for the same, and tells if the data have changed since."""
        return f"{self.board.path}?{urlencode([*self.query, ('data', self.version)])}"

    def image(self, chart: Chart) -> str:
        """The address of a chart as a file."""
        return f"{self.board.path}/{chart.key}.svg?{urlencode([*self.query, ('data', self.version)])}"

    @cached_property
    def gap_rows(self) -> list[tuple[str, str, str, str]]:
        """Force, months, state and evidence of what is missing, months in a row together."""
        return gap_rows(self.gaps, self.force_names)


def cell(value: str | float | None) -> Cell:
    """A cell of a table: counts right-aligned, a dash where nothing is known."""
    return (value, False) if isinstance(value, str) else (words.number(value), True)


def share_cell(value: float | None) -> Cell:
    """A share in per cent."""
    return words.percent(value), True


def api_address(path: str, **given: str | None) -> str:
    """A question to the API."""
    return f"{path}?{urlencode({name: text for name, text in given.items() if text})}"
