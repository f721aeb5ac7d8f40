"""Which coding of an answer a client takes: gzip, or nothing done to it (RFC 9110, 12.5.3). Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache

HEADER = b"accept-encoding"
QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def takes_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether gzip is to be sent to who sent these headers."""
    return prefers_gzip(b",".join([value for name, value in headers if name == HEADER]))


@lru_cache(maxsize=256)
def prefers_gzip(header: bytes) -> bool:
    """Whether gzip is accepted, and not less than the plain answer.

    Who refuses the plain one and names nothing else gets gzip; who refuses both gets the plain one.
    """
    weights: dict[str, float] = {}
    for entry in header.decode("latin-1").lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        weights[coding.removeprefix("x-")] = weight(parameters)
    plain = weights.get("identity")
    gzip = weights.get("gzip", weights.get("*", 1.0 if plain == 0 else 0.0))
    return gzip > 0 and gzip >= (plain or 0)


def weight(parameters: list[str]) -> float:
    """From 0, refused, to 1; what cannot be understood is taken for a refusal."""
    if not parameters:
        return 1.0
    name, _, value = parameters[0].partition("=")
    return float(value) if name.strip() == "q" and QUALITY.fullmatch(value.strip()) else 0.0


def settled(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The same headers with the word gzip where it is to be sent: the framework looks for no more."""
    kept = list(headers)
    others = [(name, value) for name, value in kept if name != HEADER]
    return [*others, (HEADER, b"gzip")] if takes_gzip(kept) else others
