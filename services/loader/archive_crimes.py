"""Crimes and outcomes of an archive's page as columns of their staging tables. Pure.

Two parts of a row repeat: where it was, and what it was. Each is worked out once a page; what is left for
every row is its id, and the hash of the three together.
"""

from binascii import unhexlify
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from services.loader.archive_csv import Columns, raw, read_columns
from services.loader.archive_places import Where, lsoa_extra, where_of
from services.loader.archive_whats import What, outcome_what, street_what
from services.loader.identity import HASH_BYTES, encode
from services.loader.meaning import MeaninglessError, persistent_id
from services.loader.parse import SetAside
from services.loader.row_shapes import Content
from shared.archive import COLUMNS, CRIME_PLACE, lsoa_vintage
from shared.model import Dataset, format_month

PartT = TypeVar("PartT")

SEPARATOR = "\0"
"""Between the fields of a part: no sound row has it."""
ID, MONTH, *WHERE = CRIME_PLACE
READ_WHAT: dict[Dataset, Callable[..., What]] = {Dataset.STREET: street_what, Dataset.OUTCOMES: outcome_what}
HEXADECIMAL = b"0123456789abcdef"


class Part(NamedTuple, Generic[PartT]):
    """What the rows of a page say in some of their columns."""

    values: list[PartT]
    """Each once, in the order of the rows; without those that have no meaning."""
    codes: pa.Int32Array
    """Which of them a row says, if there are none without a meaning."""
    reasons: dict[int, str]
    """Against those without a meaning, by code."""


@dataclass(kw_only=True)
class Crimes(Content):
    """A page's crimes or outcomes; the n-th of each list, and of the parts' codes, is of the same row."""

    positions: list[int]
    """In the page, from 0."""
    where: Part[Where]
    what: Part[What]
    content_hashes: list[bytes]
    persistent_ids: list[bytes]
    extras: list[str]
    """Published fields that no column holds, as canonical JSON; empty where there are none."""
    lsoas: dict[tuple[int, int], str]
    """The LSOA of points, by longitude and latitude in micro-degrees."""
    lsoa_names: dict[str, str]
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

    def parts(table: pa.Table) -> tuple[Part[Where], Part[What]]:
        what = [MONTH, *COLUMNS[dataset][len(CRIME_PLACE) :]]
        return (
            part(table.select(WHERE), partial(where_of, force)),
            part(table.select(what), partial(READ_WHAT[dataset], format_month(month))),
        )

    where, what = parts(columns.table)
    if where.reasons or what.reasons:
        columns = without_meaningless(columns, where, what, set_aside)
        where, what = parts(columns.table)
    return join(columns, where, what, lsoa_vintage(month), set_aside)


def part(table: pa.Table, read: Callable[..., PartT]) -> Part[PartT]:
    """Read what the columns of a table say together, each combination once."""
    texts = pc.binary_join_element_wise(*table.columns, SEPARATOR).combine_chunks().dictionary_encode()
    values, reasons = [], {}
    for number, text in enumerate(texts.dictionary.to_pylist()):
        try:
            values.append(read(*text.split(SEPARATOR)))
        except MeaninglessError as reason:
            reasons[number] = str(reason)
    return Part(values, texts.indices, reasons)


def without_meaningless(
    columns: Columns, where: Part[Where], what: Part[What], set_aside: list[SetAside]
) -> Columns:
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


def join(
    columns: Columns, where: Part[Where], what: Part[What], vintage: int, set_aside: list[SetAside]
) -> Crimes:
    """Put ids and parts together, and hash them."""
    lsoas, names = keep_lsoas(where.values)
    ids = columns.table.column(ID).cast(pa.binary()).to_pylist()
    digests, are_regular = persistent_ids(ids)
    crimes = Crimes(
        places={one.place.key: one.place for one in where.values},
        labels={label: label for one in what.values for label in (one.category, one.outcome)},
        set_aside=set_aside,
        positions=columns.positions,
        where=where,
        what=what,
        content_hashes=hashes(where, what, ids),
        persistent_ids=digests,
        extras=[""] * len(ids),
        lsoas=lsoas,
        lsoa_names=names,
        lsoa_vintage=vintage,
    )
    if not are_regular or any(one.extra for one in where.values) or any(one.extra for one in what.values):
        add_extras(crimes, ids)
    return crimes


def hashes(where: Part[Where], what: Part[What], ids: list[bytes]) -> list[bytes]:
    """The content hashes of rows that have no extra."""
    places = [one.hashed for one in where.values]
    around = [(one.before, one.between, one.after) for one in what.values]
    return [
        sha256(before + places[place] + between + crime + after).digest()[:HASH_BYTES]
        for place, (before, between, after), crime in zip(
            where.codes.to_pylist(), map(around.__getitem__, what.codes.to_pylist()), ids, strict=True
        )
    ]


def add_extras(crimes: Crimes, ids: list[bytes]) -> None:
    """Keep what no column holds, and hash it with its record."""
    rows = zip(crimes.where.codes.to_pylist(), crimes.what.codes.to_pylist(), ids, strict=True)
    for row, (place, rest, crime) in enumerate(rows):
        where, what, name = crimes.where.values[place], crimes.what.values[rest], crime.decode()
        odd = {"persistent_id": name} if crime and not crimes.persistent_ids[row] else {}
        if extra := {**(where.extra or {}), **odd, **(what.extra or {})}:
            text = encode(extra)
            body = what.before + where.hashed + what.between + encode(name)[1:-1] + what.after + text
            crimes.content_hashes[row] = sha256(body).digest()[:HASH_BYTES]
            crimes.extras[row] = text.decode()


def persistent_ids(ids: list[bytes]) -> tuple[list[bytes], bool]:
    """The ids as 32 bytes, empty where there is none or one of another form; whether all are of one form."""
    if set(map(len, ids)) <= {0, 64} and not b"".join(ids).translate(None, HEXADECIMAL):
        return [unhexlify(one) for one in ids], True
    return [persistent_id(one.decode()) for one in ids], False


def keep_lsoas(wheres: list[Where]) -> tuple[dict[tuple[int, int], str], dict[str, str]]:
    """The LSOA of each point, and its name. What contradicts the first becomes an extra of its records."""
    lsoas: dict[tuple[int, int], str] = {}
    names: dict[str, str] = {}
    for number, where in enumerate(wheres):
        if where.lsoa is None:
            continue
        point, code, name = where.lsoa
        if lsoas.setdefault(point, code) != code or names.setdefault(code, name) != name:
            extra = {**(where.extra or {}), **lsoa_extra(code, name)}
            wheres[number] = where._replace(extra=extra)
    return lsoas, names
