"""An operator's PMTiles file, with raster or vector tiles."""

import asyncio
import gzip
import json
import os
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pmtiles.tile import (
    Compression,
    Entry,
    HeaderDict,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    TileType,
    deserialize_directory,
    deserialize_header,
    find_tile,
    zxy_to_tileid,
)

from services.reporter.attribution import LONGEST_ATTRIBUTION, plain_attribution
from services.reporter.tile_grid import Tile
from services.reporter.tiled_basemap import MOST_BYTES
from services.reporter.vector_rules import ROAD_LAYERS
from shared.errors import PermanentError

SETTING = "BASEMAP_PMTILES"
RASTER = (TileType.PNG, TileType.JPEG, TileType.WEBP)
BARE = (Compression.NONE, Compression.UNKNOWN)
MOST_UNPACKED = 5_000_000
"""Bytes of one vector tile. Its features take a hundred times as much while they are read."""
HEADER_BYTES = 127
DEEPEST = 4
"""Directories on the way to a tile."""
BROKEN = (OSError, EOFError, ValueError, IndexError, TypeError, zlib.error)
"""What reading a broken file raises."""


class TileFile:
    """Reads tiles from a file; the directories that lead to them are kept."""

    def __init__(self, path: Path, attribution: str | None = None) -> None:
        """Open the file; an attribution given here goes before the file's own.

        Raises:
            PermanentError: it cannot be read, or is none that can be used; the text says what is.
        """
        try:
            self.file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise PermanentError(f"{SETTING}: {path} cannot be read: {error.strerror}") from error
        try:
            self.header = self.checked(path)
            self.attribution = attribution or self.own_attribution(path)
            if self.is_vector:
                self.check_layers(path)
        except PermanentError:
            os.close(self.file)
            raise
        self.zooms = range(self.header["min_zoom"], self.header["max_zoom"] + 1)
        self.directory = lru_cache(maxsize=64)(self.read_directory)

    @property
    def is_vector(self) -> bool:
        """Whether its tiles hold features, not pictures."""
        return self.header["tile_type"] is TileType.MVT

    async def get(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """See `TileSource`."""
        return await asyncio.to_thread(self.read, tiles)

    async def close(self) -> None:
        """Close the file."""
        os.close(self.file)

    def read(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Those of the tiles that the file has."""
        try:
            found = {tile: entry for tile in tiles if (entry := self.find(tile))}
            return {tile: self.content(tile, entry) for tile, entry in found.items()}
        except BROKEN as error:
            raise PermanentError(f"{SETTING}: the file is broken: {error}") from error

    def find(self, tile: Tile) -> Entry | None:
        """Where a tile is in the file."""
        number = zxy_to_tileid(*tile)
        offset, length = self.header["root_offset"], self.header["root_length"]
        for _ in range(DEEPEST):
            entry = find_tile(self.directory(offset, length), number)
            if entry is None or entry.run_length:
                return entry
            offset, length = self.header["leaf_directory_offset"] + entry.offset, entry.length
        raise ValueError(f"tile {tile} lies too deep")

    def content(self, tile: Tile, entry: Entry) -> bytes:
        """A tile's picture file, or its features."""
        if entry.length > MOST_BYTES:
            raise PermanentError(
                f"{SETTING}: tile {tile} has {entry.length:,} bytes, more than {MOST_BYTES:,}"
            )
        content = self.bytes_at(self.header["tile_data_offset"] + entry.offset, entry.length)
        return content if self.header["tile_compression"] in BARE else unpacked(tile, content)

    def read_directory(self, offset: int, length: int) -> list[Entry]:
        return deserialize_directory(self.bytes_at(offset, length))

    def bytes_at(self, offset: int, length: int) -> bytes:
        """A part of the file. Not mapped into memory: a file cut short would then kill the process."""
        part = os.pread(self.file, length, offset)
        if len(part) < length:
            raise EOFError(f"it ends within {length:,} bytes from {offset:,}")
        return part

    def checked(self, path: Path) -> HeaderDict:
        """The file's header, if its tiles can be drawn."""
        try:
            header = deserialize_header(self.bytes_at(0, HEADER_BYTES))
        except (*BROKEN, MagicNumberNotFound, SpecVersionUnsupported) as error:
            raise PermanentError(f"{SETTING}: {path} is no PMTiles file of version 3") from error
        kind, packed = header["tile_type"], header["tile_compression"]
        if kind not in (*RASTER, TileType.MVT):
            raise PermanentError(
                f"{SETTING}: {path} holds {kind.name} tiles; accepted are PNG, JPEG, WEBP and MVT"
            )
        if packed not in BARE and (kind is not TileType.MVT or packed is not Compression.GZIP):
            raise PermanentError(
                f"{SETTING}: the tiles in {path} are packed by {packed.name}; "
                "accepted are bare pictures, and vector tiles bare or packed by GZIP"
            )
        if header["internal_compression"] is not Compression.GZIP:
            raise PermanentError(
                f"{SETTING}: the directories in {path} are not packed by gzip, which is accepted"
            )
        return header

    def own_attribution(self, path: Path) -> str:
        """Whom the file names."""
        text = plain_attribution(str(self.metadata(path).get("attribution") or ""))
        if not 0 < len(text) <= LONGEST_ATTRIBUTION:
            raise PermanentError(
                f"{SETTING}: {path} has no attribution of 1 to {LONGEST_ATTRIBUTION} characters; "
                "give BASEMAP_ATTRIBUTION"
            )
        return text

    def check_layers(self, path: Path) -> None:
        """Refuse vector tiles of a schema that is not known, of which nothing would be drawn."""
        try:
            layers = {str(layer["id"]) for layer in self.metadata(path).get("vector_layers", [])}
        except (TypeError, KeyError) as error:
            raise PermanentError(f"{SETTING}: the metadata of {path} cannot be read") from error
        if not layers & ROAD_LAYERS:
            said = ", ".join(sorted(layers)) or "that it does not name"
            raise PermanentError(
                f"{SETTING}: the vector tiles in {path} have layers {said}; "
                "accepted are those of Protomaps (with `roads`) and of OpenMapTiles (with `transportation`)"
            )

    def metadata(self, path: Path) -> dict[str, Any]:
        """What the file says of itself."""
        try:
            packed = self.bytes_at(self.header["metadata_offset"], self.header["metadata_length"])
            metadata = json.loads(gzip.decompress(packed))
        except BROKEN as error:
            raise PermanentError(f"{SETTING}: the metadata of {path} cannot be read") from error
        return metadata if isinstance(metadata, dict) else {}


def unpacked(tile: Tile, content: bytes) -> bytes:
    """A tile that was packed by gzip."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    features = unpacker.decompress(content, MOST_UNPACKED + 1)
    if len(features) > MOST_UNPACKED:
        raise PermanentError(f"{SETTING}: tile {tile} unpacks to more than {MOST_UNPACKED:,} bytes")
    if not unpacker.eof:
        raise EOFError(f"tile {tile} is cut short")
    return features
