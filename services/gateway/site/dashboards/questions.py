"""From what a form sends to what the API is asked, and back to the form. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.gateway.coverage import Facts, KnownForce
from services.gateway.errors import ParameterError
from services.gateway.site import words
from services.gateway.site.dashboards.shapes import Field, Option
from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _
from shared.model import Dataset, format_month, months_after, parse_month

USUAL_MONTHS = 12
LABELS = (N_("From"), N_("To"))


@dataclass(frozen=True)
class Sent:
    """The parameters of a page's address, each perhaps several times."""

    pairs: Sequence[tuple[str, str]]

    def one(self, name: str) -> str | None:
        """The last value that is not empty."""
        values = self.several(name)
        return values[-1] if values else None

    def several(self, name: str) -> list[str]:
        """All values that are not empty; commas part them too, as in the API."""
        return [
            part.strip()
            for key, text in self.pairs
            if key == name
            for part in text.split(",")
            if part.strip()
        ]

    def joined(self, name: str) -> str | None:
        """The same as the API takes them."""
        return ",".join(self.several(name)) or None


@dataclass(frozen=True)
class Period:
    """First and last month, both included."""

    first: str
    last: str

    @property
    def text(self) -> str:
        """As the API takes it."""
        return self.first if self.first == self.last else f"{self.first}..{self.last}"


def held_months(facts: Facts, dataset: Dataset) -> list[str]:
    """The months that are counted, oldest first."""
    return [format_month(one) for one in facts.months(dataset) if facts.loaded[dataset, one].grid]


def read_period(
    sent: Sent, held: Sequence[str], names: tuple[str, str] = ("from", "to"), usual: int = USUAL_MONTHS
) -> Period:
    """The months asked for; the newest so many where nothing is.

    Raises:
        ParameterError: they are no months, or the last comes before the first.
    """
    newest = held[-1]
    last = read_month(names[1], sent.one(names[1]) or newest)
    earliest = max(held[0], format_month(months_after(parse_month(last), 1 - usual)))
    first = read_month(names[0], sent.one(names[0]) or earliest)
    if last < first:
        raise ParameterError(names[1], f"{words.month(last)} comes before {words.month(first)}")
    return Period(first, last)


def read_month(name: str, text: str) -> str:
    """A month.

    Raises:
        ParameterError: it is none.
    """
    try:
        return format_month(parse_month(text))
    except ValueError as error:
        raise ParameterError(name, f"'{text[:20]}' is no month such as 2018-10") from error


def period_fields(
    held: Sequence[str],
    period: Period,
    names: tuple[str, str] = ("from", "to"),
    labels: tuple[str, str] = LABELS,
) -> list[Field]:
    """Two selects of the months that are held, the newest first; `labels` as the catalogue has them."""
    fields = []
    for name, label, chosen in zip(names, labels, (period.first, period.last), strict=True):
        months = sorted({*held, chosen}, reverse=True)
        options = [
            Option(one, words.month(one) if one else _("As the first"), one == chosen) for one in months
        ]
        fields.append(Field(name, _(label), "select", options))
    return fields


def force_field(forces: Iterable[KnownForce], chosen: Sequence[str]) -> Field:
    """Any of the forces; none is all."""
    return several_field("force", _("Police forces"), {one.slug: one.name for one in forces}, chosen)


def several_field(name: str, label: str, valid: Mapping[str, str], chosen: Sequence[str]) -> Field:
    """Any of some words; none is all."""
    return Field(name, label, "several", [Option(slug, text, slug in chosen) for slug, text in valid.items()])
