"""The gateway with a folder of static files beside its routes: `python -m bench.static_files FOLDER`."""

import sys
from typing import Any

import asyncpg
from litestar import Litestar
from litestar.static_files import create_static_files_router

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.db import READER
from shared.service import run

FOLDER = sys.argv[-1]


def with_files(settings: GatewaySettings, pool: asyncpg.Pool) -> object:
    """The same application, middleware and server."""
    observed = create_app(settings, pool)
    app: Any = observed
    while not isinstance(app, Litestar):
        app = app.app
    app.register(create_static_files_router("/static", [FOLDER]))
    return observed


if __name__ == "__main__":
    run("gateway", GatewaySettings, with_files, role=READER)
