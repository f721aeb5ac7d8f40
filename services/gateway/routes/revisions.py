"""What the publisher changed in months that were published before."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.parameters import read_words
from services.gateway.revisions import NOTES, Difference, Revision, RevisionList, revision_of
from services.gateway.routes.answers import AnyRequest, fresh, is_current, next_page, not_modified
from services.gateway.routes.ledgers import Wanted, versions_of
from services.gateway.store import CATEGORY_KIND, Snapshot, Store, sql
from services.gateway.vocabulary import Vocabulary


@get("/api/v1/revisions", summary="What was changed in months that were published before", tags=["coverage"])
async def get_revisions(
    request: AnyRequest,
    store: NamedDependency[Store],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    force: FromQuery[str | None] = None,
    limit: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
) -> Response[RevisionList]:
    """Every replaced version with what differs: records added, removed, with another outcome, by force and
    category; the newest first.

    `force` takes slugs with commas and leaves the differences of these. `before` is the id of the last
    revision of the page before; `limit` is at most 100.
    """
    wanted = Wanted.read(dataset, month, limit, before)
    async with store.snapshot() as snapshot:
        facts = await snapshot.facts()
        forces = read_words("force", force, [known.slug for known in facts.forces])
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        found, last = await read_revisions(snapshot, wanted, forces)
    answer = RevisionList(
        revision=facts.revision,
        data_version=versions_of(facts, ((one.dataset, one.month) for one in found)),
        filters=wanted.filters(forces),
        revisions=found,
        notes=NOTES,
        next=None if last is None else next_page(request, "before", last),
    )
    return fresh(answer, facts.revision)


async def read_revisions(
    snapshot: Snapshot, wanted: Wanted, forces: list[str] | None
) -> tuple[list[Revision], int | None]:
    """A page of the ledger, and the id after which the next one begins."""
    words = await snapshot.vocabulary()
    rows, last = await wanted.rows(snapshot, "select_revisions", forces)
    counts = await differences(snapshot, words, [row["id"] for row in rows], forces)
    return [revision_of(dict(row), counts.get(row["id"], [])) for row in rows], last


async def differences(
    snapshot: Snapshot, words: Vocabulary, ids: list[int], forces: list[str] | None
) -> dict[int, list[Difference]]:
    """What differs, by revision."""
    # Numbers of words are of one kind only.
    slugs = {
        number: slug for kind in CATEGORY_KIND.values() for number, slug in words.slugs.get(kind, {}).items()
    }
    found: dict[int, list[Difference]] = {}
    for row in await snapshot.connection.fetch(sql("select_revision_counts"), ids, forces):
        fields = {name: value for name, value in row.items() if name not in ("revision_id", "category_id")}
        found.setdefault(row["revision_id"], []).append(
            Difference(category=slugs[row["category_id"]], **fields)
        )
    return found
