"""What every service answers over HTTP: alive, ready, metrics."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.errors import CrimeMapsError
from shared.settings import Settings

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, raises `CrimeMapsError` with the reason otherwise."""


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
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine
        timeout_graceful_shutdown=int(settings.stop_timeout) + 5,
    )
    await Server(config).serve()


class Server(uvicorn.Server):
    """A server that ends in order on SIGTERM; uvicorn's own would then raise the signal once more."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals for as long as the server runs."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield
