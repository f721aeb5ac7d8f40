"""Vector tiles of the cells, and their TileJSON."""

import gzip
import re
from collections.abc import Sequence
from datetime import date

import numpy as np
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from numpy.typing import NDArray

from services.gateway.codings import takes_gzip
from services.gateway.context import of_grid
from services.gateway.errors import NotFoundError, ParameterError
from services.gateway.parameters import MAPPED, among, read_dataset, read_months, read_words
from services.gateway.routes.answers import AnyRequest, fresh, held_tags, is_current, not_modified
from services.gateway.search_parameters import read_slugs
from services.gateway.settings import GatewaySettings
from services.gateway.store import CellQuery, Store
from services.gateway.tile_json import TileJson, tile_json
from services.gateway.tile_shapes import MAX_ZOOM, Tile
from services.gateway.tile_store import Edition, View
from services.gateway.tiles import MVT, Body, Tiles
from shared.areas import ForceAreas
from shared.coverage import BTP
from shared.hexgrid import EDGES_M, cells_in_bbox, rings

WHOLE = re.compile(r"0|[1-9][0-9]{0,5}")
WORLD = (-180.0, -85.051129, 180.0, 85.051129)
MOST = 10_000
"""Far more than there are cells of the coarsest level."""
MOST_MONTHS = 60
"""In one tile: the cells of so many fit into memory."""


@get("/tiles/{name:str}", summary="TileJSON of a dataset's vector tiles", tags=["maps"])
async def get_tile_json(
    request: AnyRequest,
    store: NamedDependency[Store],
    tiles: NamedDependency[Tiles],
    areas: NamedDependency[ForceAreas],
    settings: NamedDependency[GatewaySettings],
    name: FromPath[str],
    month: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
) -> Response[TileJson]:
    """Where the present tiles are, their attributes, the months that are held, and what is missing.

    `name` is street.json or stops.json. The filters are those of /api/v1/hexes and become part of the tiles'
    addresses; without `month` it is the newest that is held. Ask again after new data: the addresses change.
    """
    text, dot, ending = name.rpartition(".")
    if not dot or ending != "json":
        raise NotFoundError("name", f"there are {', '.join(f'{one}.json' for one in MAPPED)}")
    dataset = read_dataset(text, MAPPED)
    async with store.snapshot() as snapshot:
        facts = await snapshot.facts()
        edition = await tiles.edition_in(snapshot, dataset)
        asked, view = read_view(edition, month, category, outcome_group)
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        coarsest = CellQuery(dataset, EDGES_M[-1], list(view.months), None, None)
        cells = await snapshot.cells(coarsest, cells_in_bbox(EDGES_M[-1], *WORLD), MOST)
    forces = [force.slug for force in facts.forces if force.slug in {*areas.force_ids, BTP}]
    given = {"month": month, "category": category, "outcome_group": outcome_group}
    answer = tile_json(
        edition,
        view,
        of_grid(facts, dataset, asked, forces),
        bounds(cells),
        (settings.public_url or str(request.base_url)).rstrip("/"),
        {name: value for name, value in given.items() if value is not None},
    )
    return fresh(answer, facts.revision)


@get(
    "/tiles/{version:str}/{dataset:str}/{z:str}/{x:str}/{name:str}",
    media_type=MVT,
    summary="A vector tile",
    tags=["maps"],
)
async def get_tile(
    request: AnyRequest,
    tiles: NamedDependency[Tiles],
    version: FromPath[str],
    dataset: FromPath[str],
    z: FromPath[str],
    x: FromPath[str],
    name: FromPath[str],
    month: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    outcome_group: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A Mapbox vector tile; its address is in the TileJSON and always gives the same. 204: no cell is here.

    `name` is the row with its ending, as in 340.mvt.
    """
    edition = await tiles.edition(read_dataset(dataset, MAPPED), version)
    _, view = read_view(edition, month, category, outcome_group)
    address = request.scope["path"], request.scope["query_string"]
    return answer(request, await tiles.body(address, edition, read_tile(z, x, name), view))


def read_view(
    edition: Edition, month: str | None, category: str | None, outcome_group: str | None
) -> tuple[Sequence[date], View]:
    """The months that were asked for, and what is shown: those of them that are held, and the filters."""
    asked = edition.newest.months if month is None else read_months(month)
    if len(asked) > MOST_MONTHS:
        raise ParameterError("month", f"{len(asked)} months are given: at most {MOST_MONTHS} on one map")
    shown = among(asked, edition.months, edition.dataset)
    categories = read_slugs("category", category, edition.known_categories)
    groups = read_words("outcome_group", outcome_group, [group.slug for group in edition.groups])
    return asked, View(
        tuple(shown),
        None if categories is None else tuple(categories),
        None if groups is None else tuple(groups),
    )


def bounds(cells: NDArray[np.int32]) -> tuple[float, float, float, float]:
    """West, south, east and north of the coarsest cells (i, j), shape (n, 2); the world if there are none."""
    if not len(cells):
        return WORLD
    corners = rings(EDGES_M[-1], cells[:, 0], cells[:, 1])
    (west, south), (east, north) = corners.min(axis=(0, 1)).tolist(), corners.max(axis=(0, 1)).tolist()
    return west, south, east, north


def read_tile(z: str, x: str, name: str) -> Tile:
    """A place in the pyramid.

    Raises:
        NotFoundError: there is no such place.
    """
    y, dot, ending = name.rpartition(".")
    if not dot or ending != "mvt":
        raise NotFoundError("y", "a tile's address ends with {y}.mvt")
    zoom = read_whole("z", z, MAX_ZOOM)
    last = 2**zoom - 1
    return Tile(zoom, read_whole("x", x, last), read_whole("y", y, last))


def read_whole(name: str, text: str, last: int) -> int:
    """A whole number from 0 on.

    Raises:
        ParameterError: it is none, NotFoundError: it is too large.
    """
    if not WHOLE.fullmatch(text):
        raise ParameterError(name, f"'{text[:20]}' is no whole number from 0 to {last}")
    if int(text) > last:
        raise NotFoundError(name, f"{text} is beyond the last one, {last}")
    return int(text)


def answer(request: AnyRequest, body: Body) -> Response[bytes]:
    """A tile as the client can read it.

    Where there is no cell it is 204, not 404, which maps report as a failure or fill from the zoom above.
    """
    headers = dict(body.headers)
    is_packed = takes_gzip(request.scope["headers"])
    if not is_packed:
        # A strong tag stands for the very bytes that are sent.
        headers["ETag"] = headers["ETag"][:-1] + '-plain"'
    del headers["Content-Length"]
    if not (is_packed and body.packed):
        del headers["Content-Encoding"]
    if not {headers["ETag"], "*"}.isdisjoint(held_tags(request)):
        return Response(b"", status_code=304, headers=headers)
    if not body.packed:
        return Response(b"", status_code=204, headers=headers)
    return Response(body.packed if is_packed else gzip.decompress(body.packed), headers=headers)
