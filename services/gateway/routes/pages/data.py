"""The pages about the data: coverage, ledgers, files, the account of a month, how things stand, the queue."""

from datetime import UTC, datetime
from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.cache import Cache
from services.gateway.coverage import Facts
from services.gateway.download_answers import list_answer
from services.gateway.parameters import among, read_dataset, read_month, read_words
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.downloads import decoded
from services.gateway.routes.ledgers import Wanted
from services.gateway.routes.pages.answers import PAGE, answer_now, answer_page
from services.gateway.routes.reconciliations import read_reconciliations
from services.gateway.routes.revisions import read_revisions
from services.gateway.site.coverage import render_coverage
from services.gateway.site.data import Run, render_data, render_downloads, render_proof, render_status
from services.gateway.site.ledgers import Asked, render_reconciliations, render_revisions
from services.gateway.store import Snapshot, Store, sql
from shared.errors import CrimeMapsError, TransientError
from shared.http import Check
from shared.model import Dataset

RUNS = 20
"""As many are shown of the newest runs."""


@get("/data", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_data(
    request: AnyRequest, store: NamedDependency[Store], cache: NamedDependency[Cache]
) -> Response[Any]:
    """What there is."""

    async def compute(snapshot: Snapshot) -> str:
        return render_data(await snapshot.facts())

    return await answer_page(request, store, cache, compute)


@get("/data/coverage", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_coverage_page(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    dataset: FromQuery[str | None] = None,
    year: FromQuery[str | None] = None,
) -> Response[Any]:
    """Every force and month of a dataset."""
    asked = read_dataset(dataset) if dataset else Dataset.STREET
    today = datetime.now(UTC).date()  # the day may make what is known stale

    async def compute(snapshot: Snapshot) -> str:
        return render_coverage(await snapshot.facts(), asked, year or None, today)

    return await answer_page(request, store, cache, compute, also=today)


@get("/data/revisions", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_revisions_page(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
) -> Response[Any]:
    """The ledger of revisions."""
    asked = Asked(dataset or None, month or None, force or None, before or None)
    wanted = Wanted.read(asked.dataset, asked.month, None, asked.before)

    async def compute(snapshot: Snapshot) -> str:
        facts = await snapshot.facts()
        found, last = await read_revisions(snapshot, wanted, forces_of(facts, asked))
        return render_revisions(facts, found, last, asked)

    return await answer_page(request, store, cache, compute)


@get("/data/reconciliations", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_reconciliations_page(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
) -> Response[Any]:
    """API and archive side by side."""
    asked = Asked(dataset or None, month or None, force or None, before or None)
    wanted = Wanted.read(asked.dataset, asked.month, None, asked.before)

    async def compute(snapshot: Snapshot) -> str:
        facts = await snapshot.facts()
        found, last = await read_reconciliations(snapshot, wanted, forces_of(facts, asked))
        return render_reconciliations(facts, found, last, asked)

    return await answer_page(request, store, cache, compute)


@get("/data/proof", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_proof_page(
    request: AnyRequest,
    store: NamedDependency[Store],
    cache: NamedDependency[Cache],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
) -> Response[Any]:
    """The account of a month; without one, of the newest."""
    name = read_dataset(dataset) if dataset else Dataset.STREET
    asked = read_month(month) if month else None

    async def compute(snapshot: Snapshot) -> str:
        facts = await snapshot.facts()
        held = facts.months(name)
        [shown] = among(held[-1:] if asked is None else [asked], held, name)
        return render_proof(facts, await snapshot.proof(name, shown))

    return await answer_page(request, store, cache, compute, is_long=True)


@get("/data/downloads", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_downloads_page(
    store: NamedDependency[Store],
    dataset: FromQuery[str | None] = None,
    year: FromQuery[str | None] = None,
) -> Response[Any]:
    """The files of a dataset. They follow the records, so no revision of these names the page."""
    asked = read_dataset(dataset) if dataset else Dataset.STREET
    async with store.snapshot() as snapshot:
        facts = await snapshot.facts()
        manifests = [
            manifest
            for manifest in decoded(await snapshot.connection.fetch(sql("select_downloads")))
            if manifest.dataset == asked
        ]
    columns = manifests[0].columns if manifests else []
    files = list_answer(facts, manifests, [asked], None)
    return answer_now(render_downloads(facts, files, columns, asked, year or None))


@get("/data/status", opt=PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def get_status(
    store: NamedDependency[Store], cache: NamedDependency[Cache], checks: NamedDependency[dict[str, Check]]
) -> Response[Any]:
    """How things stand, also while the database is away."""
    facts, runs, seen = None, [], None
    try:
        async with store.snapshot() as snapshot:
            facts = await snapshot.facts()
            rows = await snapshot.connection.fetch(sql("select_recent_runs"), RUNS)
            runs = [Run(**dict(row)) for row in rows]
            seen = await snapshot.connection.fetchval(sql("select_release_seen"))
    except TransientError:
        pass  # the page says so
    working = {name: await works(check) for name, check in checks.items()}
    return answer_now(render_status(facts, working, state_of(cache), runs, seen))


async def works(check: Check) -> bool:
    """Whether a check passes; why it does not is for the operator, since it may name machines."""
    try:
        await check()
    except CrimeMapsError:
        return False
    return True


def state_of(cache: Cache) -> str:
    """Of the server that keeps answers and counts requests: none, away or ok."""
    if cache.redis.client is None:
        return "none"
    return "away" if cache.redis.is_away else "ok"


def forces_of(facts: Facts, asked: Asked) -> list[str] | None:
    """The forces of a filter."""
    return read_words("force", asked.force, [known.slug for known in facts.forces])
