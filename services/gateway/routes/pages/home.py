"""The front page."""

from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency

from services.gateway.cache import Cache
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE, answer_page
from services.gateway.site.home import render_home
from services.gateway.store import Snapshot, Store

LINKS = '</api/v1/openapi.json>; rel="service-desc", </api>; rel="service-doc"'


@get("/", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_home(
    request: AnyRequest, store: NamedDependency[Store], cache: NamedDependency[Cache]
) -> Response[Any]:
    """What is held, for people."""

    async def compute(snapshot: Snapshot) -> str:
        return render_home(await snapshot.facts())

    answer = await answer_page(request, store, cache, compute, reads=())
    answer.headers["Link"] = LINKS
    return answer
