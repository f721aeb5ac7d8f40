"""The description of the API: for programs, and as a page for people. Both are made at start."""

import hashlib
from typing import Any

import msgspec
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from services.gateway.api_page import HEADERS, render_api
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE
from services.gateway.routes.reference import bundled

OPEN_API = "application/vnd.oai.openapi+json"


def document_routes(document: dict[str, Any]) -> list[HTTPRouteHandler]:
    """The two routes."""
    body = msgspec.json.encode(document)
    page = render_api(document).encode()
    versions = [hashlib.sha256(content).hexdigest()[:16] for content in (body, page)]

    @get("/api/v1/openapi.json", media_type=OPEN_API, include_in_schema=False)
    async def get_openapi(request: AnyRequest) -> Response[Any]:
        """The OpenAPI document."""
        return bundled(request, body, versions[0], OPEN_API)

    @get("/api", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
    async def get_api_page(request: AnyRequest) -> Response[Any]:
        """The same for people."""
        answer = bundled(request, page, versions[1], MediaType.HTML)
        answer.headers.update(HEADERS)
        return answer

    return [get_openapi, get_api_page]
