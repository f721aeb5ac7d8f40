"""What every service answers over HTTP: alive, ready, metrics."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.errors import CrimeMapsError
from shared.settings import Settings

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, raises `CrimeMapsError` with the reason otherwise."""
KEEP_ALIVE_SECONDS = 75
"""Longer than balancers keep an idle connection, mostly a minute: if they close it, no request is lost."""


def health_routes(checks: dict[str, Check]) -> list[tuple[str, ASGIApp]]:
    """`/livez` answers while the process runs; `/readyz` while every check passes."""

    @get
    async def livez(_scope: object) -> AsgiResponse:
        return AsgiResponse(b"alive\n", 200)

    @get
    async def readyz(_scope: object) -> AsgiResponse:
        status, body = await readiness(checks)
        return AsgiResponse(json.dumps(body).encode(), status, {"Content-Type": "application/json"})

    @get
    async def metrics(_scope: object) -> AsgiResponse:
        return AsgiResponse(generate_latest(), 200, {"Content-Type": CONTENT_TYPE_LATEST})

    return [("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)]


async def readiness(checks: dict[str, Check]) -> tuple[int, dict[str, str]]:
    """The status and the result of each check: 200 if all are 'ok', 503 otherwise."""
    results = {}
    for name, check in checks.items():
        try:
            await check()
            results[name] = "ok"
        except CrimeMapsError as problem:
            results[name] = str(problem)
    return (200 if set(results.values()) <= {"ok"} else 503), results


async def serve(app: AsgiFastStream, settings: Settings) -> None:
    """Run a service until SIGTERM or SIGINT; handlers that are at work may finish."""
    parting = Parting(app)
    config = uvicorn.Config(
        parting,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.stop_timeout) + 5,
    )
    await Server(config, parting, settings.drain_seconds).serve()


class Parting:
    """The app; once it is about to end, it says so to balancers and to whoever keeps a connection.

    Closing a connection that waits for its next request loses the one that is on its way: so the last
    answer on each says that it is the last.
    """

    def __init__(self, app: Any) -> None:
        self.app, self.is_near = app, False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        if not self.is_near or scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_last(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await (STOPPING if scope["path"] == "/readyz" else self.app)(scope, receive, send_last)


STOPPING: Any = AsgiResponse(b'{"service": "stopping"}', 503, {"Content-Type": "application/json"})
"""What /readyz says then."""


class Server(uvicorn.Server):
    """A server that ends in order on SIGTERM; uvicorn's own would then raise the signal once more."""

    def __init__(self, config: uvicorn.Config, parting: Parting, drain_seconds: float) -> None:
        super().__init__(config)
        self.parting, self.drain_seconds = parting, drain_seconds

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Serve on until balancers have seen that this is the end, then take no more and finish."""
        self.parting.is_near = True
        await asyncio.sleep(self.drain_seconds)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals for as long as the server runs."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield
