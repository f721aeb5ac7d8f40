"""What all answers have in common: who may keep them how long, and which parameters there are."""

from typing import Any, TypeVar

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from services.gateway.errors import ParameterError
from services.gateway.schemas import SHAPE_VERSION

Body = TypeVar("Body")
AnyRequest = Request[Any, Any, Any]

NOT_PARAMETERS = {
    "request", "store", "reports", "bus", "areas", "settings", "body", "state", "idempotency_key",
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
