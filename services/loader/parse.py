"""A raw page in, records out; what cannot be understood is set aside with the reason. Pure.

The fast path decodes a whole page at once. Only when a record does not fit is each decoded by
itself, so that one bad record costs nothing but itself.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from services.loader.shapes import Crime, Outcome, Stop
from shared.errors import PermanentError
from shared.model import Dataset

RecordT = TypeVar("RecordT", Crime, Outcome, Stop)
SHAPES: dict[Dataset, type[Any]] = {Dataset.STREET: Crime, Dataset.OUTCOMES: Outcome, Dataset.STOPS: Stop}
WHOLE_PAGE = {dataset: msgspec.json.Decoder(list[shape]) for dataset, shape in SHAPES.items()}  # type: ignore[valid-type]
NUL = b"\\u0000"
"""A character that JSON allows and the database does not."""
RECORDS_APART = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class SetAside:
    """A record that could not be understood."""

    position: int
    """Its place in the page, from 0."""
    reason: str
    raw: str
    """The record as published."""


@dataclass(frozen=True)
class Parsed(Generic[RecordT]):
    """A page's records. `extras` holds, by position, published fields that no shape knows."""

    records: list[tuple[int, RecordT]]
    extras: dict[int, dict[str, object]]
    set_aside: list[SetAside]


def parse(dataset: Dataset, body: bytes) -> Parsed[Any]:
    """Decode one raw answer.

    Raises:
        PermanentError: it is not a JSON array.
    """
    if NUL in body:
        return parse_apart(dataset, body)
    try:
        return Parsed(list(enumerate(WHOLE_PAGE[dataset].decode(body))), {}, [])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return parse_apart(dataset, body)


def parse_apart(dataset: Dataset, body: bytes) -> Parsed[Any]:
    """Decode record by record."""
    try:
        raws = RECORDS_APART.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PermanentError(f"the page is not a JSON array: {error}") from error
    parsed: Parsed[Any] = Parsed([], {}, [])
    for position, raw in enumerate(raws):
        try:
            record, extra = parse_record(SHAPES[dataset], bytes(raw))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            text = bytes(raw).decode("utf-8", errors="replace").replace("\x00", "\ufffd")
            parsed.set_aside.append(SetAside(position, str(error), text))
            continue
        parsed.records.append((position, record))
        if extra:
            parsed.extras[position] = extra
    return parsed


def parse_record(shape: type[RecordT], raw: bytes) -> tuple[RecordT, dict[str, object]]:
    """Decode one record; top-level fields that the shape does not know are returned beside it."""
    if NUL in raw:
        raise msgspec.DecodeError("a text holds the character U+0000")
    fields = msgspec.json.decode(raw, type=dict[str, Any])
    known = shape.__struct_fields__
    extra = {name: value for name, value in fields.items() if name not in known}
    known_part = {name: value for name, value in fields.items() if name in known}
    return msgspec.json.decode(msgspec.json.encode(known_part), type=shape), extra
