"""What all pages have in common: kept until what they are made of changes, nothing from elsewhere."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from litestar import MediaType, Response

from services.gateway.cache import Cache
from services.gateway.cube_store import compute_when_read
from services.gateway.routes.answers import (
    AnyRequest,
    headers_for,
    holds,
    is_current,
    not_modified,
    question_tag,
)
from services.gateway.site.render import SECURITY, edition
from services.gateway.store import Snapshot, Store

SVG = "image/svg+xml"
PAGE = {"page": True}
"""The `opt` of a page: what it does not know is no error, and a parameter may come several times."""


async def answer_page(
    request: AnyRequest,
    store: Store,
    cache: Cache,
    compute: Callable[[Snapshot], Awaitable[str]],
    *,
    headers: dict[str, str] = SECURITY,
    media_type: str = MediaType.HTML,
    is_long: bool = False,
    also: object = None,
    reads: Collection[str] | None = None,
) -> Response[Any]:
    """A page that is made of the data: once for all who ask for it, until the data change.

    `is_long`: it reads an area, and waits its turn with others that do. `also`: what else it depends on.
    `reads`: the parameters that it looks at; others make it no other page.
    """
    revision = await store.revision()
    read = [one for one in request.query_params.multi_items() if reads is None or one[0] in reads]
    question = (edition(), request.url.path, sorted(read), str(also))
    tag = question_tag(revision, *question)
    if holds(request, tag):
        return confirmed(tag, headers)

    async def work() -> bytes:
        opened = store.long_snapshot if is_long else store.snapshot
        return (await compute_when_read(opened, compute)).encode()

    body = await cache.get_or_compute(f"page {question!r}", work, revision=revision)
    return Response(body, media_type=media_type, headers=headers_for(tag) | headers)


def confirmed(tag: str, headers: dict[str, str]) -> Response[Any]:
    """304. Browsers take its headers for those of the page that they hold: it needs the same policy."""
    answer = not_modified(tag)
    answer.headers.update(headers)
    return answer


def answer_text(request: AnyRequest, html: str) -> Response[Any]:
    """A page that changes with a release only."""
    tag = question_tag("text", html)
    if is_current(request, tag):
        return confirmed(tag, SECURITY)
    return Response(html, media_type=MediaType.HTML, headers=headers_for(tag) | SECURITY)


def answer_now(html: str, status: int = 200) -> Response[Any]:
    """A page for this one request."""
    headers = {"Cache-Control": "no-store", **SECURITY}
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)
