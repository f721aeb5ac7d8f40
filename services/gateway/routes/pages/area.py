"""The figures around a postcode: found by the search box, shown as a page, framed by other sites."""

from collections.abc import Callable
from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.gateway.cache import Cache
from services.gateway.errors import STATUS, TITLES
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE, answer_now, answer_page
from services.gateway.routes.record_answers import POSTCODE_ERRORS
from services.gateway.routes.report_files import FILE_TYPES, split_ending
from services.gateway.settings import GatewaySettings
from services.gateway.site.area import (
    EMBED_SECURITY,
    Refused,
    area_address,
    as_csv,
    as_json,
    compact,
    render_area,
    render_embed,
    render_embed_refused,
    render_search,
)
from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _
from services.gateway.site.render import SECURITY
from services.gateway.store import Snapshot, Store
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.refusal import Refusal
from shared.area_figures.shapes import Figures
from shared.area_figures.telling import tier_months
from shared.errors import RequestError, TransientError
from shared.postcode_lookup import Postcodes
from shared.postcodes import Location, PostcodeError, normalise
from shared.tiers import Tier

POSTCODE_TITLES = {
    "malformed": N_("This is not a whole postcode"),
    "unknown": N_("This postcode is not known"),
    "terminated": N_("This postcode is no longer in use"),
    "outside": N_("This postcode is outside England and Wales"),
    "no_position": N_("This postcode has no position"),
}
REFUSALS = {
    "no-police-area": (422, N_("This postcode lies in no police area of England and Wales")),
    "nothing-loaded": (404, N_("No street crimes are held yet")),
    "force-not-loaded": (404, N_("No street crimes of this police area are held")),
    "force-not-published": (404, N_("This police force has published no street crimes in these months")),
}
WRITERS: dict[str, Callable[[Figures], str]] = {"csv": as_csv, "json": as_json}


class TierError(RequestError):
    """A tier that there is not."""


def read_tier(text: str | None) -> Tier:
    """How far back; the shortest window unless something else is asked for.

    Raises:
        TierError: there is no such tier.
    """
    try:
        return Tier(text or Tier.ESSENTIAL)
    except ValueError as error:
        told = {"text": (text or "")[:20], "valid": ", ".join(Tier)}
        raise TierError(_("'%(text)s' is none of %(valid)s.") % told) from error


def away() -> Refused:
    """Said in a frame too, which would else stay blank."""
    return Refused(503, TITLES[503], _("The figures cannot be read at the moment."))


def explain(error: PostcodeError | Refusal | TierError) -> Refused:
    """What a page says instead of figures, with the status that the API has for it."""
    detail = str(error)[:1].upper() + str(error)[1:]
    if isinstance(error, PostcodeError):
        status = next(STATUS[kind] for kind in POSTCODE_ERRORS[error.reason].__mro__ if kind in STATUS)
        return Refused(status, _(POSTCODE_TITLES[error.reason]), detail)
    if isinstance(error, Refusal):
        status, title = REFUSALS.get(error.code, (422, N_("There are no figures of this postcode")))
        return Refused(status, _(title), detail)
    return Refused(400, _("There is no such window"), detail)


def wider(error: RequestError, name: str) -> list[tuple[str, str]]:
    """Where nothing was published in a window, the addresses of the others, and how far back they look."""
    if isinstance(error, Refusal) and error.code.startswith("force-"):
        return [(area_address(name, tier), tier_months(tier)) for tier in Tier if tier is not Tier.ESSENTIAL]
    return []


async def figures_at(snapshot: Snapshot, counts: CountsStore, place: Location, tier: Tier) -> Figures:
    """The figures of a report, made now.

    Raises:
        Refusal: there are none.
    """
    counted, _ = await counts.read_in(
        snapshot.connection, place.postcode, place.latitude, place.longitude, place.source, tier
    )
    return work_out(counted)


def public_base(request: AnyRequest, settings: GatewaySettings) -> str:
    """Where the public reaches this gateway, without a slash at its end."""
    return (settings.public_url or str(request.base_url)).rstrip("/")


@get("/area", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def find_area(request: AnyRequest) -> Response[Any]:
    """From the search box to the page of a postcode."""
    text, tier = request.query_params.get("postcode", "").strip(), request.query_params.get("tier")
    if not text:
        return answer_now(render_search(None, ""))
    try:
        there = area_address(normalise(text), read_tier(tier))
    except (PostcodeError, TierError) as error:
        refused = explain(error)
        return answer_now(render_search(refused, text), refused.status)
    return Response(None, status_code=303, headers={"Location": there, "Cache-Control": "no-store"})


@get("/area/{postcode:str}", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_area(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    counts: NamedDependency[CountsStore],
    postcodes: NamedDependency[Postcodes],
    settings: NamedDependency[GatewaySettings],
    postcode: FromPath[str],
) -> Response[Any]:
    """The figures as a page; `.csv` and `.json` are the same as files."""
    name, ending = split_ending(postcode, tuple(WRITERS))
    base = public_base(request, settings)
    version = request.query_params.get("data")
    write = WRITERS[ending] if ending else lambda figures: render_area(figures, base, version)
    given = Given(request, store, cache, counts, postcodes)
    try:
        if elsewhere := given.moved(name, f".{ending}" if ending else ""):
            return elsewhere
        return await given.answer(name, write, ending, also=base)
    except (PostcodeError, Refusal, TierError) as error:
        refused = explain(error)
        return answer_now(render_search(refused, name, wider(error, name)), refused.status)


@get("/area/{postcode:str}/embed", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_area_embed(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    counts: NamedDependency[CountsStore],
    postcodes: NamedDependency[Postcodes],
    postcode: FromPath[str],
) -> Response[Any]:
    """The compact version, which any site may frame."""
    given = Given(request, store, cache, counts, postcodes)
    try:
        if elsewhere := given.moved(postcode, "/embed"):
            return elsewhere
        return await given.answer(postcode, render_embed, headers=EMBED_SECURITY)
    except (PostcodeError, Refusal, TierError, TransientError) as error:
        refused = away() if isinstance(error, TransientError) else explain(error)
        answer = answer_now(render_embed_refused(refused), refused.status)
        answer.headers.update(EMBED_SECURITY)
        return answer


class Given:
    """A request for the figures of a postcode, with what it takes to answer it."""

    def __init__(
        self, request: AnyRequest, store: Store, cache: Cache, counts: CountsStore, postcodes: Postcodes
    ) -> None:
        self.request, self.store, self.cache = request, store, cache
        self.counts, self.postcodes = counts, postcodes

    def moved(self, name: str, ending: str) -> Response[Any] | None:
        """Every postcode has one address; the others lead there.

        Raises:
            PostcodeError: malformed.
            TierError: there is no such tier.
        """
        usual = normalise(name)
        if compact(usual) == name:
            return None
        tier, version = (
            read_tier(self.request.query_params.get("tier")),
            self.request.query_params.get("data"),
        )
        there = area_address(usual, tier, ending, data=version)
        return Response(None, status_code=301, headers={"Location": there})

    async def answer(
        self,
        name: str,
        write: Callable[[Figures], str],
        ending: str | None = None,
        *,
        headers: dict[str, str] = SECURITY,
        also: str = "",
    ) -> Response[Any]:
        """The figures as they are written, kept until the data change.

        Raises:
            PostcodeError, Refusal, TierError: there are none.
        """
        tier = read_tier(self.request.query_params.get("tier"))
        place = await self.postcodes.find(name)

        async def compute(snapshot: Snapshot) -> str:
            return write(await figures_at(snapshot, self.counts, place, tier))

        file = f'attachment; filename="area-{name}-{tier}.{ending}"'
        return await answer_page(
            self.request,
            self.store,
            self.cache,
            compute,
            headers=headers | ({"Content-Disposition": file} if ending else {}),
            media_type=FILE_TYPES[ending] if ending else MediaType.HTML,
            is_long=True,
            also=(place, also),
            reads=("tier", "data"),
        )
