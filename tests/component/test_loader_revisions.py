"""The ledger of revisions, and months that are taken back to an earlier version."""

from collections import Counter
from itertools import pairwise
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.hexer.store import Store as Hexer
from services.loader.sql_files import version_table
from services.loader.store import Store
from shared.errors import PermanentError
from shared.events import RollbackRequested
from shared.model import Dataset
from shared.reference import categories
from tests.builders import changed, crime, csv_rows, outcome, page, run_of, sample_run, stop
from tests.pipeline import checksum, loaded

SLUGS = {name: category.slug for category in categories() for name in category.csv_names}
LEDGER = """
SELECT r.kind, r.is_compared, f.slug, l.value, n.added, n.removed, n.outcome_changed, n.otherwise_changed
FROM revision AS r
LEFT JOIN revision_count AS n ON n.revision_id = r.id
LEFT JOIN force AS f ON f.id = n.force_id
LEFT JOIN label AS l ON l.id = n.category_id
ORDER BY r.id, f.slug, l.value
"""
Line = tuple[str, bool, str | None, str | None, int, int, int, int]


async def ledger(pool: asyncpg.Pool) -> list[Line]:
    return [tuple(row) for row in await pool.fetch(LEDGER)]


@pytest.mark.parametrize(("month", "expected"), [("2018-10", 1), ("2018-11", 2), ("2018-12", 4)])
async def test_the_republished_city_of_london_differs_in_the_outcomes_that_its_files_differ_in(
    store: Store, pool: asyncpg.Pool, month: str, expected: int
) -> None:
    old, new = (
        Counter(tuple(row.items()) for row in csv_rows(month=month, republished=republished))
        for republished in (False, True)
    )
    differing = Counter(SLUGS[dict(row)["Crime type"]] for row in (new - old).elements())
    assert differing.total() == expected
    await loaded(store, sample_run(month=month))
    assert await ledger(pool) == []
    await loaded(store, sample_run(month=month, revised=True))
    lines = await ledger(pool)
    assert {line[3]: line[6] for line in lines} == differing
    assert {line[:3] for line in lines} == {("release", True, "city-of-london")}
    assert {(line[4], line[5], line[7]) for line in lines} == {(0, 0, 0)}


async def test_what_was_added_removed_and_changed_is_told_apart(store: Store, pool: asyncpg.Pool) -> None:
    decided = {"category": "Local resolution", "date": "2018-12"}
    same, twin = crime(), crime(id=2)
    theft = crime(id=3, category="other-theft", persistent_id="ab" * 32)
    robbery = crime(id=4, category="robbery", persistent_id="cd" * 32)
    await loaded(store, run_of(Dataset.STREET, page(same, twin, theft, robbery)))
    await loaded(
        store,
        run_of(
            Dataset.STREET,
            page(
                same,
                changed(theft, {"outcome_status": decided}),
                changed(robbery, {"context": "moved"}),
                crime(id=5, category="drugs", persistent_id="ef" * 32),
            ),
        ),
    )
    assert {line[3]: line[4:] for line in await ledger(pool)} == {
        same["category"]: (0, 1, 0, 0),
        "other-theft": (0, 0, 1, 0),
        "robbery": (0, 0, 0, 1),
        "drugs": (1, 0, 0, 0),
    }


async def test_what_crossed_a_category_is_gone_from_one_and_new_in_the_other(
    store: Store, pool: asyncpg.Pool
) -> None:
    theft = crime(category="other-theft", persistent_id="ab" * 32)
    await loaded(store, run_of(Dataset.STREET, page(theft)))
    await loaded(store, run_of(Dataset.STREET, page(changed(theft, {"category": "robbery"}))))
    assert {line[3]: line[4:] for line in await ledger(pool)} == {
        "other-theft": (0, 1, 0, 0),
        "robbery": (1, 0, 0, 0),
    }


async def test_stops_and_outcomes_have_a_ledger_too(store: Store, pool: asyncpg.Pool) -> None:
    first, second = stop(), stop(datetime="2018-10-06T10:00:00+00:00")
    nothing = {"outcome": "", "outcome_object": {"id": "", "name": ""}}
    await loaded(store, run_of(Dataset.STOPS, page(first, first, second, force="city-of-london")))
    changed_stops = page(first, changed(second, nothing), force="city-of-london")
    await loaded(store, run_of(Dataset.STOPS, changed_stops), accept_loss=True)
    [line] = await ledger(pool)
    assert line[2:] == ("city-of-london", first["object_of_search"], 0, 1, 1, 0)
    await pool.execute("DELETE FROM revision")
    one = outcome()
    charged = {"code": "charged", "name": "Suspect charged"}
    await loaded(store, run_of(Dataset.OUTCOMES, page(one)))
    await loaded(store, run_of(Dataset.OUTCOMES, page(changed(one, {"category": charged}), one)))
    [line] = await ledger(pool)
    assert line[4:] == (1, 0, 0, 0)


async def test_a_month_that_did_not_change_leaves_no_line(store: Store, pool: asyncpg.Pool) -> None:
    await loaded(store, sample_run())
    assert not (await loaded(store, sample_run())).changed
    assert await ledger(pool) == []


def rollback_to(version: int, order: UUID | None = None) -> RollbackRequested:
    return RollbackRequested(
        order_id=order or uuid4(), dataset=Dataset.STREET, month=sample_run().month, version=version,
        reason="a test",
    )  # fmt: skip


async def test_a_month_taken_back_is_what_it_was_with_its_map_and_its_line(
    store: Store, pool: asyncpg.Pool
) -> None:
    first = await loaded(store, sample_run())
    old = await checksum(pool)
    await Hexer(pool).rebuild(Dataset.STREET, first.month)
    await loaded(store, sample_run(revised=True))
    await Hexer(pool).rebuild(Dataset.STREET, first.month)
    assert await checksum(pool) != old
    order = uuid4()
    for _ in range(2):  # the message may come twice
        event = await store.roll_back(rollback_to(first.version, order))
        assert (event.version, event.changed, event.records) == (first.version, True, first.records)
    assert await checksum(pool) == old
    rebuilt = await Hexer(pool).rebuild(Dataset.STREET, first.month)
    assert rebuilt is not None
    assert rebuilt.version == first.version
    released, rolled_back = await ledger(pool)
    assert rolled_back == ("rolled_back", *released[1:])
    again = await loaded(store, sample_run(revised=True))
    assert again.changed
    assert len(await ledger(pool)) == 3


async def test_a_version_that_readers_never_saw_is_not_gone_back_to(store: Store, pool: asyncpg.Pool) -> None:
    first = await loaded(store, sample_run())
    second = await loaded(store, sample_run(revised=True))
    # As a crash between building and showing leaves it, or one that was only compared.
    await pool.execute("DELETE FROM verdict WHERE version_id = $1", first.version)
    with pytest.raises(PermanentError, match=f"kept are {second.version}$"):
        await store.roll_back(rollback_to(first.version))


async def test_versions_without_records_are_refused_with_those_that_have_some(
    store: Store, pool: asyncpg.Pool
) -> None:
    versions = [(await loaded(store, sample_run(revised=bool(n % 2)))).version for n in range(3)]
    # One replaced version is kept besides the present one.
    assert await pool.fetchval("SELECT to_regclass($1)", version_table(Dataset.STREET, versions[0])) is None
    kept = f"kept are {versions[2]}, {versions[1]}"
    for version in (versions[0], 10**6):
        with pytest.raises(PermanentError, match=kept):
            await store.roll_back(rollback_to(version))
    assert await pool.fetchval("SELECT version_id FROM current_version") == versions[2]
    for old, new in pairwise(versions):
        assert (
            await pool.fetchval(
                "SELECT count(*) FROM revision WHERE version_id = $1 AND replaced_id = $2", new, old
            )
            == 1
        )
