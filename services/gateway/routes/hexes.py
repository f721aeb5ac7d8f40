"""Cells of the hexagon grid: those of a rectangle as GeoJSON or CSV, and one of them month by month."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from services.gateway.hex_csv import csv_of
from services.gateway.hex_history import HexHistory, history, read_cell
from services.gateway.hexes import collect, read_asked
from services.gateway.parameters import MAPPED, read_bbox, read_dataset, read_level, required
from services.gateway.routes.answers import (
    BY_TYPE,
    CSV,
    GEO_JSON,
    JSON,
    AnyRequest,
    described_by,
    fresh,
    holds,
    is_current,
    month_headers,
    not_modified,
    question_tag,
    wanted_type,
)
from services.gateway.routes.records import addresses
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from shared.areas import ForceAreas

HEXES = "/api/v1/hexes"


@get(
    addresses(HEXES),
    summary="Cells with their counts, as GeoJSON or CSV",
    tags=["maps"],
)
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
) -> Response[Any]:
    """The hexagons with records that share at least a point with `bbox` (west,south,east,north in degrees).

    `dataset` is street or stops, `level` the edge length in metres, `month` YYYY-MM or a range; months that
    are not held are named in `missing_months` and `notes`, and never counted as zero. `category` and
    `outcome_group` take several values with commas; for stops the category is the object of search. The CSV
    has a row for each hexagon with its centre and a column for each group and category.
    """
    name, edge, rectangle = read_dataset(dataset, MAPPED), read_level(level), read_bbox(bbox)
    media_type = wanted_type(request, (GEO_JSON, JSON, CSV))
    question = media_type, sorted(request.query_params.multi_items())
    required("month", month, "YYYY-MM or a range, as in 2018-10..2018-12")
    async with store.long_snapshot() as snapshot:
        asked = await read_asked(snapshot, name, edge, month, category, outcome_group)
        tag = question_tag(snapshot.revision, *question)
        if holds(request, tag):
            return not_modified(tag, BY_TYPE)
        found = await collect(snapshot, asked, rectangle, areas, settings.max_cells)
    if is_current(request, tag):
        return not_modified(tag, BY_TYPE)
    answer = fresh(csv_of(found, asked) if media_type == CSV else found, tag, media_type, BY_TYPE)
    answer.headers.update(month_headers(found.data_version, found.missing_months))
    if media_type == CSV and (link := described_by(request)):
        answer.headers["Link"] = link
    return answer


@get(f"{HEXES}/{{id:str}}", summary="One cell, month by month", tags=["maps"])
async def get_hex(
    request: AnyRequest,
    store: NamedDependency[Store],
    areas: NamedDependency[ForceAreas],
    id: FromPath[str],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
) -> Response[HexHistory]:
    """A hexagon by its id, as in /api/v1/hexes and in the tiles: counts of each month and their sums.

    Without `month` all that are held. A month is null where none of the forces of the place published
    anything, and 0 where they did and no record is here.
    """
    name, cell = read_dataset(dataset, MAPPED), read_cell(id)
    question = cell.id, sorted(request.query_params.multi_items())
    async with store.snapshot() as snapshot:
        asked = await read_asked(snapshot, name, cell.level, month, category, outcome_group)
        tag = question_tag(snapshot.revision, *question)
        if is_current(request, tag):
            return not_modified(tag)
        counts = await snapshot.cell_months(asked.query, cell.i, cell.j)
    return fresh(history(cell, asked, counts, areas), tag)
