"""Parts of a record that need a meaning of their own: raw values, coordinates. Pure."""

from binascii import unhexlify
from datetime import date, datetime, timedelta
from typing import TypeVar

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from shared.model import format_month, next_month

ValueT = TypeVar("ValueT")


class MeaninglessError(ValueError):
    """A record that is well formed and cannot be right."""


def decoded(decoder: Decoder[ValueT], raw: Raw) -> ValueT:
    """A part of a record that was left raw."""
    try:
        return decoder.decode(raw)
    except DecodeError as error:
        raise MeaninglessError(str(error)) from error


def micro_degrees(text: str, limit: int) -> int:
    """Decimal degrees as text to millionths."""
    try:
        degrees = float(text)
    except ValueError as error:
        raise MeaninglessError(f"{text!r} is not a coordinate") from error
    if not -limit <= degrees <= limit:
        raise MeaninglessError(f"{text} is not a coordinate")
    return round(degrees * 1_000_000)


def persistent_id(text: str) -> bytes:
    """The 32 bytes that the source's id writes in hexadecimal; empty if it has another form."""
    try:
        digest = unhexlify(text)
    except ValueError:
        return b""
    return digest if len(digest) == 32 and text == text.lower() else b""


def instant(text: str, month: date) -> datetime:
    """The time of a stop of a month: an instant of UTC, while the month is London's. So an hour of the day
    before belongs to it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MeaninglessError(f"{text!r} is not a time") from error
    if moment.tzinfo is None:
        raise MeaninglessError(f"{text!r} has no time zone")
    if not month - timedelta(days=1) <= moment.date() <= next_month(month):
        raise MeaninglessError(f"stop of {text}, not of the {format_month(month)} that was asked for")
    return moment
