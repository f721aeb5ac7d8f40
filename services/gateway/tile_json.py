"""TileJSON 3.0.0: where a dataset's tiles are, what is in them, and what is not. Pure."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from services.gateway.context import Context
from services.gateway.schemas import ATTRIBUTION, LICENCE, Gap
from services.gateway.tile_shapes import LEVELS, MAX_ZOOM
from services.gateway.tile_store import Edition, View, attributes_of
from shared.model import Dataset, format_month

TITLES = {Dataset.STREET: "Street crimes", Dataset.STOPS: "Stop and search"}


class Layer(Struct):
    """A layer of the tiles; `fields` says what each attribute is."""

    id: str
    description: str
    fields: dict[str, str]
    minzoom: int = 0
    maxzoom: int = MAX_ZOOM


class ZoomLevel(Struct):
    """From `minzoom` to `maxzoom` the tiles have cells with edges of `edge_m` metres."""

    minzoom: int
    maxzoom: int
    edge_m: int


class TileFilters(Struct):
    """What the tiles are limited to; null lets everything through."""

    month: list[str]
    category: list[str] | None
    outcome_group: list[str] | None


class TileJson(Struct):
    """TileJSON 3.0.0, and what it has no word for: months, gaps and notes."""

    name: str
    description: str
    version_token: str
    """Part of the tiles' addresses; another one as soon as any month is rebuilt."""
    tiles: list[str]
    bounds: list[float]
    vector_layers: list[Layer]
    held_months: list[str]
    filters: TileFilters
    data_version: dict[str, int]
    missing_months: list[str]
    gaps: list[Gap]
    notes: list[str]
    levels: list[ZoomLevel]
    outcome_groups: dict[str, str]
    tilejson: str = "3.0.0"
    version: str = "1.0.0"
    scheme: str = "xyz"
    minzoom: int = 0
    maxzoom: int = MAX_ZOOM
    attribution: str = ATTRIBUTION
    licence: str = LICENCE


def tile_json(
    edition: Edition,
    view: View,
    context: Context,
    bounds: Sequence[float],
    base_url: str,
    filters: dict[str, str],
) -> TileJson:
    """The document; `filters` are the query parameters as they were asked for."""
    dataset = edition.dataset
    address = f"{base_url}/tiles/{edition.version}/{dataset}/{{z}}/{{x}}/{{y}}.mvt"
    title = TITLES[dataset]
    return TileJson(
        name=f"{title}, England and Wales",
        description=f"{title} by hexagon. A hexagon without records is not in the tiles.",
        version_token=edition.version,
        tiles=[f"{address}?{urlencode(filters, safe=',')}" if filters else address],
        bounds=list(bounds),
        vector_layers=[Layer(str(dataset), f"{title} by hexagon", fields(edition, view))],
        held_months=months(edition.months),
        filters=TileFilters(months(view.months), choice(view.categories), choice(view.groups)),
        data_version=context.data_version,
        missing_months=context.missing_months,
        gaps=context.gaps,
        notes=context.notes,
        levels=levels(),
        outcome_groups={group.slug: group.label for group in edition.groups},
    )


def fields(edition: Edition, view: View) -> dict[str, str]:
    """The attributes of a hexagon."""
    labels = {f"outcome:{group.slug}": group.label for group in edition.groups}
    names = attributes_of(edition, view).names[1:]
    counted = {name: f"Number: records with {described(name, labels)}; absent if none" for name in names}
    return {
        "id": "String: edge length in metres, column and row, as in /api/v1/hexes",
        "total": "Number: all records that the filters let through",
        **counted,
    }


def described(name: str, labels: dict[str, str]) -> str:
    """What an attribute counts."""
    kind, _, word = name.partition(":")
    return f"outcome '{labels[name]}'" if kind == "outcome" else f"category '{word}'"


def levels() -> list[ZoomLevel]:
    """The zooms of each edge length."""
    lasts = [MAX_ZOOM, *(first - 1 for first, _ in LEVELS)]
    return [ZoomLevel(first, last, edge) for (first, edge), last in zip(LEVELS, lasts, strict=False)][::-1]


def months(held: Any) -> list[str]:
    """Months as text, oldest first."""
    return [format_month(month) for month in sorted(held)]


def choice(words: Sequence[str] | None) -> list[str] | None:
    """A filter as it was understood."""
    return None if words is None else list(words)
