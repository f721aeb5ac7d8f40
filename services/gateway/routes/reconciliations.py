"""What the API and the archive say of the same months."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.parameters import read_words
from services.gateway.reconciliations import (
    NOTES,
    ComparedLine,
    Reconciliation,
    ReconciliationList,
    reconciliation_of,
)
from services.gateway.routes.answers import AnyRequest, fresh, is_current, next_page, not_modified
from services.gateway.routes.ledgers import Wanted, versions_of
from services.gateway.store import Snapshot, Store, month_of, sql


@get(
    "/api/v1/reconciliations",
    summary="What the source's API and its archive say of the same months",
    tags=["coverage"],
)
async def get_reconciliations(
    request: AnyRequest,
    store: NamedDependency[Store],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    limit: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
) -> Response[ReconciliationList]:
    """Each month that came from both, compared record by record: how many are equal, how many are on one side
    only and why, by the force that recorded them and the police area of the place.

    `force` takes slugs with commas and leaves the lines of these, which the sums are made of. `before` is the
    id of the last month of the page before; `limit` is at most 100.
    """
    wanted = Wanted.read(dataset, month, limit, before)
    async with store.snapshot() as snapshot:
        facts = await snapshot.facts()
        forces = read_words("force", force, [known.slug for known in facts.forces])
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        found, last = await read_reconciliations(snapshot, wanted, forces)
    answer = ReconciliationList(
        revision=facts.revision,
        data_version=versions_of(facts, ((one.dataset, one.month) for one in found)),
        filters=wanted.filters(forces),
        reconciliations=found,
        notes=NOTES,
        next=None if last is None else next_page(request, "before", last),
    )
    return fresh(answer, facts.revision)


async def read_reconciliations(
    snapshot: Snapshot, wanted: Wanted, forces: list[str] | None
) -> tuple[list[Reconciliation], int | None]:
    """A page of comparisons, and the id after which the next one begins."""
    facts = await snapshot.facts()
    rows, last = await wanted.rows(snapshot, "select_reconciliations", forces)
    lines = await lines_of(snapshot, [row["id"] for row in rows], forces)
    found = [
        reconciliation_of(
            dict(row),
            lines.get(row["id"], []),
            facts.loaded[month_of(row)].version if month_of(row) in facts.loaded else None,
        )
        for row in rows
    ]
    return found, last


async def lines_of(
    snapshot: Snapshot, ids: list[int], forces: list[str] | None
) -> dict[int, list[ComparedLine]]:
    """The lines of comparisons by their ids."""
    found: dict[int, list[ComparedLine]] = {}
    for row in await snapshot.connection.fetch(sql("select_reconciliation_counts"), ids, forces):
        fields = {name: value for name, value in row.items() if name != "reconciliation_id"}
        found.setdefault(row["reconciliation_id"], []).append(ComparedLine(**fields))
    return found
