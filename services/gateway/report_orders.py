"""An order of a report as people send it: what can be checked at once is. Pure.

The reporter checks the rest, above all whether the postcode exists and the branding can be used.
"""

import re
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec

from services.gateway.errors import ParameterError
from services.gateway.parameters import required
from shared.model import Tier
from shared.postcodes import PostcodeError, normalise, shown

MOST_BYTES = 999_000
"""Of a body: what the reporter takes, 1,000,000, less what the order gets on its way."""
KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
MOST_LANGUAGE = 35
LINES = ("contact",)
"""Of branding, what is a list of texts."""
TIERS = [str(tier) for tier in Tier]


@dataclass(frozen=True)
class Order:
    """What is ordered."""

    postcode: str
    tier: Tier
    branding: dict[str, Any] | None = None
    language: str = "en"


FIELDS = [field.name for field in fields(Order)]


def read_order(body: bytes) -> Order:
    """Read and check a body.

    Raises:
        ParameterError: the first thing that is wrong with it.
    """
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParameterError("body", f"is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise ParameterError(
            "body", 'must be a JSON object, as in {"postcode": "EC2M 7PY", "tier": "standard"}'
        )
    for name in given:
        if name not in FIELDS:
            raise ParameterError(shown(name)[1:-1], f"no such field; there are {', '.join(FIELDS)}", FIELDS)
    return Order(
        read_postcode(given.get("postcode")),
        read_tier(given.get("tier")),
        read_branding(given.get("branding")),
        read_language(given.get("language", Order.language)),
    )


def read_postcode(given: object) -> str:
    """A whole postcode, as it is written."""
    try:
        return normalise(required("postcode", text("postcode", given), "a whole one, as in EC2M 7PY"))
    except PostcodeError as error:
        raise ParameterError("postcode", str(error)) from error


def read_tier(given: object) -> Tier:
    """How far back the report looks."""
    tier = required("tier", text("tier", given), f"one of {', '.join(TIERS)}")
    if tier not in TIERS:
        raise ParameterError("tier", f"{shown(tier)} is none of {', '.join(TIERS)}", TIERS)
    return Tier(tier)


def read_branding(given: object) -> dict[str, Any] | None:
    """An object of texts and lines; which there may be the reporter knows."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise ParameterError("branding", "must be a JSON object")
    for name, value in given.items():
        if name in LINES:
            if not (
                value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))
            ):
                raise ParameterError(f"branding.{name}", "must be a list of texts")
        elif not isinstance(value, str | None):
            raise ParameterError(f"branding.{shown(name)[1:-1]}", "must be text")
    return given


def read_language(given: object) -> str:
    """A language tag."""
    language = required("language", text("language", given), "a language, as in en")
    if len(language) > MOST_LANGUAGE:
        raise ParameterError("language", f"{shown(language)} is no language: write one such as en")
    return language


def text(name: str, given: object) -> str | None:
    """A field that is text, or is not there."""
    if given is not None and not isinstance(given, str):
        raise ParameterError(name, "must be text")
    return given


def order_id(order: Order, key: str | None) -> str:
    """A new id; with an idempotency key the one that the same order with the same key always has.

    The order is part of it: two people may think of the same key, and none must get the other's report.
    """
    if key is None:
        return uuid4().hex
    if not KEY.fullmatch(key):
        raise ParameterError("Idempotency-Key", f"{shown(key)} is not 1 to 64 of A-Z a-z 0-9 . _ -")
    return sha256(msgspec.json.encode([key, asdict(order)], order="deterministic")).hexdigest()
