"""Style sheets, scripts and fonts."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.gateway.codings import takes_gzip
from services.gateway.errors import NotFoundError
from services.gateway.limits import UNLIMITED
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE
from services.gateway.settings import GatewaySettings
from services.gateway.site import assets
from services.gateway.site.maps.policy import worker_policy

FOR_EVER = "public, max-age=31536000, immutable"


@get("/static/{edition:str}/{name:path}", opt=UNLIMITED | PAGE, include_in_schema=False)
async def get_asset(
    request: AnyRequest,
    settings: NamedDependency[GatewaySettings],
    edition: FromPath[str],
    name: FromPath[str],
) -> Response[Any]:
    """A file of this edition; of another one, what it is now, not to be kept.

    A page of the edition before may still ask while replicas are replaced.
    """
    asset = assets.assets().get(name.lstrip("/"))
    if asset is None:
        raise NotFoundError("address", "no such file")
    is_packed = asset.packed is not None and takes_gzip(request.scope["headers"])
    headers = {
        "Cache-Control": FOR_EVER if edition == assets.digest() else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": worker_policy(settings.basemap_style_url),
    }
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.packed if is_packed else asset.body, media_type=asset.media_type, headers=headers)
