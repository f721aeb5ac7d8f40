"""How every service process starts and stops."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import asyncpg
from pydantic import ValidationError

from shared.db import open_pool
from shared.errors import CrimeMapsError
from shared.http import serve
from shared.logs import configure_logs, get_logger
from shared.provision import connect
from shared.settings import Settings
from shared.tracing import exporting

SettingsT = TypeVar("SettingsT", bound=Settings)


def run(
    name: str,
    settings_class: type[SettingsT],
    create_app: Callable[[SettingsT, asyncpg.Pool], Any],
    *,
    pool_size: int = 8,
    role: str | None = None,
) -> None:
    """Read the settings, connect, serve until SIGTERM; exits 2 with one line if that cannot be.

    `role`: what the database lets it do, if not all that the user may.
    """
    try:
        settings = settings_class()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "; ".join(setting_problem(problem) for problem in error.errors())
        print(f"{name}: {wrong}", file=sys.stderr)
        sys.exit(2)
    configure_logs(name, settings.log_level)
    # Pages come as hundreds of thousands of small objects without cycles: look for cycles seldom.
    gc.set_threshold(100_000, 20, 20)
    try:
        with exporting(name, settings.otel_exporter_otlp_endpoint):
            asyncio.run(serve_with_pool(name, settings, create_app, pool_size, role))
    except CrimeMapsError as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        sys.exit(2)


async def serve_with_pool(
    name: str,
    settings: SettingsT,
    create_app: Callable[[SettingsT, asyncpg.Pool], Any],
    pool_size: int,
    role: str | None,
) -> None:
    """Open the pool, build the app, serve it."""
    # Without a server the broker would wait in silence; a clear exit tells the operator.
    await (await connect(settings.nats_url)).close()
    async with open_pool(settings.database_url, max_size=pool_size, role=role) as pool:
        log = get_logger()
        log.info("service.started", name=name)
        await serve(create_app(settings, pool), settings)
        log.info("service.stopped", name=name)


def setting_problem(problem: Any) -> str:
    """One wrong setting, named as in the environment."""
    return f"{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
