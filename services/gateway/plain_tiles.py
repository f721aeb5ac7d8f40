"""Plain tiles, answered before all else: routing and injecting would take longer than making one.

A plain tile has no filter and is wanted in gzip. There are so many of them and no more, so they are not
counted against anybody's limit. Everything else, and every error, is the route's.
"""

import re
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from services.gateway.tile_shapes import Tile
from services.gateway.tiles import Body, Tiles
from shared.errors import CrimeMapsError
from shared.model import Dataset

ROUTE = "/tiles/{version}/{dataset}/{z}/{x}/{name}"
NOT_PLAIN = (b"if-none-match", b"authorization", b"x-api-key")
"""Who sends a key must hear if it is wrong."""
WHOLE = "(0|[1-9][0-9]{0,5})"
PATH = re.compile(rf"/tiles/([0-9a-f]{{16}})/(street|stops)/{WHOLE}/{WHOLE}/{WHOLE}\.mvt")


class PlainTiles:
    """The application, with plain tiles in front."""

    def __init__(self, app: ASGIApp, tiles: Tiles) -> None:
        self.app, self.tiles = app, tiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        body = await self.find(scope) if scope["type"] == ScopeType.HTTP else None
        if body is None or not body.packed:
            await self.app(scope, receive, send)
            return
        scope["path_template"] = ROUTE
        await send({"type": "http.response.start", "status": 200, "headers": body.raw_headers})
        await send({"type": "http.response.body", "body": body.packed, "more_body": False})

    async def find(self, scope: Any) -> Body | None:
        """The tile, if this is a request for a plain one of the present version."""
        if scope["query_string"] or not scope["path"].startswith("/tiles/") or scope["method"] != "GET":
            return None
        sent = dict(scope["headers"])
        if b"gzip" not in sent.get(b"accept-encoding", b"") or not sent.keys().isdisjoint(NOT_PLAIN):
            return None
        body = self.tiles.kept(scope["path"], b"")
        return body or await self.make(scope["path"])

    async def make(self, path: str) -> Body | None:
        """The tile of an address that is not kept."""
        found = PATH.fullmatch(path)
        edition = self.tiles.present(Dataset(found[2]), found[1]) if found else None
        if found is None or edition is None:
            return None
        tile = Tile(*map(int, found.groups()[2:]))
        if not tile.exists():
            return None
        try:
            return await self.tiles.body((path, b""), edition, tile, edition.newest)
        except CrimeMapsError:
            return None
