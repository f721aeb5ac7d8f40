"""The CSV of an archive's page: its rows, or, many times faster, its columns. Pure."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

import pyarrow as pa
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from services.loader.identity import encode
from services.loader.parse import SetAside
from shared.archive import COLUMNS
from shared.errors import PermanentError
from shared.model import Dataset


class Columns(NamedTuple):
    """The sound rows of a page."""

    table: pa.Table
    """Texts only, in the order of `COLUMNS`."""
    positions: list[int]
    """Where in the page each row stands, from 0."""


def read_columns(dataset: Dataset, body: bytes, set_aside: list[SetAside]) -> Columns:
    """The columns of a page.

    Arrow says of a page with an unsound row only that it has one: such a page is read row by row.

    Raises:
        PermanentError: it is no CSV with the dataset's columns.
    """
    columns = COLUMNS[dataset]
    table = read_table(columns, body)
    if table is not None:
        return Columns(table, list(range(len(table))))
    sound = list(read_rows(dataset, body, set_aside))
    fields = zip(*(fields for _, fields in sound), strict=True) if sound else ((),) * len(columns)
    arrays = [pa.array(column, pa.string()) for column in fields]
    return Columns(pa.table(arrays, names=list(columns)), [position for position, _ in sound])


def read_table(columns: tuple[str, ...], body: bytes) -> pa.Table | None:
    """The page as Arrow reads it; None if that cannot be relied upon."""
    if b"\0" in body:
        return None
    try:
        table = read_csv(
            pa.BufferReader(body),
            ReadOptions(use_threads=False, block_size=len(body) + 1),
            ParseOptions(newlines_in_values=True),
            ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False),
        )
        names = table.column_names
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    return table.select(columns) if sorted(names) == sorted(columns) else None


def read_rows(dataset: Dataset, body: bytes, set_aside: list[SetAside]) -> Iterator[tuple[int, list[str]]]:
    """The sound rows of a page, their fields in the order of `COLUMNS`, each with its position from 0.

    Raises:
        PermanentError: it is no CSV with the dataset's columns.
    """
    width, has_nul = len(COLUMNS[dataset]), b"\0" in body
    for position, fields in enumerate(in_order(COLUMNS[dataset], body)):
        if len(fields) != width:
            reason = f"{len(fields)} fields instead of {width}"
        elif has_nul and any("\0" in field for field in fields):
            reason = "a text holds the character U+0000"
        else:
            yield position, fields
            continue
        set_aside.append(SetAside(position, reason, raw(fields)))


def in_order(columns: tuple[str, ...], body: bytes) -> list[list[str]]:
    """The fields of each row, in the order of the columns; a row with more or fewer fields as it is."""
    try:
        header, *rows = split(body.decode())
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise PermanentError(f"the page is not CSV: {error}") from error
    if sorted(header) != sorted(columns):
        raise PermanentError(f"the page's columns are {', '.join(header)}, not {', '.join(columns)}")
    order = [header.index(name) for name in columns]
    if order == sorted(order):
        return rows
    return [[row[n] for n in order] if len(row) == len(order) else row for row in rows]


def split(text: str) -> Iterator[list[str]]:
    """The fields of each line that is not empty. Nearly all files have no quote: cut in half the time."""
    if '"' in text or "\r" in text:
        return filter(None, csv.reader(StringIO(text, newline="")))
    return (line.split(",") for line in text.split("\n") if line)


def raw(fields: list[str]) -> str:
    """A row as it is kept when it is set aside."""
    return encode(fields).decode().replace("\\u0000", "\ufffd")
