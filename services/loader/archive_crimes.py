"""Crimes and outcomes of an archive's page as columns of their staging tables. Pure.

Two parts of a row repeat: where it was, and what it was. Each is worked out once a page; what is left for
every row is its id, and the hash of the three together.
"""

from binascii import unhexlify
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.loader.archive_csv import Columns, raw, read_columns
from services.loader.archive_lsoas import settle_lsoas
from services.loader.archive_whats import Whats, read_whats
from services.loader.archive_wheres import Wheres, read_wheres
from services.loader.identity import HASH_BYTES, encode, short_hash
from services.loader.meaning import persistent_id
from services.loader.parse import SetAside
from services.loader.row_shapes import Content
from shared.archive import COLUMNS, CRIME_PLACE, lsoa_vintage
from shared.model import Dataset, format_month

ID, MONTH, *WHERE = CRIME_PLACE
HEXADECIMAL = b"0123456789abcdef"


@dataclass(kw_only=True)
class Crimes(Content):
    """A page's crimes or outcomes; the n-th of each list, and of the parts' codes, is of the same row."""

    positions: list[int]
    """In the page, from 0."""
    where: Wheres
    what: Whats
    content_hashes: list[bytes]
    persistent_ids: pa.BinaryArray
    extras: list[str]
    """Published fields that no column holds, as canonical JSON; empty where there are none."""
    lsoa_vintage: int
    """The census of the LSOAs."""

    def __len__(self) -> int:
        return len(self.positions)


def build_crimes(dataset: Dataset, month: date, force: str, body: bytes) -> Crimes:
    """The rows of a page of a force's file; what cannot be right is set aside with the reason.

    Raises:
        PermanentError: it is no CSV with the dataset's columns.
    """
    set_aside: list[SetAside] = []
    columns = read_columns(dataset, body, set_aside)

    def parts(table: pa.Table) -> tuple[Wheres, Whats]:
        what = table.select([MONTH, *COLUMNS[dataset][len(CRIME_PLACE) :]])
        return read_wheres(force, table.select(WHERE)), read_whats(dataset, format_month(month), what)

    where, what = parts(columns.table)
    if where.reasons or what.reasons:
        columns = without_meaningless(columns, where, what, set_aside)
        where, what = parts(columns.table)
    settle_lsoas(where)
    return join(columns, where, what, lsoa_vintage(month), set_aside)


def without_meaningless(columns: Columns, where: Wheres, what: Whats, set_aside: list[SetAside]) -> Columns:
    """The rows that have a meaning; the others are set aside."""
    kept = []
    for row, (place, rest) in enumerate(zip(where.codes.to_pylist(), what.codes.to_pylist(), strict=True)):
        reason = where.reasons.get(place) or what.reasons.get(rest)
        if reason is None:
            kept.append(row)
        else:
            fields = [column[row].as_py() for column in columns.table.columns]
            set_aside.append(SetAside(columns.positions[row], reason, raw(fields)))
    return Columns(columns.table.take(pa.array(kept, pa.int64())), [columns.positions[row] for row in kept])


def join(columns: Columns, where: Wheres, what: Whats, vintage: int, set_aside: list[SetAside]) -> Crimes:
    """Put ids and parts together, and hash them."""
    column = columns.table.column(ID).cast(pa.binary())
    ids = column.to_pylist()
    digests = regular_ids(ids, np.asarray(pc.binary_length(column)))
    crimes = Crimes(
        labels={label: label for one in what.values for label in (one.category, one.outcome)},
        set_aside=set_aside,
        positions=columns.positions,
        where=where,
        what=what,
        content_hashes=hashes(where, what, ids),
        persistent_ids=irregular_ids(ids) if digests is None else digests,
        extras=[""] * len(ids),
        lsoa_vintage=vintage,
    )
    if digests is None or where.extras or any(one.extra for one in what.values):
        add_extras(crimes, ids)
    return crimes


def hashes(where: Wheres, what: Whats, ids: list[bytes]) -> list[bytes]:
    """The content hashes of rows that have no extra."""
    around = [(one.before, one.between, one.after) for one in what.values]
    return [
        sha256(before + place + between + crime + after).digest()[:HASH_BYTES]
        for place, (before, between, after), crime in zip(
            map(where.hashed.__getitem__, where.codes.to_pylist()),
            map(around.__getitem__, what.codes.to_pylist()),
            ids,
            strict=True,
        )
    ]


def add_extras(crimes: Crimes, ids: list[bytes]) -> None:
    """Keep what no column holds, and hash it with its record."""
    where, digests = crimes.where, crimes.persistent_ids.to_pylist()
    rows = zip(where.codes.to_pylist(), crimes.what.codes.to_pylist(), ids, digests, strict=True)
    for row, (place, rest, crime, digest) in enumerate(rows):
        what, name = crimes.what.values[rest], crime.decode()
        odd = {"persistent_id": name} if crime and not digest else {}
        if extra := {**where.extras.get(place, {}), **odd, **(what.extra or {})}:
            text = encode(extra)
            body = what.before + where.hashed[place] + what.between + encode(name)[1:-1] + what.after + text
            crimes.content_hashes[row] = short_hash(body)
            crimes.extras[row] = text.decode()


def regular_ids(ids: list[bytes], lengths: NDArray[np.int32]) -> pa.BinaryArray | None:
    """The ids as 32 bytes, empty where there is none; nothing if one has another form."""
    text = b"".join(ids)
    if text.translate(None, HEXADECIMAL) or not np.isin(lengths, (0, 64)).all():
        return None
    ends = np.concatenate(([0], np.cumsum(lengths // 2))).astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(unhexlify(text))]
    return pa.BinaryArray.from_buffers(pa.binary(), len(ids), buffers)


def irregular_ids(ids: list[bytes]) -> pa.BinaryArray:
    """The same, with those empty that have another form."""
    return pa.array([persistent_id(one.decode()) for one in ids], pa.binary())
