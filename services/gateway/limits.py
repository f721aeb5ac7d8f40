"""How often a client may ask: counted in Redis for all replicas together. Without Redis nobody is limited."""

import math
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from services.gateway.cache import RedisServer
from services.gateway.errors import KeyRefusedError, LimitError, ScopeError
from services.gateway.keys import ApiKey, Keys, key_in
from services.gateway.settings import GatewaySettings
from shared import api_keys
from shared.errors import TransientError
from shared.metrics import limit_decisions

WINDOW = 60
"""Seconds, from a client's first request; then its allowance is whole again."""

REPORTS = {"limit": "reports"}
"""What a route counts as, given as its `opt`. Routes without count as reads."""
DOWNLOADS = {"limit": "downloads"}
UNLIMITED = {"limit": None}
"""Neither counted nor asked for a key."""

HEADERS = "limit_headers"
"""Where the state of a request holds what its answer says of the limit."""


@dataclass(frozen=True)
class Limit:
    """Requests a minute: of an address, and of a key that has no number of its own."""

    name: str
    per_address: int
    per_key: int
    scope: api_keys.Scope | None = None
    """What a key must have; no key is fine too, unless `needs_key`."""
    needs_key: bool = False


def limits_of(settings: GatewaySettings) -> dict[str, Limit]:
    """The limits by name."""
    reads = settings.reads_per_minute, settings.key_reads_per_minute
    reports = settings.reports_per_minute, settings.key_reports_per_minute
    every = (
        Limit("reads", *reads),
        Limit("downloads", *reads, api_keys.Scope.DOWNLOADS),
        Limit("reports", *reports, api_keys.Scope.REPORTS, settings.reports_need_key),
    )
    return {limit.name: limit for limit in every}


class Limits:
    """Says who asks, whether they may, and whether they may now."""

    def __init__(self, redis: RedisServer, keys: Keys, settings: GatewaySettings) -> None:
        self.redis, self.keys = redis, keys
        self.limits = limits_of(settings)
        self.trusted_proxies = settings.trusted_proxies
        self.guessers: dict[str, float] = {}
        """Addresses whose last read was a wrong key, and until when they have no other."""

    async def guard(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Let a request through, or not.

        Raises:
            KeyRefusedError: it has a key that is none, or none where one is needed.
            ScopeError: its key is not for this.
            LimitError: too many.
        """
        name = handler.opt.get("limit", "reads")
        if name is None:
            return
        limit = self.limits[name]
        state = connection.scope["state"]
        peer = connection.client.host if connection.client else ""
        address = client_address(peer, connection.headers, self.trusted_proxies)
        key = await self.find_key(connection.headers, address, state)
        check_key(limit, key)
        await self.count(limit, address, key, state)

    async def find_key(self, headers: Headers, address: str, state: dict[str, Any]) -> ApiKey | None:
        """The key that a request brings, if any. Guessing counts as reading, and needs a read to be left.

        Raises:
            KeyRefusedError: it is none.
            LimitError: too many were none; the key was not looked up.
        """
        reads = self.limits["reads"]
        try:
            given = key_in(headers)
            if given is None:
                return None
            if self.guessers.get(address, 0.0) > monotonic() and self.keys.remembered(given) is None:
                await self.count(reads, address, None, state)
            return await self.keys.find(given)
        except KeyRefusedError:
            try:
                await self.count(reads, address, None, state)
            finally:
                self.note_guess(address, state.get(HEADERS, {}))
            raise

    def note_guess(self, address: str, told: dict[str, str]) -> None:
        """Look up no more keys for an address whose reads are used up, until they are back."""
        if told.get("RateLimit-Remaining") == "0":
            now = monotonic()
            self.guessers = {one: end for one, end in self.guessers.items() if end > now}
            self.guessers[address] = now + int(told["RateLimit-Reset"])

    async def count(self, limit: Limit, address: str, key: ApiKey | None, state: dict[str, Any]) -> None:
        """Count a request and note what its answer says of the limit.

        Raises:
            LimitError: it is one too many.
        """
        most = allowance(limit, key)
        who = f"address:{address}" if key is None else f"key:{key.id}"
        try:
            n, left = await self.redis.count(f"limit:{limit.name}:{who}", WINDOW)
        except TransientError:
            limit_decisions.labels(limit.name, "not_counted").inc()
            return
        seconds = max(1, math.ceil(left))
        state[HEADERS] = {
            "RateLimit-Limit": str(most),
            "RateLimit-Remaining": str(max(0, most - n)),
            "RateLimit-Reset": str(seconds),
            "RateLimit-Policy": f"{most};w={WINDOW}",
        }
        is_allowed = n <= most
        limit_decisions.labels(limit.name, "allowed" if is_allowed else "refused").inc()
        if not is_allowed:
            whose = "your address without a key" if key is None else "this key"
            raise LimitError(
                f"{limit.name}: {most} a minute for {whose}; come back in {seconds} s", retry_after=seconds
            )


def check_key(limit: Limit, key: ApiKey | None) -> None:
    """Whether this key, or none, may do this at all.

    Raises:
        KeyRefusedError, ScopeError: it may not.
    """
    if key is None:
        if limit.needs_key:
            raise KeyRefusedError(f"{limit.name}: a key is needed here, as `Authorization: Bearer KEY`")
    elif limit.scope is not None and limit.scope not in key.scopes:
        raise ScopeError(limit.scope, sorted(key.scopes))


def allowance(limit: Limit, key: ApiKey | None) -> int:
    """Requests a minute."""
    if key is None:
        return limit.per_address
    own = key.reports_per_minute if limit.scope is api_keys.Scope.REPORTS else key.reads_per_minute
    return own or limit.per_key


async def add_headers(message: Message, scope: Scope) -> None:
    """What an answer, of whatever status, says of the limit that it was counted under."""
    if message["type"] == "http.response.start":
        headers: dict[str, str] = scope["state"].get(HEADERS, {})
        message["headers"] = [
            *message["headers"],
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ]


def client_address(peer: str, headers: Headers, trusted_proxies: int) -> str:
    """The client that is counted: an IPv4 address, or the /64 of an IPv6 address, which is one household's.

    Each proxy adds whom it heard to the end of X-Forwarded-For; only what ours have added is believed.
    """
    heard = [entry.strip() for line in headers.getall("x-forwarded-for", []) for entry in line.split(",")]
    hops = [*(heard if trusted_proxies else []), peer]
    return counted_as(hops[max(0, len(hops) - 1 - trusted_proxies)])


def counted_as(text: str) -> str:
    """An address as it is counted; some proxies write it with a port. What is no address counts as it is."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return text[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
