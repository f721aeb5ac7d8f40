"""What goes wrong, as `application/problem+json` (RFC 9457): one table, no traceback ever."""

from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from services.gateway.schemas import Problem
from services.gateway.site.problem import render_problem
from services.gateway.site.render import SECURITY
from shared.errors import RequestError, TransientError
from shared.logs import get_logger

log = get_logger()

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = "5"
"""Seconds after which it is worth asking again."""
TITLES = {
    400: "The request cannot be understood",
    401: "The key is missing or not valid",
    403: "The key does not allow this",
    404: "There is no such thing",
    405: "This method is not allowed here",
    406: "Not in any of these media types",
    408: "The request did not come in time",
    413: "The request is too large",
    414: "The address is too long",
    416: "The file has none of these bytes",
    422: "Nothing can be said of this",
    429: "Too many requests for now",
    500: "The gateway has made a mistake",
    501: "Not possible on this machine",
    503: "Not possible at the moment",
}


class ParameterError(RequestError):
    """A parameter has a value that does not exist; `valid` are those that do."""

    def __init__(self, parameter: str, text: str, valid: list[str] | None = None) -> None:
        super().__init__(f"{parameter}: {text}")
        self.parameter, self.valid = parameter, valid


class NotFoundError(ParameterError):
    """The value makes sense, but nothing is held for it."""


class UnprocessableError(ParameterError):
    """The value exists, but not in what this is about."""


class NotAcceptableError(RequestError):
    """Nothing is written in the media types that the client accepts; the text names those that there are."""


class ClientError(RequestError):
    """The request is well-formed, but not for this client, or not now; `headers` say what it takes."""

    def __init__(self, text: str, headers: dict[str, str]) -> None:
        super().__init__(text)
        self.headers = headers


class KeyRefusedError(ClientError):
    """The key is missing, malformed, unknown or revoked."""

    def __init__(self, text: str) -> None:
        super().__init__(text, {"WWW-Authenticate": 'Bearer realm="CrimeMapsUK"'})


class ScopeError(ClientError):
    """The key is valid, and does not have the scope that this needs."""

    def __init__(self, scope: str, held: list[str]) -> None:
        super().__init__(
            f"this needs the scope {scope}; the key has {', '.join(held) or 'none'}",
            {"WWW-Authenticate": f'Bearer realm="CrimeMapsUK", error="insufficient_scope", scope="{scope}"'},
        )


class NotHereError(RequestError):
    """This installation lacks what it takes; the text says what."""


class RangeError(ClientError):
    """The file ends before the bytes that are asked for."""

    def __init__(self, size: int) -> None:
        super().__init__(f"range: the file has {size} bytes", {"Content-Range": f"bytes */{size}"})


class LimitError(ClientError):
    """Too many requests; in `retry_after` seconds there may be more."""

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text, {"Retry-After": str(retry_after)})


STATUS: dict[type[Exception], int] = {
    NotFoundError: 404,
    UnprocessableError: 422,
    NotAcceptableError: 406,
    KeyRefusedError: 401,
    ScopeError: 403,
    LimitError: 429,
    RangeError: 416,
    NotHereError: 501,
    RequestError: 400,
    TransientError: 503,
}
"""The first class that an error belongs to decides; everything else is our own mistake."""


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to a request that raised an error."""
    status, detail, headers = describe(error)
    if status >= 500:
        # The client is told what to do, the operator what happened.
        bug = None if isinstance(error, TransientError | NotHereError) else error
        log.error("request.failed", path=request.url.path, reason=str(error), exc_info=bug)
    parameter, valid = (error.parameter, error.valid) if isinstance(error, ParameterError) else (None, None)
    problem = Problem(
        title=TITLES.get(status, "The request was refused"),
        status=status,
        detail=detail,
        instance=request.url.path,
        parameter=parameter,
        valid=valid,
    )
    headers["Cache-Control"] = "no-store"
    if is_for_people(request):
        page = render_problem(problem)
        return Response(page, status_code=status, media_type=MediaType.HTML, headers=headers | SECURITY)
    return Response(problem, status_code=status, media_type=PROBLEM_JSON, headers=headers)


def is_for_people(request: Request[Any, Any, Any]) -> bool:
    """Whether somebody looks at a page, and no program at data."""
    is_page = not request.url.path.startswith(("/api/", "/tiles/", "/static/"))
    return is_page and "text/html" in request.headers.get("accept", "")


def describe(error: Exception) -> tuple[int, str, dict[str, str]]:
    """Status, text for the client and headers."""
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            headers = error.headers if isinstance(error, ClientError) else {}
            return status, str(error), {"Retry-After": RETRY_AFTER} if status == 503 else dict(headers)
    if isinstance(error, HTTPException) and error.status_code < 500:
        details = {
            404: "no such address; GET /api/v1/openapi.json lists them all",
            413: "body: larger than 1 MB; a logo may have 500 kB, a polygon 1,000 vertices",
        }
        headers = dict(error.headers or {})
        if error.status_code == 405:
            allowed = sorted({*headers.get("allow", "GET").split(", "), "HEAD"} - {"OPTIONS"})
            details[405] = f"allowed here: {', '.join(allowed)}"
            headers["allow"] = ", ".join(allowed)
        return error.status_code, details.get(error.status_code, error.detail), headers
    return 500, "It has been logged. Asking again will probably not help.", {}
