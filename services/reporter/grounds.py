"""What lies under a report's maps, made ready before it is rendered, where an operator has tiles."""

import asyncio
from collections.abc import Callable
from time import monotonic

from services.reporter.basemap import PreparedBasemap
from services.reporter.maps import frames
from services.reporter.settings import ReporterSettings
from services.reporter.tile_file import TileFile
from services.reporter.tile_server import TRIES, TileServer
from services.reporter.tiled_basemap import TiledBasemap, stitched
from services.reporter.vector_basemap import TILE_PIXELS, painted
from shared.errors import PermanentError, TransientError
from shared.logs import get_logger
from shared.metrics import report_basemaps

log = get_logger()

PAUSE = 60.0
"""Seconds for which a source that failed is left alone, so that it does not slow every report."""


class Grounds:
    """Draws backgrounds from an operator's tiles. A report never waits long for them, nor fails for them."""

    def __init__(self, tiles: TiledBasemap, patience: float, clock: Callable[[], float] = monotonic) -> None:
        """`patience`: seconds until the tiles of a report are given up."""
        self.tiles, self.patience, self.clock = tiles, patience, clock
        self.resume_at = 0.0

    async def around(self, latitude: float, longitude: float, radius_m: int) -> PreparedBasemap | None:
        """The backgrounds of a report's maps; None, for the bundled ones, if the tiles cannot be had."""
        if self.clock() < self.resume_at:
            report_basemaps.labels("unavailable").inc()
            return None
        try:
            async with asyncio.timeout(self.patience):
                drawn = {
                    frame: await self.tiles.draw(frame) for frame in frames(latitude, longitude, radius_m)
                }
        except (TransientError, PermanentError, TimeoutError) as error:
            self.resume_at = self.clock() + PAUSE
            report_basemaps.labels("unavailable").inc()
            reason = str(error) or f"no tiles within {self.patience:g} s"
            log.warning("basemap.unavailable", reason=reason, bundled_for_seconds=PAUSE)
            return None
        found = {frame: ground for frame, ground in drawn.items() if ground}
        report_basemaps.labels("tiles" if len(found) == len(drawn) else "not_covered").inc()
        return PreparedBasemap(found)

    async def close(self) -> None:
        """Let go of connections or files."""
        await self.tiles.source.close()


def open_grounds(settings: ReporterSettings) -> Grounds | None:
    """The operator's basemap; None if there is none.

    Raises:
        PermanentError: the file cannot be used.
    """
    pixels = settings.basemap_tile_pixels
    if settings.basemap_url and settings.basemap_attribution:
        # So that a request that hangs leaves time for the next try.
        seconds = settings.basemap_timeout / TRIES
        server = TileServer(settings.basemap_url, settings.basemap_attribution, seconds=seconds)
        tiles = TiledBasemap(server, pixels, stitched)
    elif settings.basemap_pmtiles:
        file = TileFile(settings.basemap_pmtiles, settings.basemap_attribution)
        side, paint = (TILE_PIXELS, painted) if file.is_vector else (pixels, stitched)
        tiles = TiledBasemap(file, side, paint)
    else:
        return None
    return Grounds(tiles, settings.basemap_timeout)
