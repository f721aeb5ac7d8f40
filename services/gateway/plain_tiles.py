"""Plain tiles, answered before all else: routing and injecting would take longer than making one.

A plain tile has no filter and is wanted in gzip. There are so many of them and no more, so they are not
counted against anybody's limit. Everything else, and every error, is the route's. Kept tiles are answered
even in front of the doorstep, with all the headers that it gives: it would cost a tenth of what they take.
"""

import re
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from services.gateway.codings import takes_gzip
from services.gateway.tile_shapes import Tile
from services.gateway.tiles import Body, Tiles
from shared.errors import CrimeMapsError
from shared.model import Dataset

ROUTE = "/tiles/{version}/{dataset}/{z}/{x}/{name}"
NOT_PLAIN = frozenset((b"if-none-match", b"authorization", b"x-api-key"))
"""Who sends a key must hear if it is wrong."""
WHOLE = "(0|[1-9][0-9]{0,5})"
PATH = re.compile(rf"/tiles/([0-9a-f]{{16}})/(street|stops)/{WHOLE}/{WHOLE}/{WHOLE}\.mvt")


class KeptTiles:
    """The application, with plain tiles that are kept in front."""

    def __init__(self, app: ASGIApp, tiles: Tiles) -> None:
        self.app, self.tiles = app, tiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        body = self.tiles.kept(scope["path"], b"") if is_plain(scope) else None
        if body is None or not body.packed:
            await self.app(scope, receive, send)
        else:
            await answer(scope, send, body, body.raw_headers)


class PlainTiles:
    """The application, with plain tiles that must be made in front."""

    def __init__(self, app: ASGIApp, tiles: Tiles) -> None:
        self.app, self.tiles = app, tiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        body = await self.make(scope["path"]) if is_plain(scope) else None
        if body is None or not body.packed:
            await self.app(scope, receive, send)
        else:
            headers = [(name.encode(), value.encode()) for name, value in body.headers.items()]
            await answer(scope, send, body, headers)

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


def is_plain(scope: Any) -> bool:
    """Whether this may be a request for a plain tile."""
    return (
        scope["type"] == ScopeType.HTTP
        and not scope["query_string"]
        and scope["path"].startswith("/tiles/")
        and scope["method"] == "GET"
        and NOT_PLAIN.isdisjoint([name for name, _ in scope["headers"]])
        and takes_gzip(scope["headers"])
    )


async def answer(scope: Any, send: Send, body: Body, headers: list[tuple[bytes, bytes]]) -> None:
    """Send a tile as it is kept."""
    scope["path_template"] = ROUTE
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body.packed, "more_body": False})
