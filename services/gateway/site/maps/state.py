"""What a map shows, as its address says it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlencode

from services.gateway.errors import ParameterError
from services.gateway.hex_history import Cell, read_cell
from services.gateway.parameters import read_months
from services.gateway.routes.tiles import MOST_MONTHS
from services.gateway.site.maps.view import COUNTRY, View, read_view
from shared.model import Dataset, format_month, next_month

PATHS = {Dataset.STREET: "/maps/crime", Dataset.STOPS: "/maps/stop-and-search"}
FILTERS = ("month", "category", "outcome_group")
Given = Mapping[str, Sequence[str]]
"""Parameters of an address, each as often as it is given."""


@dataclass(frozen=True)
class MapState:
    """One map: filters as the API takes them, None where nothing is limited; without a month the newest."""

    dataset: Dataset
    month: str | None
    category: str | None
    outcome_group: str | None
    view: View
    cell: Cell | None

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by their names in the API."""
        values = (self.month, self.category, self.outcome_group)
        return {name: value for name, value in zip(FILTERS, values, strict=True) if value is not None}

    def address(self, *, at: View | None = None, cell: str | None = None, part: str = "") -> str:
        """The address of the same map elsewhere, or with another hexagon; "" chooses none."""
        view = at or self.view
        given = dict(self.filters)
        if view != COUNTRY:
            given["at"] = view.text
        chosen = cell if cell is not None else (self.cell.id if self.cell else "")
        if chosen:
            given["cell"] = chosen
        query = urlencode(given, safe=",")
        return f"{PATHS[self.dataset]}{part}{'?' if query else ''}{query}"


def read_state(dataset: Dataset, given: Given) -> MapState:
    """The state that an address holds.

    Raises:
        ParameterError: a part of it cannot be understood.
    """
    cell = first(given, "cell")
    return MapState(
        dataset,
        read_period(given),
        joined(given, "category"),
        joined(given, "outcome_group"),
        read_view(first(given, "at")),
        read_cell(cell, "cell") if cell else None,
    )


def is_sent_by_form(given: Given) -> bool:
    """Whether an address is what a form makes of its fields, rather than the shortest one for a map."""
    has_more = any(len(values) > 1 or "" in values for values in given.values())
    is_list = "," in (first(given, "month") or "")
    return has_more or is_list or "from" in given or "to" in given or "postcode" in given


def read_period(given: Given) -> str | None:
    """One month, or a first and a last one: `month`, or `from` and `to` of the form, in either order.

    Raises:
        ParameterError: they are no months, too many, or a list that leaves some out: no form could show it.
    """
    start, end = first(given, "from"), first(given, "to")
    month = first(given, "month")
    if start or end:
        month = "..".join(sorted([start or end or "", end or start or ""]))
    if month is None:
        return None
    months = read_months(month)
    if len(months) > MOST_MONTHS:
        raise ParameterError("month", f"{len(months)} months are given: at most {MOST_MONTHS} on one map")
    if any(next_month(one) != other for one, other in pairwise(months)):
        form = "a map takes one month, or a first and a last one, as in 2018-10..2018-12"
        raise ParameterError("month", f"'{month[:40]}' leaves months out: {form}")
    return "..".join(dict.fromkeys([format_month(months[0]), format_month(months[-1])]))


def first(given: Given, name: str) -> str | None:
    """The first value of a parameter that is not empty."""
    return next((value.strip() for value in given.get(name, ()) if value.strip()), None)


def joined(given: Given, name: str) -> str | None:
    """Several values with commas between."""
    return ",".join(value.strip() for value in given.get(name, ()) if value.strip()) or None
