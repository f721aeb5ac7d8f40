"""Parts of a record that need a meaning of their own: raw values, coordinates. Pure."""

from typing import TypeVar

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

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
