"""A member of an archive, cut into pages: each a chunk of its rows as published, below the header.

Nearly every member has a row in every line and no quote: where its lines end is where its rows end. Any other
is read line by line. Both ways cut the same pages.
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import islice
from typing import IO, cast

import numpy as np
import zstandard
from numpy.typing import NDArray

from services.fetcher.archive import Archive, Member
from shared.archive import COLUMNS
from shared.errors import PermanentError
from shared.model import Dataset

MAX_ROWS = 10_000
"""Of a page: as many as an answer of the API has at most."""
MAX_CHARACTERS = 4 << 20
"""Of a page: packed it stays far below the 8 MB that the bus takes. 10,000 rows have 2 MB."""
MAX_ROW = 64 << 10
"""Characters of a row. Real ones have 300."""
READ_AT_ONCE = 4 << 20
BOM, EMPTY_LINE = "\ufeff".encode(), b"\r\n"
LONE_RETURN = re.compile(rb"\r(?!\n|\Z)")
LEVEL = 1
"""Of packing a page: as small as by the usual level, in half the time."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a member with its header."""

    body: bytes
    records: int
    is_last: bool

    def packed(self) -> bytes:
        """As it goes on the bus."""
        return zstandard.ZstdCompressor(level=LEVEL).compress(self.body)


class NotPlainError(Exception):
    """A member's lines are not its rows."""


def chunks(archive: Archive, member: Member) -> Iterator[Chunk]:
    """The pages of a member, the last one marked; one of no record if it has a header only.

    Raises:
        PermanentError: what is in it is not what its name says, or is damaged.
    """
    try:
        given = 0
        try:
            with archive.zip.open(member.name) as packed:
                for page in cut_plain(packed, member.dataset):
                    yield page
                    given += 1
        except NotPlainError:
            with archive.zip.open(member.name) as packed:
                # The stub of BufferedReader knows raw files only; a ZipExtFile reads just as well.
                reader = BufferedReader(cast("BufferedReader", packed), READ_AT_ONCE)
                pages = cut(TextIOWrapper(reader, "utf-8", newline=""), member.dataset)
                yield from islice(pages, given, None)
    except UnicodeDecodeError as error:  # a ValueError too
        raise PermanentError(f"{member.name} is not UTF-8: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise PermanentError(f"{member.name} is cut or damaged: {error}") from error
    except NotImplementedError as error:
        raise PermanentError(f"{member.name} is packed in a way that is not taken: {error}") from error
    except OSError as error:
        raise PermanentError(f"{member.name} cannot be read: {error}") from error
    except csv.Error as error:
        raise PermanentError(f"{member.name} is not CSV: {error}") from error
    except PermanentError as error:
        raise PermanentError(f"{member.name}: {error}") from error


def cut_plain(file: IO[bytes], dataset: Dataset) -> Iterator[Chunk]:
    """The pages of an open member whose lines are its rows.

    Raises:
        NotPlainError: they are not, or it may have to be refused; the pages so far are right.
    """
    header = file.readline(MAX_ROW)
    if len(header) == MAX_ROW or LONE_RETURN.search(header):
        raise NotPlainError
    check_header(header.decode().removeprefix("\ufeff"), dataset)
    header = header.removeprefix(BOM)
    text, is_all = b"", False
    while not is_all:
        block = file.read(READ_AT_ONCE)
        is_all = not block
        text += block
        ends = ends_of_rows(text, is_all=is_all)
        while len(ends) > MAX_ROWS:
            stop = int(ends[MAX_ROWS - 1])
            yield plain_chunk(header + text[:stop], MAX_ROWS, is_last=False)
            text, ends = text[stop:], ends[MAX_ROWS:] - stop
        if len(text) > MAX_CHARACTERS:  # of a page at most; else more and more would be read
            raise NotPlainError
    yield plain_chunk(header + text, len(ends), is_last=True)


def ends_of_rows(text: bytes, *, is_all: bool) -> NDArray[np.int64]:
    """Where the rows end; the end of what is left of a file ends one too."""
    if b'"' in text or (b"\r" in text and LONE_RETURN.search(text)):
        raise NotPlainError
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    if is_all and text and not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    lengths = np.diff(ends, prepend=0)
    too_long = max(lengths.max(initial=0), len(text) - ends.max(initial=0)) >= MAX_ROW
    if too_long or lengths.min(initial=MAX_ROW) <= len(EMPTY_LINE):
        raise NotPlainError
    return ends


def plain_chunk(body: bytes, records: int, *, is_last: bool) -> Chunk:
    """A page of these bytes, if they are text and not too many."""
    body.decode()
    if len(body) > MAX_CHARACTERS:
        raise NotPlainError
    return Chunk(body, records, is_last)


def cut(file: TextIOWrapper, dataset: Dataset) -> Iterator[Chunk]:
    """The pages of any open member."""
    lines = read_lines(file)
    header = next(lines, "").removeprefix("\ufeff")
    check_header(header, dataset)
    rows: list[str] = []
    size = 0
    for row in join_rows(lines):
        if len(rows) == MAX_ROWS or size > MAX_CHARACTERS:
            yield chunk(header, rows, is_last=False)
            rows, size = [], 0
        rows.append(row)
        size += len(row)
    yield chunk(header, rows, is_last=True)


def chunk(header: str, rows: list[str], *, is_last: bool) -> Chunk:
    """A page of these rows."""
    return Chunk("".join([header, *rows]).encode(), len(rows), is_last)


def check_header(header: str, dataset: Dataset) -> None:
    """Refuse a file whose columns are others than we know: we would not know what they say."""
    found = next(csv.reader([header]), [])
    columns = COLUMNS[dataset]
    if sorted(found) != sorted(columns):
        missing = [name for name in columns if name not in found]
        unknown = [name for name in found if name not in columns]
        raise PermanentError(
            "wrong columns"
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + (f"; unknown: {', '.join(map(repr, unknown))}" if unknown else "")
            + f"; valid are exactly: {', '.join(columns)}"
        )


def read_lines(file: TextIOWrapper) -> Iterator[str]:
    """Lines with their ends, as published."""
    while line := file.readline(MAX_ROW):
        if len(line) == MAX_ROW:
            raise_too_long()
        yield line


def join_rows(lines: Iterator[str]) -> Iterator[str]:
    """Rows: lines, or several where a quoted field goes over them. Empty lines are no rows."""
    for line in lines:
        if '"' in line:
            yield quoted_row(line, lines)
        elif line.strip("\r\n"):
            yield line


def quoted_row(first: str, lines: Iterable[str]) -> str:
    """A row with quotes, and as many more lines as they span."""
    taken = [first]

    def feed() -> Iterator[str]:
        yield first
        for line in lines:
            taken.append(line)
            if sum(map(len, taken)) > MAX_ROW:
                raise_too_long()
            yield line

    next(csv.reader(feed()))
    return "".join(taken)


def raise_too_long() -> None:
    """Refuse a row without an end."""
    raise PermanentError(f"a row has {MAX_ROW:,} characters or more: is a quote not closed?")
