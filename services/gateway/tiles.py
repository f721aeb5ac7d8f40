"""Vector tiles: made once from cells in memory, kept compressed."""

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic

import numpy as np

from services.gateway.doorstep import dressed
from services.gateway.memory import Memory
from services.gateway.settings import GatewaySettings
from services.gateway.store import Snapshot, Store
from services.gateway.tile_counts import Grid, split
from services.gateway.tile_encoding import encode
from services.gateway.tile_shapes import EXTENT, Tile, hexagons, near
from services.gateway.tile_store import Edition, View, attributes_of, outdated, read_edition, read_grid
from shared.errors import TransientError
from shared.logs import get_logger
from shared.metrics import tiles_made
from shared.model import Dataset

log = get_logger()

COMPRESSION = 4
"""Level of gzip: the highest makes tiles 4 % smaller, in more than twice the time."""
MVT = "application/vnd.mapbox-vector-tile"
FOR_EVER = "public, max-age=31536000, immutable"
OVERHEAD = 1500
"""Bytes that a kept tile takes beside its content and address."""


@dataclass(frozen=True, slots=True)
class Body:
    """A finished tile."""

    address: tuple[str, bytes]
    """Path and query, as they were asked for."""
    dataset: Dataset
    version: str
    packed: bytes
    """The tile in gzip; nothing if no cell is in it."""
    headers: dict[str, str]
    """Those of an answer that has it as it is."""
    raw_headers: list[tuple[bytes, bytes]]
    """The same and those that all answers have, as they are sent."""


def size_of(body: Body) -> int:
    """Bytes of memory that a kept tile takes."""
    return len(body.packed) + sum(map(len, body.address)) + OVERHEAD


class Tiles:
    """Editions, cells and tiles that this process knows."""

    def __init__(self, store: Store, settings: GatewaySettings) -> None:
        self.store, self.check_seconds = store, settings.tile_check_seconds
        self.editions: dict[Dataset, Edition] = {}
        self.check_again: dict[Dataset, float] = {}
        self.checking = asyncio.Lock()
        self.grids = Memory[Grid](settings.tile_cells_bytes, lambda grid: grid.bytes)
        self.bodies = Memory[Body](settings.tiles_bytes, size_of)

    async def edition(self, dataset: Dataset, version: str) -> Edition:
        """The edition of this version.

        It is looked for again after `tile_check_seconds`, or if another gateway may know a newer one. While
        the database is away the last known one goes on: its tiles are what their addresses say.

        Raises:
            NotFoundError: it is not the present one.
        """
        if self.present(dataset, version) is None:
            async with self.checking:
                if self.present(dataset, version) is None:
                    await self.check(dataset)
        edition = self.editions[dataset]
        if edition.version != version:
            raise outdated(dataset, version)
        return edition

    def present(self, dataset: Dataset, version: str) -> Edition | None:
        """The edition of a version, if it was the present one a moment ago."""
        known = self.editions.get(dataset)
        is_so = known is not None and known.version == version and monotonic() < self.check_again[dataset]
        return known if is_so else None

    async def check(self, dataset: Dataset) -> None:
        """Look for the present edition."""
        known = self.editions.get(dataset)
        try:
            async with self.store.snapshot() as snapshot:
                await self.edition_in(snapshot, dataset)
        except TransientError as error:
            if known is None:
                raise
            log.warning("tiles.not_checked", dataset=dataset, reason=str(error))
            self.check_again[dataset] = monotonic() + self.check_seconds

    async def edition_in(self, snapshot: Snapshot, dataset: Dataset) -> Edition:
        """The edition that a snapshot shows."""
        edition = self.editions.get(dataset)
        if edition is None or edition.revision != snapshot.revision:
            edition = self.editions[dataset] = await read_edition(snapshot, dataset)
        self.check_again[dataset] = monotonic() + self.check_seconds
        return edition

    def kept(self, path: str, query: bytes) -> Body | None:
        """The tile of an address, if it is kept and its version is still the present one."""
        body = self.bodies.get((path, query))
        return body if body is not None and self.present(body.dataset, body.version) else None

    async def body(self, address: tuple[str, bytes], edition: Edition, tile: Tile, view: View) -> Body:
        """The tile of an address, kept or made.

        Raises:
            NotFoundError: the edition is not shown any more.
        """

        async def make() -> Body:
            grids = [await self.grid(edition, month, tile.level) for month in view.months]
            # A thread would disturb this one for longer than one month takes.
            task = edition, tile, grids, view
            packed = draw(*task) if len(grids) == 1 else await asyncio.to_thread(draw, *task)
            return self.finished(address, edition, packed)

        return await self.bodies.get_or_make(address, make)

    def finished(self, address: tuple[str, bytes], edition: Edition, packed: bytes) -> Body:
        """A tile with all that an answer says of it."""
        tiles_made.labels(edition.dataset, "filled" if packed else "empty").inc()
        headers = headers_of(packed)
        raw = dressed([(name.encode(), value.encode()) for name, value in headers.items()], is_public=True)
        return Body(address, edition.dataset, edition.version, packed, headers, raw)

    async def grid(self, edition: Edition, month: date, level: int) -> Grid:
        """The cells of a month, which may be the same in several editions."""
        key = (edition.dataset, month, level, edition.months[month])
        return await self.grids.get_or_make(key, lambda: read_grid(self.store, edition, month, level))

    async def close(self) -> None:
        """Give up what is being made."""
        await self.bodies.close()
        await self.grids.close()


def draw(edition: Edition, tile: Tile, grids: Sequence[Grid], view: View) -> bytes:
    """A tile from the cells of its months, in gzip; nothing if none of them is in it."""
    attributes = attributes_of(edition, view)
    keys, counts = attributes.sums(grids, tile.area())
    packed = b""
    if len(keys):
        i, j = split(keys)
        shapes = hexagons(tile, i, j)
        shown = near(shapes)
        cells = np.stack([i[shown], j[shown]], axis=-1).ravel().tolist()
        ids = (b"%d.%%d.%%d " % tile.level * (len(cells) // 2) % tuple(cells)).split()
        content = encode(edition.dataset, EXTENT, ids, attributes.names, counts[shown], shapes[shown])
        packed = gzip.compress(content, COMPRESSION, mtime=0) if content else b""
    return packed


def headers_of(packed: bytes) -> dict[str, str]:
    """What an answer says of a tile: anybody may keep it for ever, wherever it is shown."""
    return {
        "ETag": f'"{hashlib.sha256(packed).hexdigest()[:32]}"',
        "Cache-Control": FOR_EVER,
        "Vary": "Accept-Encoding",
        "Content-Encoding": "gzip",
        "Content-Type": MVT,
        "Content-Length": str(len(packed)),
    }
