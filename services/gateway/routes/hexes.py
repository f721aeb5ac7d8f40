"""Cells of the hexagon grid as GeoJSON."""

import asyncio
from dataclasses import replace
from datetime import date

import numpy as np
import shapely
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from numpy.typing import NDArray

from services.gateway.cells import columns, features, touching, within_smallint
from services.gateway.context import of_grid
from services.gateway.coverage import Facts
from services.gateway.errors import ParameterError
from services.gateway.parameters import (
    MAPPED,
    Bbox,
    among,
    read_bbox,
    read_dataset,
    read_level,
    read_months,
    read_words,
)
from services.gateway.routes.answers import (
    AnyRequest,
    fresh,
    holds,
    is_current,
    not_modified,
    question_tag,
)
from services.gateway.schemas import HexCollection, HexFilters
from services.gateway.search_parameters import read_slugs
from services.gateway.settings import GatewaySettings
from services.gateway.store import CellQuery, Group, Snapshot, Store
from services.gateway.vocabulary import NOT_RECORDED
from shared.areas import ForceAreas
from shared.coverage import BTP
from shared.hexgrid import EDGES_M, cells_in_bbox
from shared.model import Dataset, format_month

GEO_JSON = "application/geo+json"
RESERVE = 10
"""So many times more cells than allowed are looked at: the range searched is larger than the rectangle."""


@get("/api/v1/hexes", summary="Cells with their counts, as GeoJSON", tags=["maps"])
async def get_hexes(
    request: AnyRequest,
    store: NamedDependency[Store],
    settings: NamedDependency[GatewaySettings],
    areas: NamedDependency[ForceAreas],
    dataset: FromQuery[str | None] = None,
    level: FromQuery[str | None] = None,
    bbox: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
) -> Response[HexCollection]:
    """The hexagons with records that share at least a point with `bbox` (west,south,east,north in degrees).

    `dataset` is street or stops, `level` the edge length in metres, `month` YYYY-MM or a range; months that
    are not held are named in `missing_months` and `notes`, and never counted as zero. `category` and
    `outcome_group` take several values with commas; for stops the category is the object of search.
    """
    name, edge, rectangle = read_dataset(dataset, MAPPED), read_level(level), read_bbox(bbox)
    asked = read_months(month)
    question = sorted(request.query_params.multi_items())
    async with store.long_snapshot() as snapshot:
        facts = await snapshot.facts()
        months = among(asked, [held for held in facts.months(name) if facts.loaded[name, held].grid], name)
        words, groups = await snapshot.words(name), await snapshot.outcome_groups(name)
        categories = read_slugs("category", category, await valid_categories(snapshot, name, words))
        outcome_groups = read_words("outcome_group", outcome_group, [group.slug for group in groups])
        tag = question_tag(snapshot.revision, question)
        if holds(request, tag):
            return not_modified(tag)
        query = CellQuery(
            name,
            edge,
            months,
            None if categories is None else [n for n, word in words.items() if word in categories],
            None
            if outcome_groups is None
            else [group.id for group in groups if group.slug in outcome_groups],
        )
        cells = await find_cells(snapshot, query, rectangle, settings.max_cells)
        if is_current(request, tag):
            return not_modified(tag)
        counts = await snapshot.cell_counts(query, columns(cells)) if len(cells) else []
    filters = HexFilters(
        name, edge, list(rectangle), [format_month(one) for one in asked], categories, outcome_groups
    )
    slugs = {group.id: group.slug for group in groups}
    found = await asyncio.to_thread(features, edge, cells, counts, words, slugs)
    forces = [*areas.meeting(shapely.box(*rectangle)), BTP]
    answer = collection(facts, filters, groups, months, asked, forces)
    answer.features = found
    answer.total = sum(feature.properties.total for feature in found)
    return fresh(answer, tag, GEO_JSON)


async def valid_categories(snapshot: Snapshot, dataset: Dataset, words: dict[int, str]) -> set[str]:
    """What may be asked for: what is known, and what was ever published."""
    published = set(words.values())
    return published | (set(await snapshot.categories()) if dataset is Dataset.STREET else {NOT_RECORDED})


async def find_cells(snapshot: Snapshot, query: CellQuery, bbox: Bbox, most: int) -> NDArray[np.int32]:
    """The cells that touch the rectangle and have records.

    Raises:
        ParameterError: they are too many for one answer.
    """
    area = within_smallint(cells_in_bbox(query.level, *bbox))
    cells = np.empty((0, 2), np.int32)
    # The newest month alone nearly always shows what is too much; to learn it from all takes much longer.
    for months in (query.months[-1:], query.months):
        candidates = await snapshot.cells(replace(query, months=months), area, RESERVE * most)
        cells = await asyncio.to_thread(touching, query.level, candidates, bbox)
        if len(cells) > most or len(candidates) == RESERVE * most:
            coarser = [str(edge) for edge in EDGES_M if edge > query.level]
            advice = f"take level {coarser[0]} or a smaller bbox" if coarser else "take a smaller bbox"
            raise ParameterError(
                "bbox", f"more than {most} cells of level {query.level} have records here: {advice}"
            )
        if len(query.months) == 1:
            break
    return cells


def collection(
    facts: Facts,
    filters: HexFilters,
    groups: list[Group],
    months: list[date],
    asked: list[date],
    forces: list[str],
) -> HexCollection:
    """The answer without its cells: what they stand for, and what they lack."""
    dataset = Dataset(filters.dataset)
    held = of_grid(facts, dataset, asked, forces)
    grids = {month: grid for month in months if (grid := facts.loaded[dataset, month].grid)}
    nowhere = [
        f"{format_month(month)}: {grid.without_cell} records without a location are in no cell"
        for month, grid in grids.items()
        if grid.without_cell
    ]
    return HexCollection(
        data_version=held.data_version,
        missing_months=held.missing_months,
        filters=filters,
        outcome_groups={group.slug: group.label for group in groups},
        mapping_version=max(grid.mapping_version for grid in grids.values()),
        total=0,
        gaps=held.gaps,
        notes=held.notes + nowhere,
        features=[],
    )
