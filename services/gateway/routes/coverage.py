"""What is held and what is missing."""

from datetime import UTC, datetime

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.coverage import dataset_coverage, issues
from services.gateway.parameters import among, read_dataset, read_month, read_months, read_words
from services.gateway.routes.answers import AnyRequest, fresh, is_current, not_modified
from services.gateway.schemas import Coverage, Proof
from services.gateway.store import Store
from shared.model import Dataset


@get("/api/v1/coverage", summary="Coverage: what is held, what is missing, how we know", tags=["coverage"])
async def get_coverage(
    request: AnyRequest,
    store: NamedDependency[Store],
    dataset: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
) -> Response[Coverage]:
    """Per dataset, month and force: the state, the counts and the evidence; missing is null, never 0.

    `month` is YYYY-MM or a range (2018-10..2018-12); months that are not loaded are shown if they are
    asked for. `force` is a slug, or several with commas.
    """
    async with store.snapshot() as snapshot:
        facts = await snapshot.facts()
        datasets = list(Dataset) if dataset is None else [read_dataset(dataset)]
        months = None if month is None else read_months(month)
        forces = read_words("force", force, [known.slug for known in facts.forces])
        today = datetime.now(UTC).date()
        tag = f"{snapshot.revision}-{today}"  # the day may make what is known stale
        if is_current(request, tag):
            return not_modified(tag)
    answer = Coverage(
        revision=facts.revision,
        datasets=[dataset_coverage(facts, name, months, forces) for name in datasets],
        rejected=[
            rejection
            for rejection in facts.rejected
            if rejection.dataset in datasets
            and (months is None or rejection.month in {f"{wanted:%Y-%m}" for wanted in months})
        ],
        known_issues=issues(datasets, forces, today),
    )
    return fresh(answer, tag)


@get("/api/v1/coverage/proof", summary="Proof of a month: received = stored + explained", tags=["coverage"])
async def get_proof(
    request: AnyRequest,
    store: NamedDependency[Store],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
) -> Response[Proof]:
    """What became of every record that was received for one month of one dataset."""
    name, asked = read_dataset(dataset), read_month(month)
    async with store.long_snapshot() as snapshot:
        facts = await snapshot.facts()
        among([asked], facts.months(name), name)
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        return fresh(await snapshot.proof(name, asked), snapshot.revision)
