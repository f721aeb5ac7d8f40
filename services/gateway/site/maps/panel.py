"""The chosen hexagon: its counts, its outcomes and its trend. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from services.gateway.hex_history import HexHistory, HexMonth, added
from services.gateway.site import charts, words
from services.gateway.site.language import gettext as _
from services.gateway.site.maps.drawing import nearest_places
from services.gateway.site.maps.state import MapState
from shared.model import Dataset, format_month, next_month, parse_month

TREND_HEIGHT = 190


@dataclass(frozen=True)
class Panel:
    """What is told of one hexagon; `total` is None where nothing was published."""

    id: str
    place: str
    latitude: float
    longitude: float
    level: int
    total: int | None
    known: int
    """Of how many months the total is."""
    groups: list[tuple[str, int, str]]
    """Name, records, and the class of its colour."""
    categories: list[tuple[str, int]]
    trend: Markup
    months: list[HexMonth]
    api: str
    close: str
    ring: list[list[float]]
    """Its closed outline: longitudes and latitudes."""


def panel(state: MapState, chosen: HexHistory, months: list[str], names: Mapping[str, str]) -> Panel:
    """The panel of a hexagon for the months of the map."""
    counted = [one for one in chosen.months if one.month in months]
    known = [one.total for one in counted if one.total is not None]
    groups = added(one.outcome_groups for one in counted)
    categories = added(one.categories for one in counted) if state.dataset is Dataset.STREET else {}
    [place] = nearest_places([(chosen.latitude, chosen.longitude)])
    query = {"dataset": state.dataset, "month": months[-1], **state.filters}
    return Panel(
        id=chosen.id,
        place=place,
        latitude=chosen.latitude,
        longitude=chosen.longitude,
        level=chosen.level,
        total=sum(known) if known else None,
        known=len(known),
        groups=[(names.get(word, word), n, f"fill-{word}") for word, n in groups.items()],
        categories=[(names.get(word, word), n) for word, n in categories.items()],
        trend=trend(chosen),
        months=chosen.months,
        api=f"/api/v1/hexes/{chosen.id}?{urlencode(query, safe=',')}",
        close=state.address(cell=""),
        ring=chosen.geometry.coordinates[0],
    )


def trend(chosen: HexHistory) -> Markup:
    """A column for each month from the first to the last that is held; what is not held is a gap."""
    totals = {one.month: one.total for one in chosen.months}
    columns = []
    month, last = parse_month(min(totals)), parse_month(max(totals))
    while month <= last:
        total = totals.get(format_month(month))
        columns.append(charts.Column(format_month(month), None if total is None else [("fill-1", total)]))
        month = next_month(month)
    label = _("Records by month, %(months)s") % {"months": words.span([columns[0].month, columns[-1].month])}
    return charts.columns(columns, label, charts.NARROW, height=TREND_HEIGHT)
