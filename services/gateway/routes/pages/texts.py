"""Pages that change with a release only: methodology, licence, privacy and what else is text."""

from datetime import UTC, datetime
from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency

from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE, answer_text
from services.gateway.settings import GatewaySettings
from services.gateway.site.design import render_design
from services.gateway.site.methodology import render_methodology
from services.gateway.site.texts import (
    render_accessibility,
    render_licence,
    render_privacy,
    render_queue,
)


@get("/methodology", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_methodology_page(request: AnyRequest) -> Response[Any]:
    """How figures are made, and what they cannot tell."""
    return answer_text(request, render_methodology(datetime.now(UTC).date()))


@get("/licence", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_licence(request: AnyRequest) -> Response[Any]:
    """Licence and sources."""
    return answer_text(request, render_licence())


@get("/accessibility", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_accessibility(request: AnyRequest, settings: NamedDependency[GatewaySettings]) -> Response[Any]:
    """The accessibility statement."""
    return answer_text(request, render_accessibility(settings))


@get("/privacy", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_privacy(request: AnyRequest, settings: NamedDependency[GatewaySettings]) -> Response[Any]:
    """What is known of visitors."""
    return answer_text(request, render_privacy(settings))


@get("/data/queue", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_queue(request: AnyRequest) -> Response[Any]:
    """How partners order reports."""
    return answer_text(request, render_queue())


@get("/design", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_design(request: AnyRequest) -> Response[Any]:
    """The design on one page."""
    return answer_text(request, render_design())
