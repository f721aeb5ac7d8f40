"""Files of postcodes as ONS and Ordnance Survey publish them, read in batches."""

import csv
import gzip
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import BadZipFile, ZipFile

import numpy as np

from services.console.postcode_layouts import ACCEPTED, Layout, layout_of
from shared.db import describe
from shared.errors import RequestError
from shared.hexgrid import unproject
from shared.postcodes import PostcodeError, normalise

BATCH = 5_000
"""Rows. With many more alive at once, Python's garbage collector takes a third of the time."""
MOST_LEFT_OUT = 0.01
"""Share of rows that cannot be read; with more, it is no file to trust."""
COPIES = "multi_csv"
"""ONS packs every row a second time, in this folder of its zip."""
SUFFIXES = (".csv", ".csv.gz", ".csv.xz")
COUNTRIES = {"": None, **{letter: letter for letter in "EWSNLM"}}
UNREADABLE = (
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    BadZipFile,
    NotImplementedError,  # a zip packed in a way of its own
    UnicodeDecodeError,
    csv.Error,
)
Wrap = Callable[[BinaryIO], BinaryIO]
"""Something that watches a file being read."""

COLUMNS = ("postcode", "lat_e6", "lon_e6", "country", "terminated")
Record = tuple[str, int | None, int | None, str | None, date | None]
"""A row of the table `postcode`: these columns."""


class PostcodeFile:
    """A CSV, packed or not, or a zip or a folder of several."""

    def __init__(self, path: Path, wrap: Wrap = lambda file: file) -> None:
        self.path = path
        self.wrap = wrap
        self.rows = 0
        self.publisher = ""
        self.left_out: Counter[str] = Counter()
        """Rows by why they were left out."""
        self.without_position = 0
        """Postcodes that the file has no position of."""
        self.other_tables: list[str] = []
        """Those that hold no postcodes."""

    @property
    def source(self) -> str:
        """Whose file it is, in words; the publisher is known once reading has begun."""
        return f"{self.publisher} {self.path.name}".strip()

    @property
    def size(self) -> int:
        """Bytes to read.

        Raises:
            RequestError: there is no such file.
        """
        with telling(self.path):
            return sum(path.stat().st_size for path in files_of(self.path))

    def batches(self) -> Iterator[list[Record]]:
        """All postcodes.

        Raises:
            RequestError: the file cannot be read, is cut, holds no postcodes, or makes little sense.
        """
        with telling(self.path):
            for name, lines in self.tables():
                yield from self.read_table(name, lines)
        if not self.rows:
            raise RequestError(f"{self.path} holds no postcodes: valid are {ACCEPTED}")
        if self.left_out.total() > MOST_LEFT_OUT * self.rows:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.left_out.most_common())
            raise RequestError(f"{self.path}: of {self.rows:,} rows too many make no sense: {reasons}")

    def tables(self) -> Iterator[tuple[str, IO[str]]]:
        """The CSVs in it, with their names."""
        for path in files_of(self.path):
            with path.open("rb") as raw:
                yield from tables_of(path.name, self.wrap(raw))

    def read_table(self, name: str, lines: IO[str]) -> Iterator[list[Record]]:
        """The postcodes of one CSV; none if it holds something else."""
        rows = csv.reader(lines)
        first = next(rows, [])
        layout = layout_of(first)
        if layout is None:
            self.other_tables.append(name)
            return
        self.publisher = layout.publisher
        rest = rows if layout.has_header else chain([first], rows)
        while several := list(islice(rest, BATCH)):
            self.rows += len(several)
            if records := self.read_rows(several, layout):
                yield records

    def read_rows(self, rows: Iterable[Sequence[str]], layout: Layout) -> list[Record]:
        """The rows that can be understood; the others are counted."""
        understood = []
        for row in rows:
            try:
                position = layout.position(row)
                understood.append(
                    (
                        normalise(row[layout.postcode]),
                        *position,
                        None if layout.country is None else read_country(row[layout.country]),
                        None if layout.terminated is None else read_month(row[layout.terminated]),
                    )
                )
            except PostcodeError:
                self.left_out["not a postcode"] += 1
            except IndexError:
                self.left_out["too few columns"] += 1
            except ValueError as error:
                self.left_out[str(error)] += 1
        records = with_millionths(understood, in_metres=layout.in_metres)
        self.without_position += sum(record[1] is None for record in records)
        return records


def with_millionths(
    rows: Sequence[tuple[str, float, float, str | None, date | None]], *, in_metres: bool
) -> list[Record]:
    """Rows with x and y as records with millionths of degrees."""
    if not rows:
        return []
    postcodes, xs, ys, countries, months = zip(*rows, strict=True)
    x, y = np.array(xs), np.array(ys)
    is_known = ~np.isnan(x)
    lon, lat = unproject(x[is_known], y[is_known]) if in_metres else (x[is_known], y[is_known])
    lon_e6, lat_e6 = np.full(len(x), None), np.full(len(x), None)
    lon_e6[is_known] = np.rint(lon * 1e6).astype(int)
    lat_e6[is_known] = np.rint(lat * 1e6).astype(int)
    return list(zip(postcodes, lat_e6.tolist(), lon_e6.tolist(), countries, months, strict=True))


@cache
def read_country(code: str) -> str | None:
    """`E92000001` or `E` as E; None for nothing."""
    try:
        return COUNTRIES[code.strip()[:1]]
    except KeyError as error:
        raise ValueError("the country is none that we know") from error


@cache
def read_month(text: str) -> date | None:
    """`201506` as the first day of the month; None for nothing."""
    try:
        return date(int(text[:4]), int(text[4:]), 1) if text.strip() else None
    except ValueError as error:
        raise ValueError("the month of termination is not a month") from error


def files_of(path: Path) -> list[Path]:
    """The file, or those of a folder that may hold postcodes."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if is_table(file.name) and COPIES not in file.parts)


def tables_of(name: str, file: IO[bytes]) -> Iterator[tuple[str, IO[str]]]:
    """The CSVs of one file, unpacked."""
    if name.lower().endswith(".zip"):
        with ZipFile(file) as archive:
            for member in sorted(archive.namelist()):
                if is_table(member) and COPIES not in member:
                    with archive.open(member) as unpacked:
                        yield from tables_of(member, unpacked)
    elif name.lower().endswith(".gz"):
        with gzip.open(file) as unpacked:
            yield name, as_text(unpacked)
    elif name.lower().endswith(".xz"):
        with lzma.open(file) as unpacked:
            yield name, as_text(unpacked)
    else:
        yield name, as_text(file)


def is_table(name: str) -> bool:
    """Whether a file may be a CSV, by its name."""
    return name.lower().endswith(SUFFIXES)


def as_text(file: IO[bytes] | gzip.GzipFile) -> TextIOWrapper:
    """The lines of a CSV, with or without a byte order mark."""
    return TextIOWrapper(file, encoding="utf-8-sig", newline="")


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is."""
    try:
        yield
    except UNREADABLE as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else describe(error)
        raise RequestError(f"{path} cannot be read: {why}") from error
