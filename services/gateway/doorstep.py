"""What holds for every request and answer: limits of length and time, headers for browsers.

Around the framework, so that what no route answers has it too.
"""

import asyncio
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.codings import settled
from services.gateway.errors import PROBLEM_JSON, RETRY_AFTER, TITLES
from services.gateway.schemas import Problem

LONGEST_ADDRESS = 16_000
"""Bytes of path and query: a polygon of some 500 vertices. Larger ones come in a body."""
PUBLIC = ("/api/", "/tiles/")
"""Where pages of any site may read."""
METHODS = "GET, HEAD, POST, OPTIONS"
ASKED = "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Range, X-API-Key"
TOLD = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, Location, RateLimit-Limit, "
    "RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Repr-Digest, Retry-After, X-Data-Version, "
    "X-Missing-Months"
)
BROWSERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Unless the answer says otherwise: pages have policies of their own."""


class Doorstep:
    """The application behind its limits."""

    def __init__(self, app: ASGIApp, *, timeout: float) -> None:
        """`timeout`: seconds until an answer must have begun."""
        self.app, self.timeout = app, timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        is_public = scope["path"].startswith(PUBLIC)
        begun, read = False, not has_body(scope)

        async def receive_and_note() -> Any:
            nonlocal read
            message = await receive()
            read = not message.get("more_body", False)
            return message

        async def send_dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                if not clock.expired():
                    clock.reschedule(None)  # what has begun may take as long as the client reads
                message = {**message, "headers": dressed(message["headers"], is_public)}
            await send(message)

        scope["headers"] = settled(scope["headers"])
        try:
            async with asyncio.timeout(self.timeout) as clock:
                if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
                    await refuse(
                        send_dressed, scope, 414, f"longer than {LONGEST_ADDRESS} bytes: send a body"
                    )
                elif is_public and is_preflight(scope):
                    await send_dressed(
                        {"type": "http.response.start", "status": 204, "headers": [*preflight_headers()]}
                    )
                    await send_dressed({"type": "http.response.body", "body": b"", "more_body": False})
                else:
                    await self.app(scope, receive_and_note, send_dressed)
        except TimeoutError:
            if begun or not clock.expired():
                raise
            status = 503 if read else 408
            await refuse(send_dressed, scope, status, f"no answer within {self.timeout:g} seconds")


def has_body(scope: Scope) -> bool:
    """Whether there is more to a request than its head."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks what it may send."""
    return scope.get("method") == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


def preflight_headers() -> list[tuple[bytes, bytes]]:
    """What browsers may send, from anywhere: nothing here depends on cookies."""
    allowed = {"methods": METHODS, "headers": ASKED}
    found = [(f"access-control-allow-{name}".encode(), text.encode()) for name, text in allowed.items()]
    return [*found, (b"access-control-max-age", b"86400")]


def dressed(headers: Any, is_public: bool) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those that all have."""
    found = [(name, each_once(value) if name == b"vary" else value) for name, value in in_bytes(headers)]
    names = {name for name, _ in found}
    found += [(name.encode(), text.encode()) for name, text in BROWSERS.items() if name.encode() not in names]
    if is_public:
        found += [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", TOLD.encode()),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
    return found


def in_bytes(headers: Any) -> list[tuple[bytes, bytes]]:
    """The headers of an answer; their names in small letters."""
    return [(bytes(name).lower(), bytes(value)) for name, value in headers]


def each_once(value: bytes) -> bytes:
    """The entries of a list: the framework says again what an answer has said already."""
    return b", ".join(dict.fromkeys(entry.strip() for entry in value.split(b",")))


async def refuse(send: Any, scope: Scope, status: int, detail: str) -> None:
    """A problem in our own words."""
    problem = Problem(TITLES[status], status, detail, scope["path"])
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append((b"retry-after", RETRY_AFTER.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(problem), "more_body": False})
