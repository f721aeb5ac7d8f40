"""A month's cells in memory, and what those of a tile add up to. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.gateway.cubes import Block
from shared.hexgrid import CellRange

Keys = NDArray[np.int32]
"""Cells as one number each: i * 65536 + j, in the order of i and j."""
LOWEST, HIGHEST = -(2**15), 2**15 - 1
"""Of i and j, which are kept as smallint."""


@dataclass(frozen=True)
class Grid:
    """The counts of one month and level, in the order of their cells: shape (n,) each."""

    keys: Keys
    category: NDArray[np.int16]
    group: NDArray[np.int16]
    n: NDArray[np.int32]

    @classmethod
    def of(cls, block: Block) -> "Grid":
        """From columns i, j, category and group, ordered by i and j."""
        columns = block.columns
        keys = columns["i"].astype(np.int32) * 65536 + columns["j"]
        return cls(keys, columns["category"], columns["group"], block.n.astype(np.int32))

    @property
    def bytes(self) -> int:
        """Of memory."""
        return self.keys.nbytes + self.category.nbytes + self.group.nbytes + self.n.nbytes

    def rows(self, area: CellRange) -> NDArray[np.intp]:
        """The rows of the cells of a range, in their order."""
        # All of one type: numpy would convert every key otherwise.
        columns = np.arange(max(area.i_min, LOWEST), min(area.i_max, HIGHEST) + 1, dtype=np.int32) * 65536
        first = np.searchsorted(self.keys, columns + np.int32(max(area.j_min, LOWEST)))
        last = np.searchsorted(self.keys, columns + np.int32(min(area.j_max, HIGHEST)), "right")
        lengths = last - first
        return np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())


@dataclass(frozen=True)
class Attributes:
    """What is told of a cell: its total, then each outcome group, then each category."""

    names: tuple[str, ...]
    group: NDArray[np.intp]
    """The place in `names` of each group by its number; 0 if it is not asked for."""
    category: NDArray[np.intp]
    """The same for categories."""

    @classmethod
    def of(
        cls,
        groups: Mapping[int, str],
        categories: Mapping[int, str],
        only_groups: Collection[str] | None,
        only_categories: Collection[str] | None,
    ) -> "Attributes":
        """By the words of all numbers; several numbers may share a word. None asks for every word."""
        chosen = [
            *(f"outcome:{word}" for word in groups.values() if only_groups is None or word in only_groups),
            *(
                f"category:{word}"
                for word in sorted(categories.values())
                if only_categories is None or word in only_categories
            ),
        ]
        names = ("total", *dict.fromkeys(chosen))
        return cls(names, places(groups, "outcome", names), places(categories, "category", names))

    def sums(self, grids: Sequence[Grid], area: CellRange) -> tuple[Keys, NDArray[np.int64]]:
        """The cells of a range with records, ordered, and their attributes: shapes (n,) and (n, names)."""
        found = [(grid, grid.rows(area)) for grid in grids]
        keys = np.concatenate([grid.keys[rows] for grid, rows in found])
        group = self.group[np.concatenate([grid.group[rows] for grid, rows in found])]
        category = self.category[np.concatenate([grid.category[rows] for grid, rows in found])]
        n = np.concatenate([grid.n[rows] for grid, rows in found])
        rows = np.flatnonzero(group * category)
        if len(grids) > 1:  # each is in order
            rows = rows[np.argsort(keys[rows], kind="stable")]
        keys = keys[rows]
        is_next = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
        first = (np.cumsum(is_next) - 1) * len(self.names)
        places = np.concatenate([first, first + group[rows], first + category[rows]])
        cells = keys[is_next]
        # Float sums are exact up to 2**53.
        sums = np.bincount(places, weights=np.tile(n[rows], 3), minlength=len(cells) * len(self.names))
        return cells, sums.astype(np.int64).reshape(len(cells), len(self.names))


def split(keys: Keys) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """i and j of cells."""
    i = (keys + 32768) >> 16
    return i, keys - i * 65536


def places(words: Mapping[int, str], kind: str, names: Sequence[str]) -> NDArray[np.intp]:
    """The place of each number's name; 0 if it is not among them."""
    found = np.zeros(max(words, default=-1) + 1, np.intp)
    for number, word in words.items():
        name = f"{kind}:{word}"
        found[number] = names.index(name) if name in names else 0
    return found
