"""Reports ordered on a page, and followed: the same orders as those of the API."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.gateway.bus import Bus
from services.gateway.errors import NotFoundError, ParameterError
from services.gateway.limits import REPORTS
from services.gateway.report_orders import Order, read_postcode, read_tier
from services.gateway.report_store import ReportStore
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.pages.answers import PAGE, answer_now
from services.gateway.routes.pages.area import TierError, explain, figures_at, public_base
from services.gateway.routes.pages.area import read_tier as usual_tier
from services.gateway.routes.report_files import find_report
from services.gateway.routes.reports import place_order
from services.gateway.schemas import Problem
from services.gateway.settings import GatewaySettings
from services.gateway.site.area import Refused
from services.gateway.site.language import gettext as _
from services.gateway.site.problem import render_problem
from services.gateway.site.reports import (
    Draft,
    read_draft,
    render_order,
    render_reports,
    tier_choices,
)
from services.gateway.store import Store
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.refusal import Refusal
from shared.area_figures.shapes import Figures
from shared.errors import TransientError
from shared.logs import get_logger
from shared.model import Dataset
from shared.postcode_lookup import Postcodes, UnconfirmedError
from shared.postcodes import PostcodeError

log = get_logger()

MOST_FORM_BYTES = 20_000


class Desk:
    """What it takes to answer the page of orders."""

    def __init__(
        self, store: Store, counts: CountsStore, postcodes: Postcodes, settings: GatewaySettings
    ) -> None:
        self.store, self.counts, self.postcodes, self.settings = store, counts, postcodes, settings

    async def page(self, draft: Draft, *, with_preview: bool = True) -> Response[Any]:
        """The form as it was filled in, with a preview of what would be ordered, or what is wrong."""
        figures, refused = (await self.preview(draft)) if with_preview and draft.postcode else (None, None)
        async with self.store.snapshot() as snapshot:
            facts = await snapshot.facts()
        held = [month for month in facts.months(Dataset.STREET) if facts.loaded[Dataset.STREET, month].grid]
        html = render_reports(
            draft,
            tier_choices(held),
            is_taken=self.settings.take_reports,
            needs_key=self.settings.reports_need_key,
            figures=figures,
            refused=refused,
        )
        return answer_now(html, refused.status if refused else 400 if draft.faults else 200)

    async def preview(self, draft: Draft) -> tuple[Figures | None, Refused | None]:
        """The figures that a report would have, or why there are none."""
        try:
            tier = usual_tier(draft.tier)
            place = await self.postcodes.find(draft.postcode)
            async with self.store.long_snapshot() as snapshot:
                return await figures_at(snapshot, self.counts, place, tier), None
        except (PostcodeError, Refusal, TierError) as error:
            draft.faults["tier" if isinstance(error, TierError) else "postcode"] = explain(error).detail
            return None, explain(error)

    async def check(self, draft: Draft) -> Order | None:
        """The order that a form makes; None if something is wrong, which `faults` then says."""
        try:
            order = Order(read_postcode(draft.postcode), read_tier(draft.tier), draft.branding)
        except ParameterError as error:
            draft.faults[error.parameter] = str(error)
            return None
        try:
            await self.postcodes.find(order.postcode)
        except PostcodeError as error:
            draft.faults["postcode"] = explain(error).detail
        except UnconfirmedError as error:
            draft.faults["postcode"] = str(error)
        except TransientError as error:  # the reporter looks it up again
            log.warning("postcode.unseen", reason=str(error))
        return None if draft.faults else order


@get("/reports", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_reports(
    request: AnyRequest,
    store: NamedDependency[Store],
    counts: NamedDependency[CountsStore],
    postcodes: NamedDependency[Postcodes],
    settings: NamedDependency[GatewaySettings],
) -> Response[Any]:
    """What reports are, a preview of one, and the form to order it."""
    draft = read_draft({**request.query_params, "key": None}, uuid4().hex)
    return await Desk(store, counts, postcodes, settings).page(draft)


@post(
    "/reports",
    status_code=303,
    opt=PAGE | REPORTS,
    request_max_body_size=MOST_FORM_BYTES,
    include_in_schema=False,
)
async def post_reports(
    request: AnyRequest,
    store: NamedDependency[Store],
    counts: NamedDependency[CountsStore],
    postcodes: NamedDependency[Postcodes],
    settings: NamedDependency[GatewaySettings],
    bus: NamedDependency[Bus],
    reports: NamedDependency[ReportStore],
) -> Response[Any]:
    """Order, and go to the page of the order."""
    if not is_own_form(request, public_base(request, settings)):
        problem = foreign()
        return answer_now(render_problem(problem), problem.status)
    desk = Desk(store, counts, postcodes, settings)
    draft = read_draft(dict(await request.form()), uuid4().hex)
    order = await desk.check(draft)
    if order is None:
        return await desk.page(draft, with_preview=False)
    report, _ = await place_order(bus, reports, settings, order, draft.key)
    headers = {"Location": f"/reports/{report}", "Cache-Control": "no-store"}
    return Response(None, status_code=303, headers=headers)


@get("/reports/{name:str}", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_order(
    request: AnyRequest, reports: NamedDependency[ReportStore], name: FromPath[str]
) -> Response[Any]:
    """How far an order is."""
    try:
        report = await find_report(reports, name)
    except NotFoundError:
        return answer_now(render_order(None, name[:36]), 404)
    return answer_now(render_order(report, str(report.id)))


def foreign() -> Problem:
    """What a form of another site is told."""
    return Problem(
        title=_("This order was not taken"),
        status=403,
        detail=_(
            "The form is taken from its own page only: open /reports. Programs order by POST /api/v1/reports."
        ),
        instance="/reports",
    )


def is_own_form(request: AnyRequest, base: str) -> bool:
    """Whether a form comes from our own pages: no other site may order with its visitors' browsers."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    own = {urlsplit(address)[:2] for address in (base, str(request.base_url))}
    return bool(origin.netloc) and origin[:2] in own
