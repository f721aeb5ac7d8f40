"""Whole months as files: what the hexer writes down of them, and the gateway reads. Pure.

A file is kept as parts of `PART_BYTES`, the last one shorter, because an object of the store cannot be
read from its middle: of a range only the parts that it touches are read.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from shared.model import format_month

BUCKET = "downloads"
PART_BYTES = 2 << 20
LAYOUT = 3
"""Raised when the same records give other files: every month is then written anew."""

Format = Literal["csv", "parquet"]
ENDINGS: dict[str, Format] = {"csv.gz": "csv", "parquet": "parquet"}
MEDIA_TYPES: dict[str, str] = {"csv.gz": "application/gzip", "parquet": "application/vnd.apache.parquet"}


class Column(Struct):
    """A column, of the same name in both files. `type` is Arrow's name for it."""

    name: str
    type: str
    description: str
    formats: list[Format]
    """The files that have it: only Parquet has a geometry."""


class File(Struct):
    """A file. `sha256` is of all its bytes; `parts` objects of `part_bytes` hold it, the last one less."""

    format: Format
    name: str
    media_type: str
    bytes: int
    sha256: str
    parts: int
    part_bytes: int


class Manifest(Struct):
    """A month of a dataset as files. The same edition has the same bytes for ever."""

    dataset: str
    month: str
    edition: str
    data_version: int
    mapping_version: int
    layout: int
    source: str
    release: str | None
    """The newest month that the source had when this one was fetched."""
    created_at: datetime
    """When this version of the month was loaded."""
    rows: int
    columns: list[Column]
    files: list[File]
    reconciliation: int | None = None
    """The comparison with an archive that says who recorded the crimes; None without one."""


def edition_of(version: int, mapping_version: int, reconciliation: int | None) -> str:
    """The name of everything that the bytes of a month's files depend on."""
    compared = "" if reconciliation is None else f".{reconciliation}"
    return f"{version}.{mapping_version}.{LAYOUT}{compared}"


def folder_of(dataset: str, month: date, edition: str) -> str:
    """What the names of all objects of an edition begin with."""
    return f"{dataset}/{format_month(month)}/{edition}/"


def ending_of(file: File) -> str:
    """What its name and its address end with."""
    return file.name.partition(".")[2]


def part_name(folder: str, ending: str, number: int) -> str:
    """The object that holds a part, counted from 0."""
    return f"{folder}{ending}/{number:05d}"
