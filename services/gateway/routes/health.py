"""Alive, ready, metrics."""

from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.gateway.limits import UNLIMITED
from shared.http import Check, readiness


@get("/livez", opt=UNLIMITED, media_type=MediaType.TEXT, include_in_schema=False, sync_to_thread=False)
def livez() -> str:
    """Answers while the process runs."""
    return "alive\n"


@get("/readyz", opt=UNLIMITED, include_in_schema=False)
async def readyz(checks: NamedDependency[dict[str, Check]]) -> Response[dict[str, str]]:
    """200 while every check passes, 503 with the reason otherwise."""
    status, results = await readiness(checks)
    return Response(results, status_code=status)


@get("/metrics", opt=UNLIMITED, include_in_schema=False, sync_to_thread=False)
def metrics() -> Response[Any]:
    """For Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
