"""Keys of the API: made by the console, recognised by the gateway. Pure."""

import hashlib
import re
import secrets
from enum import StrEnum

PREFIX = "cmuk_"
"""So that people and scanners for leaked secrets know what it is."""
PATTERN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a key lets its holder do besides reading."""

    REPORTS = "reports"
    DOWNLOADS = "downloads"


def make_key() -> str:
    """A new key of 32 random bytes."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> bytes:
    """What is kept of a key. It is random and long, so that a fast hash without salt is enough."""
    return hashlib.sha256(key.encode()).digest()
