"""Who asks: keys of the API, looked up and for a moment remembered."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from litestar.datastructures import Headers

from services.gateway.errors import KeyRefusedError
from services.gateway.store import Store, sql
from shared.api_keys import PATTERN, PREFIX, digest_of

REMEMBERED = 5.0
"""Seconds. A revoked key stops so much later, and whatever a request then takes."""


@dataclass(frozen=True)
class ApiKey:
    """A key that is valid; None as an allowance is what the settings say."""

    id: int
    scopes: frozenset[str]
    reads_per_minute: int | None
    reports_per_minute: int | None


class Keys:
    """Remembers keys that are valid only, so that nobody fills the memory by guessing."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.store, self.clock = store, clock
        self.known: dict[bytes, tuple[ApiKey, float]] = {}

    async def find(self, key: str) -> ApiKey:
        """The key.

        Raises:
            KeyRefusedError: it is malformed, unknown or revoked; the text says which.
            TransientError: the database cannot be reached.
        """
        if not PATTERN.fullmatch(key):
            raise KeyRefusedError(f"this is no key of this API: one is {PREFIX} and 43 of A-Z a-z 0-9 _ -")
        found = self.remembered(key)
        if found is None:
            digest, asked_at = digest_of(key), self.clock()
            self.known.pop(digest, None)
            found = await self.read(digest)
            self.known[digest] = found, asked_at
        return found

    def remembered(self, key: str) -> ApiKey | None:
        """The key, if it was valid a moment ago."""
        found, read_at = self.known.get(digest_of(key), (None, 0.0))
        return found if self.clock() - read_at < REMEMBERED else None

    async def read(self, digest: bytes) -> ApiKey:
        """The key as the database has it now."""
        async with self.store.reading() as connection:
            row = await connection.fetchrow(sql("select_api_key"), digest)
        if row is None:
            raise KeyRefusedError("this key is unknown: the operator makes keys")
        revoked_at: datetime | None = row["revoked_at"]
        if revoked_at is not None:
            raise KeyRefusedError(
                f"this key was revoked on {revoked_at:%Y-%m-%d}: ask the operator for another"
            )
        return ApiKey(row["id"], frozenset(row["scopes"]), row["reads_per_minute"], row["reports_per_minute"])


def key_in(headers: Headers) -> str | None:
    """The key that a request brings: `Authorization: Bearer KEY` or `X-API-Key: KEY`; None if it has none.

    Raises:
        KeyRefusedError: the header cannot be understood, or there are two keys.
    """
    given = set(headers.getall("x-api-key", []))
    for text in headers.getall("authorization", []):
        scheme, _, key = text.partition(" ")
        if scheme.lower() != "bearer":
            raise KeyRefusedError(
                "Authorization: the only scheme is Bearer, as in `Authorization: Bearer KEY`"
            )
        given.add(key.strip())
    if len(given) > 1:
        raise KeyRefusedError(
            "two different keys: send one, as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
        )
    return given.pop() if given else None
