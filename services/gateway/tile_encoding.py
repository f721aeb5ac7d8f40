"""Hexagons with counts as a Mapbox vector tile (specification 2.1), all features at once. Pure.

An encoder that goes from feature to feature takes many times as long. Here a whole layer is one array of
numbers, laid out with fancy indexing and turned into protobuf's varints in five steps.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

# Protobuf: field number * 8 + wire type (0: varint, 2: bytes with their length in front).
TILE_LAYER, LAYER_FEATURE, LAYER_KEY, LAYER_VALUE = 0x1A, 0x12, 0x1A, 0x22
LAYER_NAME, LAYER_EXTENT, LAYER_VERSION = 0x0A, 0x28, 0x78
FEATURE_TAGS, FEATURE_TYPE, FEATURE_GEOMETRY = 0x12, 0x18, 0x22
VALUE_STRING, VALUE_UINT = 0x0A, 0x28
POLYGON = 3
MOVE_TO_ONE, LINE_TO, CLOSE_PATH = 1 << 3 | 1, 2, 1 << 3 | 7


def encode(
    name: str,
    extent: int,
    ids: Sequence[bytes],
    names: Sequence[str],
    counts: Numbers,
    shapes: NDArray[np.int32],
) -> bytes:
    """A tile with one layer; without cells it is empty.

    Args:
        ids: of the cells, shape (n,), for the attribute `id`.
        names: of the other attributes.
        counts: shape (n, names); zeros are left out.
        shapes: corners in units of the tile, clockwise as drawn: shape (n, corners, 2).
    """
    if not len(ids):
        return b""
    cell, column = np.nonzero(counts)
    values, place = np.unique(counts[cell, column], return_inverse=True)
    head = [
        field(LAYER_NAME, name.encode()),
        bytes([LAYER_VERSION, 2, LAYER_EXTENT]) + varint(extent),
        *map(key_field, ("id", *names)),
        # First all numbers, then the ids.
        *map(number_field, values.tolist()),
        text_fields(ids),
    ]
    sizes = 2 * np.bincount(cell) + 2
    starts = np.cumsum(sizes) - sizes
    tags = np.empty(int(sizes.sum()), np.int64)
    tags[starts] = 0
    tags[starts + 1] = len(values) + np.arange(len(ids))
    rank = 2 * (np.arange(len(cell)) + cell + 1)
    tags[rank], tags[rank + 1] = column + 1, place
    return field(TILE_LAYER, b"".join(head) + features(tags, sizes, commands(shapes)))


@cache
def key_field(name: str) -> bytes:
    """A key of the layer."""
    return field(LAYER_KEY, name.encode())


@lru_cache(10_000)
def number_field(value: int) -> bytes:
    """A count among the layer's values."""
    return field(LAYER_VALUE, bytes([VALUE_UINT]) + varint(value))


def text_fields(texts: Sequence[bytes]) -> bytes:
    """Texts among the layer's values, of fewer than 100 bytes each: their lengths take one byte."""
    sizes = list(map(len, texts))
    parts = chain.from_iterable(zip(map((2).__add__, sizes), sizes, texts, strict=True))
    return b"%c%%c%c%%c%%b" % (LAYER_VALUE, VALUE_STRING) * len(texts) % tuple(parts)


def commands(shapes: NDArray[np.int32]) -> Numbers:
    """Drawing commands of a closed ring each, shape (n, 2 * corners + 3)."""
    n, size, _ = shapes.shape
    steps = np.diff(shapes, axis=1, prepend=0)
    zigzag = (steps << 1 ^ steps >> 31).reshape(n, -1)
    drawn = np.empty((n, 2 * size + 3), np.int64)
    drawn[:, 0], drawn[:, 3], drawn[:, -1] = MOVE_TO_ONE, (size - 1) << 3 | LINE_TO, CLOSE_PATH
    drawn[:, 1:3], drawn[:, 4:-1] = zigzag[:, :2], zigzag[:, 2:]
    return drawn


def features(tags: Numbers, sizes: Numbers, geometry: Numbers) -> bytes:
    """All features.

    Args:
        tags: of all features in turn.
        sizes: how many tags each has.
        geometry: a row each.
    """
    ends = np.cumsum(sizes)
    tag_bytes = np.add.reduceat(widths(tags), ends - sizes)
    geometry_bytes = widths(geometry).sum(axis=1)
    inner = 4 + widths(tag_bytes) + tag_bytes + widths(geometry_bytes) + geometry_bytes
    # A feature: four numbers, its tags, four numbers, its geometry.
    more = 8 + geometry.shape[1]
    starts = ends - sizes + more * np.arange(len(sizes))
    middle = starts + 4 + sizes
    whole = np.empty(len(tags) + more * len(sizes), np.int64)
    for at, value in (
        (starts, LAYER_FEATURE), (starts + 1, inner),
        (starts + 2, FEATURE_TAGS), (starts + 3, tag_bytes),
        (middle, FEATURE_TYPE), (middle + 1, POLYGON),
        (middle + 2, FEATURE_GEOMETRY), (middle + 3, geometry_bytes),
    ):  # fmt: skip
        whole[at] = value
    whole[middle[:, None] + 4 + np.arange(geometry.shape[1])] = geometry
    whole[np.repeat(starts + 4 - (ends - sizes), sizes) + np.arange(len(tags))] = tags
    return varints(whole).tobytes()


def widths(numbers: Numbers) -> Numbers:
    """Bytes of each number, below 2**28, as a varint."""
    return 1 + (numbers >= 1 << 7) + (numbers >= 1 << 14) + (numbers >= 1 << 21)


def varints(numbers: Numbers) -> NDArray[np.uint8]:
    """Numbers below 2**28 with seven bits a byte, lowest first; all but the last have the high bit."""
    made = (numbers & 0x7F).astype(np.uint8)
    more = np.flatnonzero(numbers > 0x7F)
    if not len(more):
        return made
    made[more] |= 0x80
    rest = numbers[more] >> 7
    return np.insert(made, np.repeat(more + 1, widths(rest)), varints(rest))


def varint(number: int) -> bytes:
    """A single number."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def field(key: int, content: bytes) -> bytes:
    """A protobuf field of bytes; keys are below 128."""
    return bytes([key]) + varint(len(content)) + content
