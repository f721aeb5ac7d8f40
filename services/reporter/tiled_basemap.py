"""A background made of tiles; of raster tiles, one picture a frame, stitched from the tiles under it."""

import asyncio
import io
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor
from typing import Protocol

from PIL import Image, ImageFile

from services.reporter import palette
from services.reporter.basemap import Drawn
from services.reporter.frame import Frame
from services.reporter.rasters import BROKEN
from services.reporter.tile_grid import Cut, Tile, choose, placement
from shared.errors import PermanentError

FORMATS = ("PNG", "JPEG", "WEBP")
LARGEST_TILE = 1_024
MOST_BYTES = 2_000_000
"""Of one tile."""
SHARPEST = 512
"""Pixels of a tile's side that reach the paper; larger ones are scaled down."""


class TileSource(Protocol):
    """Where tiles come from: an operator's server or file."""

    @property
    def attribution(self) -> str:
        """Who is to be named, in plain text."""

    @property
    def zooms(self) -> range:
        """The zoom levels that it has."""

    async def get(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Those of the tiles that there are.

        Raises:
            TransientError: it is away.
            PermanentError: it answers, but not with tiles.
        """

    async def close(self) -> None:
        """Let go of connections or files."""


Paint = Callable[[Frame, Cut, Mapping[Tile, bytes]], Drawn]
"""Draws a frame from all tiles of its cut. Pure; names nobody yet."""


class TiledBasemap:
    """Draws frames from a source of tiles, each from one zoom level."""

    def __init__(self, source: TileSource, tile_pixels: int, paint: Paint) -> None:
        """`tile_pixels`: the side of a tile as it is drawn, where it has about as many dots on paper."""
        self.source, self.tile_pixels, self.paint = source, tile_pixels, paint

    async def draw(self, frame: Frame) -> Drawn | None:
        """The background of a frame; None if the source has not all of it.

        Raises:
            TransientError, PermanentError: as `TileSource.get`.
        """
        cut = choose(frame, self.tile_pixels, self.source.zooms)
        if cut is None:
            return None
        tiles = await self.source.get(cut.tiles)
        if len(tiles) < len(cut.tiles):
            return None
        drawn = await asyncio.to_thread(self.paint, frame, cut, tiles)
        return drawn._replace(attributions=(self.source.attribution,))


def read_tile(tile: Tile, content: bytes) -> Image.Image:
    """A tile's picture, decoded.

    Raises:
        PermanentError: it is no picture that a tile can be.
    """
    try:
        ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, where it is imported, sets it for everybody
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width != image.height or image.width > LARGEST_TILE:
                raise PermanentError(
                    f"tile {tile} has {image.width} by {image.height} pixels; "
                    f"squares of at most {LARGEST_TILE} are accepted"
                )
            image.verify()  # load() may have been told, by a library in this process, to bear cut files
        image = Image.open(io.BytesIO(content), formats=FORMATS)  # none can be used after verify()
        image.load()
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise PermanentError(f"tile {tile} is no readable PNG, JPEG or WebP") from error
    return image


def stitched(frame: Frame, cut: Cut, tiles: Mapping[Tile, bytes]) -> Drawn:
    """The tiles as one picture, so that no seams show, turned and scaled to lie in the frame.

    Only pixels are taken over. The same tiles give the same characters.
    """
    images = {tile: read_tile(tile, tiles[tile]) for tile in cut.tiles}
    side = min(SHARPEST, max(image.width for image in images.values()))
    is_photo = all(image.format == "JPEG" for image in images.values())
    left, top = floor((cut.west % 1) * side), floor((cut.north % 1) * side)
    width = ceil((cut.east - cut.columns[0]) * side) - left
    height = ceil((cut.south - cut.rows[0]) * side) - top
    picture = Image.new("RGB", (width, height), palette.LAND)
    for tile, image in images.items():
        square = image.convert("RGBA").resize((side, side))
        at = (tile.x - cut.columns[0]) * side - left, (tile.y - cut.rows[0]) * side - top
        picture.paste(square, at, square)
    kind = "jpeg" if is_photo else "png"
    file = io.BytesIO()
    picture.save(file, kind, quality=90, optimize=True)
    origin = cut.columns[0] + left / side, cut.rows[0] + top / side
    matrix = " ".join(f"{number:.6f}" for number in placement(frame, cut.zoom, origin, side))
    svg = (
        f'<svg x="{frame.left:g}" y="{frame.top:g}" width="{frame.width:g}" height="{frame.height:g}">'
        f'<image width="{width}" height="{height}" transform="matrix({matrix})" '
        f'href="data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"/></svg>'
    )
    return Drawn(svg, (), ())
