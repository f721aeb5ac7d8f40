"""What the publisher changed in months that were published before."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.coverage import Facts
from services.gateway.errors import ParameterError
from services.gateway.parameters import read_dataset, read_months, read_words
from services.gateway.revisions import NOTES, Difference, RevisionFilters, RevisionList, revision_of
from services.gateway.routes.answers import AnyRequest, fresh, is_current, not_modified
from services.gateway.store import CATEGORY_KIND, Snapshot, Store, sql
from services.gateway.vocabulary import Vocabulary
from shared.model import Dataset, format_month, parse_month

PAGE, MOST = 20, 100


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
    most = PAGE if limit is None else read_count("limit", limit, MOST)
    last = None if before is None else read_count("before", before, 2**31 - 1)
    datasets = None if dataset is None else [str(read_dataset(dataset))]
    months = None if month is None else read_months(month)
    async with store.snapshot() as snapshot:
        facts, words = await snapshot.facts(), await snapshot.vocabulary()
        forces = read_words("force", force, [known.slug for known in facts.forces])
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        rows = await snapshot.connection.fetch(
            sql("select_revisions"), datasets, months, last, forces, most + 1
        )
        shown = rows[:most]
        counts = await differences(snapshot, words, [row["id"] for row in shown], forces)
    found = [revision_of(dict(row), counts.get(row["id"], [])) for row in shown]
    answer = RevisionList(
        revision=facts.revision,
        data_version=versions_of(facts, ((one.dataset, one.month) for one in found)),
        filters=RevisionFilters(
            datasets, None if months is None else [format_month(one) for one in months], forces
        ),
        revisions=found,
        notes=NOTES,
        next=next_page(request, found[-1].id) if len(rows) > len(shown) else None,
    )
    return fresh(answer, facts.revision)


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


def versions_of(facts: Facts, months: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """The present versions of months, given as (dataset, month)."""
    found: dict[str, dict[str, int]] = {}
    for dataset, month in months:
        loaded = facts.loaded.get((Dataset(dataset), parse_month(month)))
        if loaded:
            found.setdefault(dataset, {})[month] = loaded.version
    return found


def read_count(name: str, text: str, most: int) -> int:
    """A whole number from 1 on."""
    if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= most:
        raise ParameterError(name, f"'{text[:40]}' is not a number from 1 to {most}")
    return int(text)


def next_page(request: AnyRequest, last: int) -> str:
    """The address of the page after a revision."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "before"]
    return f"{request.url.path}?{urlencode([*query, ('before', last)])}"
