"""Around requests: each is a span, and all that it logs or orders belongs to its trace.

What a span says is what a metric says: method, route and status. An address has postcodes, places and the ids
of reports in it, and who knows such an id can read the report.
"""

from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.observe import is_head
from shared.trace_context import only_traceparent
from shared.tracing import Span

METHODS = frozenset(("GET", "POST", "OPTIONS"))
"""Others are what clients make up."""
OTHER = "_OTHER"
UNTRACED = frozenset(("/livez", "/readyz", "/metrics"))
"""Asked for again and again by machines."""


class Traced:
    """The application in spans. Behind the tiles that are kept: those are not worth a span each."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != ScopeType.HTTP or scope["path"] in UNTRACED:
            await self.app(scope, receive, send)
            return
        method, status = method_of(scope), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
        sender = only_traceparent(said)
        with Span(method, "SERVER", parent=sender, attributes={"http.request.method": method}) as span:
            try:
                await self.app(scope, receive, send_and_note)
            finally:
                describe(span, method, scope, status)


def method_of(scope: Any) -> str:
    """As it came, if it is one of those that there are."""
    if is_head(scope):
        return "HEAD"
    return scope["method"] if scope["method"] in METHODS else OTHER


def describe(span: Span, method: str, scope: Any, status: int) -> None:
    """What is known at the end."""
    if route := scope.get("path_template"):
        span.rename(f"{method} {route}")
        span.set("http.route", route)
    span.set("http.response.status_code", status)
    if status >= 500:
        span.fail(str(status))
