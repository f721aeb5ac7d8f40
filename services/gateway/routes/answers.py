"""What all answers have in common: who may keep them how long, and which parameters there are."""

from collections.abc import Sequence
from typing import Any, TypeVar

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from services.gateway.errors import NotAcceptableError, ParameterError
from services.gateway.schemas import SHAPE_VERSION

Body = TypeVar("Body")
AnyRequest = Request[Any, Any, Any]

JSON, GEO_JSON, CSV = "application/json", "application/geo+json", "text/csv"
ENDINGS = {"json": JSON, "geojson": GEO_JSON, "csv": CSV}
"""What an address may end in; without an ending `Accept` decides."""
NOT_PARAMETERS = {
    "request", "store", "searches", "reports", "bus", "cache", "cubes", "areas", "tiles",
    "settings", "body", "state", "idempotency_key", "postcodes",
}  # fmt: skip


def headers_for(revision: str) -> dict[str, str]:
    """Anyone may keep the answer, but must ask each time whether it is still the current one."""
    return {"ETag": f'W/"{SHAPE_VERSION}-{revision}"', "Cache-Control": "public, no-cache"}


def is_current(request: AnyRequest, revision: str) -> bool:
    """Whether the client holds this answer already."""
    held = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    return headers_for(revision)["ETag"] in held or "*" in held


def not_modified(revision: str) -> Response[Any]:
    """304: what the client holds is still so."""
    return Response(None, status_code=304, headers=headers_for(revision))


def fresh(body: Body, revision: str, media_type: str = "application/json") -> Response[Body]:
    """The answer, with what it takes to ask for it again cheaply."""
    return Response(body, headers=headers_for(revision), media_type=media_type)


def wanted_type(request: AnyRequest, offered: Sequence[str]) -> str:
    """The media type of an answer; the ending of the address goes before `Accept`.

    Raises:
        NotAcceptableError: none that the client accepts.
    """
    ending = request.url.path.rpartition("/")[2].partition(".")[2]
    # No header, or an empty one, accepts everything.
    accepted = request.accept.best_match(list(offered)) if request.headers.get("accept") else offered[0]
    given = ENDINGS.get(ending) or accepted
    if given is None:
        endings = [f".{name}" for name, media_type in ENDINGS.items() if media_type in offered]
        raise NotAcceptableError(
            f"there are {', '.join(offered)}; {', '.join(endings)} at the end of the address ask for them too"
        )
    return given


def refuse_unknown_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A misspelt filter must not widen an answer in silence, nor one given twice be taken once."""
    known = sorted(set(handler.parsed_fn_signature.parameters) - NOT_PARAMETERS - set(connection.path_params))
    for name in connection.query_params:
        if name not in known:
            raise ParameterError(name, f"no such parameter; there are {', '.join(known) or 'none'}", known)
        if len(connection.query_params.getall(name)) > 1:
            raise ParameterError(name, "is given more than once; put commas between values")
