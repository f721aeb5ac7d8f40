"""What all answers have in common: who may keep them how long, and which parameters there are."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

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
BY_CODING, BY_TYPE = "Accept-Encoding", "Accept, Accept-Encoding"
"""What of a request an answer depends on; the second where `Accept` decides."""
LONGEST_LINK = 4000
"""Characters: proxies refuse answers with larger headers."""
NOT_PARAMETERS = {
    "request", "store", "searches", "reports", "bus", "cache", "cubes", "downloads", "areas", "tiles",
    "settings", "body", "state", "idempotency_key", "postcodes",
}  # fmt: skip


def headers_for(revision: str, vary: str = BY_CODING) -> dict[str, str]:
    """Anyone may keep the answer, but must ask each time whether it is still the current one."""
    return {"ETag": f'W/"{SHAPE_VERSION}-{revision}"', "Cache-Control": "public, no-cache", "Vary": vary}


def question_tag(revision: str, *question: object) -> str:
    """Names the answer to one question: who holds it was answered, so the question is known to be good."""
    return f"{revision}-{hashlib.sha256(repr(question).encode()).hexdigest()[:16]}"


def holds(request: AnyRequest, revision: str) -> bool:
    """Whether the client names this answer. Of a question that is not in the name it says nothing."""
    return headers_for(revision)["ETag"] in held_tags(request)


def is_current(request: AnyRequest, revision: str) -> bool:
    """Whether the client holds this answer, or any. To be asked when the question is known to be good."""
    return holds(request, revision) or "*" in held_tags(request)


def held_tags(request: AnyRequest) -> list[str]:
    """What the client holds."""
    return [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]


def not_modified(revision: str, vary: str = BY_CODING) -> Response[Any]:
    """304: what the client holds is still so."""
    return Response(None, status_code=304, headers=headers_for(revision, vary))


def fresh(
    body: Body, revision: str, media_type: str = "application/json", vary: str = BY_CODING
) -> Response[Body]:
    """The answer, with what it takes to ask for it again cheaply."""
    return Response(body, headers=headers_for(revision, vary), media_type=media_type)


def month_headers(data_version: Mapping[str, int], missing_months: Sequence[str]) -> dict[str, str]:
    """The version of each month that is in an answer, and the months that are not held."""
    headers = {"X-Data-Version": ",".join(f"{month}={version}" for month, version in data_version.items())}
    if missing_months:
        headers["X-Missing-Months"] = ",".join(missing_months)
    return headers


def described_by(request: AnyRequest) -> str | None:
    """The link from a CSV to the same as JSON, which has filters, gaps and notes; None if it is too long."""
    query = urlencode(list(request.query_params.multi_items()))
    address = f"{request.url.path.removesuffix('.csv')}{'?' if query else ''}{query}"
    return None if len(address) > LONGEST_LINK else f'<{address}>; rel="describedby"; type="{JSON}"'


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
    if handler.opt.get("page"):  # people come to pages with parameters of other sites
        return
    known = sorted(set(handler.parsed_fn_signature.parameters) - NOT_PARAMETERS - set(connection.path_params))
    for name in connection.query_params:
        if name not in known:
            raise ParameterError(name, f"no such parameter; there are {', '.join(known) or 'none'}", known)
        if len(connection.query_params.getall(name)) > 1:
            raise ParameterError(name, "is given more than once; put commas between values")


def next_page(request: AnyRequest, name: str, last: object) -> str:
    """The address of the page that a parameter lets begin after `last`."""
    query = [(key, value) for key, value in request.query_params.multi_items() if key != name]
    return f"{request.url.path}?{urlencode([*query, (name, last)])}"
