"""The door to an operator's tile server."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic
from urllib.parse import urlsplit

import httpx
import stamina

from services.reporter.tile_grid import Tile
from services.reporter.tiled_basemap import MOST_BYTES, read_tile
from shared.errors import PermanentError, TransientError

ZOOMS = range(0, 20)
TRIES = 3
FIRST_WAIT, LONGEST_WAIT = 0.2, 1.0
"""Seconds between two tries."""
AT_ONCE = 6
"""Connections: a browser has as many."""
KEPT_SECONDS = 24 * 3600.0
KEPT_BYTES = 64_000_000
MISSING = (httpx.codes.NOT_FOUND, httpx.codes.GONE, httpx.codes.NO_CONTENT)


class TileServer:
    """Asks a server for tiles, and keeps for a day what it said, also that there is no such tile."""

    zooms = ZOOMS

    def __init__(
        self,
        template: str,
        attribution: str,
        *,
        seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`seconds`: patience with one request."""
        self.template, self.attribution = template, attribution
        self.name = urlsplit(template).hostname  # no more of the address is logged: it may have a key in it
        self.clock = clock
        self.kept: OrderedDict[Tile, tuple[float, bytes]] = OrderedDict()
        self.kept_bytes = 0
        self.client = httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, pool=None),
            limits=httpx.Limits(max_connections=AT_ONCE),
            headers={"User-Agent": "CrimeMapsUK (maps of reports)", "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def get(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """See `TileSource`; a failure ends the other requests."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {tile: group.create_task(self.find(tile)) for tile in tiles}
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return {tile: content for tile, task in tasks.items() if (content := task.result())}

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def find(self, tile: Tile) -> bytes:
        """A tile's file; nothing where there is no such tile."""
        asked_at, content = self.kept.get(tile, (-KEPT_SECONDS, b""))
        if self.clock() - asked_at < KEPT_SECONDS:
            self.kept.move_to_end(tile)
            return content
        content = await self.ask(tile)
        if content:
            await asyncio.to_thread(read_tile, tile, content)
        self.keep(tile, content)
        return content

    def keep(self, tile: Tile, content: bytes) -> None:
        """Remember a tile, and forget those that were not asked for the longest time."""
        if tile in self.kept:
            self.kept_bytes -= size_of(self.kept.pop(tile)[1])
        self.kept[tile] = self.clock(), content
        self.kept_bytes += size_of(content)
        while self.kept_bytes > KEPT_BYTES:
            self.kept_bytes -= size_of(self.kept.popitem(last=False)[1][1])

    async def ask(self, tile: Tile) -> bytes:
        """Ask again and again, if that may help."""
        async for attempt in stamina.retry_context(
            on=TransientError,
            attempts=TRIES,
            timeout=None,
            wait_initial=FIRST_WAIT,
            wait_max=LONGEST_WAIT,
            wait_jitter=FIRST_WAIT,
        ):
            with attempt:
                return await self.send(tile)
        raise AssertionError("unreachable")

    async def send(self, tile: Tile) -> bytes:
        """One request."""
        address = self.template
        for name, number in tile._asdict().items():
            address = address.replace(f"{{{name}}}", str(number))
        try:
            async with self.client.stream("GET", address) as response:
                if response.status_code in MISSING:
                    return b""
                if response.status_code != httpx.codes.OK:
                    raise self.refused(tile, response.status_code)
                content = bytearray()
                async for part in response.aiter_raw():  # never unpacked: a small answer stays small
                    content += part
                    if len(content) > MOST_BYTES:
                        raise PermanentError(f"{self.name}: tile {tile} has more than {MOST_BYTES:,} bytes")
        except httpx.TransportError as error:
            why = f"{type(error).__name__} {error}".strip()
            raise TransientError(f"{self.name} does not answer: {why}") from error
        if not content:
            raise PermanentError(f"{self.name}: tile {tile} is empty")
        return bytes(content)

    def refused(self, tile: Tile, status: int) -> TransientError | PermanentError:
        """An answer that is no tile; some are worth another try."""
        may_pass = status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR
        kind = TransientError if may_pass else PermanentError
        return kind(f"{self.name} answers tile {tile} with HTTP {status}")


def size_of(content: bytes) -> int:
    """What keeping a tile takes, about; an absent one takes room too."""
    return len(content) + 500
