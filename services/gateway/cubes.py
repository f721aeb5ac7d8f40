"""Counts held in memory as columns, to be filtered and summed along any of them. Pure.

A country's 60 months are a few hundred thousand street counts and some more of stops: numpy sums them faster
than a database reads them, whatever the combination of filters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int16]
MOST_BINS = 4_000_000
"""Sums that are kept apart in one array; more are sorted instead."""
HEADER_BYTES, TRAILER_BYTES = 19, 2
"""Around the rows of PostgreSQL's binary COPY."""

STREET_COLUMNS = ("force", "located", "category", "outcome")
STOP_COLUMNS = (
    "force", "located", "type", "gender", "age_range", "self_ethnicity", "officer_ethnicity", "legislation",
    "object", "outcome",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One month: `columns` by name, shape (n,), numbers of words, and how often each row was counted."""

    columns: dict[str, Ids]
    n: NDArray[np.float64]


@dataclass(frozen=True)
class Cube:
    """All months, one after the other: `starts[k]` is the first row of `months[k]`, with the end as the last.

    `n` are whole numbers as floats, which numpy sums without converting them; exact up to 2**53.
    """

    months: tuple[date, ...]
    starts: NDArray[np.intp]
    columns: dict[str, Ids]
    n: NDArray[np.float64]
    edges: dict[str, NDArray[np.float64]] = field(default_factory=dict, compare=False)
    """What `by_month` has summed already."""

    @classmethod
    def of(cls, names: Sequence[str], blocks: Mapping[date, Block]) -> "Cube":
        """Put months together; the column `month` is a place in `months`."""
        months = tuple(sorted(blocks))
        parts = [blocks[month] for month in months]
        lengths = [len(part.n) for part in parts]
        columns = {
            name: np.concatenate([np.empty(0, np.int16), *(part.columns[name] for part in parts)])
            for name in names
        }
        columns["month"] = np.repeat(np.arange(len(months), dtype=np.int16), lengths)
        return cls(
            months,
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp),
            columns,
            np.concatenate([np.empty(0, np.float64), *(part.n for part in parts)]),
        )

    def sums(
        self, by: Sequence[str], months: Iterable[int], allowed: Mapping[str, Iterable[int]]
    ) -> dict[tuple[int, ...], int]:
        """Counts by the numbers of some columns: of some months, and of rows whose columns pass."""
        if len(by) == 1 and not allowed:
            of_all = self.by_month(by[0])[sorted(months)].sum(axis=0)
            seen = np.flatnonzero(of_all)
            return {(number,): n for number, n in zip(seen.tolist(), whole(of_all[seen]), strict=True)}
        rows = self.rows(sorted(months), allowed)
        keys, n = [self.columns[name][rows] for name in by], self.n[rows]
        sizes = [int(key.max(initial=0)) + 1 for key in keys]
        packed = np.zeros(len(n), np.intp)
        for key, size in zip(keys, sizes, strict=True):
            packed *= size
            packed += key
        if np.prod(sizes) < MOST_BINS:
            totals = np.bincount(packed, weights=n)
            found = np.flatnonzero(totals)
            values = totals[found]
        else:
            found, places = np.unique(packed, return_inverse=True)
            values = np.bincount(places, weights=n)
        parts = [part.tolist() for part in np.unravel_index(found, sizes)] if sizes else []
        numbers = zip(*parts, strict=True) if parts else [()] * len(found)
        return dict(zip(numbers, whole(values), strict=True))

    def by_month(self, name: str) -> NDArray[np.float64]:
        """Counts of each month by the numbers of a column, shape (months, numbers): what pages ask most."""
        if name not in self.edges:
            size = int(self.columns[name].max(initial=0)) + 1
            packed = self.columns["month"].astype(np.intp) * size + self.columns[name]
            bins = len(self.months) * size
            totals = np.bincount(packed, weights=self.n, minlength=bins)
            self.edges[name] = np.asarray(totals, np.float64).reshape(len(self.months), size)
        return self.edges[name]

    def rows(self, months: Sequence[int], allowed: Mapping[str, Iterable[int]]) -> slice | NDArray[np.intp]:
        """The rows that pass: a slice, which copies nothing, where whole months in a row do."""
        if not months:
            return slice(0, 0)
        span = slice(int(self.starts[months[0]]), int(self.starts[months[-1] + 1]))
        filters = {name: list(numbers) for name, numbers in allowed.items()}
        if months != list(range(months[0], months[-1] + 1)):
            filters["month"] = list(months)
        passed: NDArray[np.bool_] | None = None
        for name, numbers in filters.items():
            column = self.columns[name][span]
            passes = np.zeros(int(column.max(initial=0)) + 1, bool)
            passes[[number for number in numbers if number < len(passes)]] = True
            passed = passes[column] if passed is None else passed & passes[column]
        return span if passed is None else np.flatnonzero(passed) + span.start


def whole(sums: NDArray[Any]) -> list[int]:
    """Sums as whole numbers, which they are."""
    numbers: list[int] = sums.astype(np.int64).tolist()
    return numbers


def read_block(names: Sequence[str], copied: bytes) -> Block:
    """The rows of a binary COPY of smallint columns and an integer count.

    Raises:
        ValueError: it is something else, or a column held a null.
    """
    fields = [(name, ">i2", 2) for name in names] + [("n", ">i4", 4)]
    layout = [("fields", ">i2")]
    for name, kind, _ in fields:
        layout += [(f"{name}_bytes", ">i4"), (name, kind)]
    rows = np.frombuffer(copied[HEADER_BYTES:-TRAILER_BYTES], np.dtype(layout))
    if len(rows) and (
        (rows["fields"] != len(fields)).any()
        or any((rows[f"{name}_bytes"] != size).any() for name, _, size in fields)
    ):
        raise ValueError(f"not {len(fields)} columns of numbers without nulls")
    return Block({name: rows[name].astype(np.int16) for name in names}, rows["n"].astype(np.float64))
