"""Around every request: counted and timed by route, and HEAD answered wherever GET is."""

from time import perf_counter
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared.metrics import http_requests, http_seconds

UNMATCHED = "unmatched"
"""The route of addresses that do not exist: they must not become labels."""

HEAD = "crimemaps.head"
"""Where the scope of a request that came as HEAD says so."""


def is_head(scope: Scope) -> bool:
    """Whether nobody will see the body of the answer."""
    return HEAD in scope


class Observed:
    """The application with metrics. Outermost, so that what no route answers is counted too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        # The server leaves the body out of an answer to HEAD.
        inner: Any = {**scope, "method": "GET", HEAD: True} if scope["method"] == "HEAD" else scope
        started, status = perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(inner, receive, send_and_note)
        finally:
            route = inner.get("path_template") or UNMATCHED
            http_requests.labels(route, str(status)).inc()
            http_seconds.labels(route).observe(perf_counter() - started)
