"""One hexagon through the months: what is counted of it, and what is not known. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import shapely
from msgspec import Struct

from services.gateway.context import of_grid
from services.gateway.coverage import Facts, judge
from services.gateway.errors import ParameterError
from services.gateway.hexes import Asked
from services.gateway.schemas import ATTRIBUTION, LICENCE, Gap, Polygon
from services.gateway.tile_counts import HIGHEST, LOWEST
from shared.areas import ForceAreas
from shared.coverage import BTP
from shared.hexgrid import EDGES_M, corner_degrees, rings
from shared.model import Dataset, format_month

SILENT = ("not_published", "not_loaded")
"""States of a force of which a month says nothing."""
Counts = Sequence[tuple[date, int, int, int]]
"""Month, category, group, records."""


class Cell(Struct, frozen=True):
    """A hexagon of the grid, by its edge length in metres, column and row."""

    level: int
    i: int
    j: int

    @property
    def id(self) -> str:
        """As in `/api/v1/hexes` and in the tiles."""
        return f"{self.level}.{self.i}.{self.j}"

    def ring(self) -> list[list[float]]:
        """Its closed outline: longitudes and latitudes."""
        outline: list[list[float]] = rings(self.level, np.array([self.i]), np.array([self.j]))[0].tolist()
        return outline

    def centre(self) -> tuple[float, float]:
        """Latitude and longitude of its centre, five decimals: about a metre."""
        x, y = np.array([3 * self.i]), np.array([2 * self.j + self.i % 2])
        lon, lat = corner_degrees(self.level, x, y)
        return round(float(lat[0]), 5), round(float(lon[0]), 5)


class HexMonth(Struct):
    """A month; null where no force of the place published anything, and so nothing is known."""

    month: str
    total: int | None
    outcome_groups: dict[str, int] | None
    categories: dict[str, int] | None


class HistoryFilters(Struct):
    """What was asked for; null lets everything through."""

    dataset: str
    months: list[str]
    category: list[str] | None
    outcome_group: list[str] | None


class HexHistory(Struct):
    """A hexagon's counts month by month, and their sums over the months that are known."""

    id: str
    level: int
    latitude: float
    """Of the centre, as is the longitude."""
    longitude: float
    geometry: Polygon
    data_version: dict[str, int]
    missing_months: list[str]
    filters: HistoryFilters
    outcome_group_names: dict[str, str]
    """Slug and public words of each group."""
    total: int
    outcome_groups: dict[str, int]
    categories: dict[str, int]
    months: list[HexMonth]
    gaps: list[Gap]
    notes: list[str]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION


def read_cell(text: str, name: str = "id") -> Cell:
    """A hexagon by its id.

    Raises:
        ParameterError: there is none of this id.
    """
    parts = text.split(".")
    try:
        numbers = [int(part) for part in parts if len(part) <= 6]
    except ValueError:
        numbers = []
    is_one = len(parts) == len(numbers) == 3 and ".".join(map(str, numbers)) == text
    if not is_one or numbers[0] not in EDGES_M or not all(LOWEST <= n <= HIGHEST for n in numbers[1:]):
        form = "edge length in metres, column and row, as in 1100.319.120"
        raise ParameterError(name, f"'{text[:40]}' is no hexagon: {form}")
    return Cell(*numbers)


def history(cell: Cell, asked: Asked, counts: Counts, areas: ForceAreas) -> HexHistory:
    """The answer for one cell; `counts` are those of the months that are held."""
    dataset, ring = asked.query.dataset, cell.ring()
    forces = areas.meeting(shapely.Polygon(ring))
    held = of_grid(asked.facts, dataset, asked.asked, [*forces, BTP])
    by_month: dict[date, list[tuple[int, int, int]]] = defaultdict(list)
    for month, category, group, n in counts:
        by_month[month].append((category, group, n))
    months = [
        month_of(asked, month, by_month[month], is_silent(asked.facts, dataset, month, forces))
        for month in asked.query.months
    ]
    latitude, longitude = cell.centre()
    return HexHistory(
        id=cell.id,
        level=cell.level,
        latitude=latitude,
        longitude=longitude,
        geometry=Polygon([ring]),
        data_version=held.data_version,
        missing_months=held.missing_months,
        filters=HistoryFilters(
            dataset,
            [format_month(month) for month in asked.asked],
            asked.categories,
            asked.outcome_groups,
        ),
        outcome_group_names={group.slug: group.label for group in asked.groups},
        total=sum(month.total or 0 for month in months),
        outcome_groups=added(month.outcome_groups for month in months),
        categories=added(month.categories for month in months),
        months=months,
        gaps=held.gaps,
        notes=held.notes,
    )


def month_of(asked: Asked, month: date, rows: list[tuple[int, int, int]], silent: bool) -> HexMonth:
    """One month; what would be 0 is left out of its groups and categories."""
    if silent and not rows:
        return HexMonth(format_month(month), None, None, None)
    groups: dict[str, int] = {}
    categories: dict[str, int] = {}
    slugs = asked.slugs
    for category, group, n in rows:
        groups[slugs[group]] = groups.get(slugs[group], 0) + n
        categories[asked.words[category]] = categories.get(asked.words[category], 0) + n
    return HexMonth(format_month(month), sum(groups.values()), groups, categories)


def is_silent(facts: Facts, dataset: Dataset, month: date, forces: Sequence[str]) -> bool:
    """Whether none of the forces of a place published anything for a month."""
    known = {force.slug: force for force in facts.forces}
    states = [judge(facts, dataset, month, known[force])[0] for force in forces if force in known]
    return bool(states) and all(state in SILENT for state in states)


def added(parts: Iterable[dict[str, int] | None]) -> dict[str, int]:
    """Sums by word, largest first."""
    sums: dict[str, int] = {}
    for part in parts:
        for word, n in (part or {}).items():
            sums[word] = sums.get(word, 0) + n
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))
