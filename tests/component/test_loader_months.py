"""What a loaded month holds, checked against plain counts of the archive's CSV rows."""

import json
from collections import Counter

import asyncpg
import pytest

from services.loader import readers
from services.loader.sql_files import staged_table, version_table
from services.loader.store import Store
from shared.events import MonthLoaded
from shared.model import Dataset
from shared.reference import categories
from tests.builders import (
    CITY,
    changed,
    crime,
    csv_rows,
    outcome,
    page,
    run_of,
    sample_run,
)
from tests.pipeline import (
    Reader,
    assert_proof_holds,
    checksum,
    counts,
    loaded,
    loader_store,
    stage,
)

SLUGS = {name: category.slug for category in categories() for name in category.csv_names}
API_NAMES = {"Offender given penalty notice": "Offender given a penalty notice"}
"""The one outcome that the archive calls otherwise."""
NEIGHBOURS = (CITY, "surrey", "btp")
PER_CATEGORY = """
SELECT l.value, count(*)
FROM street_crime AS c
JOIN label AS l ON l.id = c.category_id
JOIN current_version AS v ON v.version_id = c.version_id
GROUP BY l.value
"""
TWINS = """
SELECT count(*) FILTER (WHERE ordinal > 0)
FROM {parent} AS r
JOIN current_version AS v ON v.version_id = r.version_id
"""
WHAT_READERS_SEE = """
SELECT v.id, v.stored, count(*), encode(v.checksum, 'hex'), encode(sha256(string_agg(
    r.content_hash || int2send(r.ordinal), ''::bytea ORDER BY r.content_hash, r.ordinal
)), 'hex')
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
LEFT JOIN street_crime AS r ON r.version_id = c.version_id
WHERE c.dataset = 'street' AND c.month = '2018-10-01'
GROUP BY v.id
"""


@pytest.mark.parametrize(("month", "forces"), [("2018-10", (CITY,)), ("2018-11", NEIGHBOURS)])
async def test_a_month_holds_what_the_archive_has_and_nothing_twice(
    store: Store, pool: asyncpg.Pool, month: str, forces: tuple[str, ...]
) -> None:
    run = sample_run(month=month, forces=forces)
    rows = csv_rows(month=month, forces=forces)
    # btp's unlocated crimes are not published anywhere: the sample has none.
    result = await loaded(store, run)
    assert (result.records, result.changed) == (len(rows), True)
    stored = await counts(pool, PER_CATEGORY)
    assert stored == Counter(SLUGS[row["Crime type"]] for row in rows)
    proof = await assert_proof_holds(pool, Dataset.STREET, run.month)
    assert run.received > len(rows)
    assert proof["duplicates"] == run.received - len(rows)
    assert proof["stored"] == len(rows)


async def test_twins_are_kept_and_numbered(store: Store, pool: asyncpg.Pool) -> None:
    await loaded(store, sample_run(month="2018-11", forces=NEIGHBOURS))
    # The same in every published field; who reported it is not published by the API, except that
    # the Transport Police's places are of a type of their own, and of unlocated crimes the force is known.
    alike = Counter(
        (
            row["Crime ID"], row["Longitude"], row["Latitude"], row["Location"].casefold(), row["Crime type"],
            row["Last outcome category"], row["force"] == "btp", row["Longitude"] or row["force"],
        )
        for row in csv_rows(month="2018-11", forces=NEIGHBOURS)
    )  # fmt: skip
    twins = sum(n - 1 for n in alike.values())
    assert twins > 1000
    assert await pool.fetchval(TWINS.format(parent="street_crime")) == twins
    numbered = await pool.fetch(
        "SELECT count(*) AS n, min(ordinal) AS low, max(ordinal) AS high, count(DISTINCT ordinal) AS kinds "
        "FROM street_crime GROUP BY content_hash"
    )
    assert sorted(row["n"] for row in numbered) == sorted(alike.values())
    assert all((row["low"], row["high"], row["kinds"]) == (0, row["n"] - 1, row["n"]) for row in numbered)


async def test_stops_of_two_forces_hold_what_the_archive_has(store: Store, pool: asyncpg.Pool) -> None:
    forces = (CITY, "metropolitan")
    rows = csv_rows(Dataset.STOPS, forces=forces)
    assert (await loaded(store, sample_run(Dataset.STOPS, forces=forces))).records == len(rows) == 12_782
    per_force = await counts(
        pool, "SELECT f.slug, count(*) FROM stop JOIN force AS f ON f.id = force_id GROUP BY 1"
    )
    assert per_force == Counter(row["force"] for row in rows)
    alike = Counter(tuple(row.values()) for row in rows)
    assert await pool.fetchval(TWINS.format(parent="stop")) == sum(n - 1 for n in alike.values()) > 0
    per_object = await counts(
        pool,
        "SELECT coalesce(l.value, ''), count(*) FROM stop JOIN label AS l ON l.id = category_id GROUP BY 1",
    )
    assert per_object == Counter(row["Object of search"] for row in rows)
    assert (await assert_proof_holds(pool, Dataset.STOPS))["duplicates"] == 0


async def test_outcomes_hold_what_the_archive_has(store: Store, pool: asyncpg.Pool) -> None:
    forces = ("thames-valley",)
    run = sample_run(Dataset.OUTCOMES, "2022-01", forces)
    # An outcome without a location is published nowhere in the API.
    rows = [row for row in csv_rows(Dataset.OUTCOMES, "2022-01", forces) if row["Longitude"]]
    assert (await loaded(store, run)).records == len(rows) > 14_000
    assert run.received > len(rows)
    per_outcome = await counts(
        pool, "SELECT l.value, count(*) FROM crime_outcome JOIN label AS l ON l.id = outcome_id GROUP BY 1"
    )
    assert per_outcome == Counter(API_NAMES.get(row["Outcome type"], row["Outcome type"]) for row in rows)
    await assert_proof_holds(pool, Dataset.OUTCOMES, run.month)


async def test_the_same_outcome_in_two_overlapping_tiles_is_one_and_twice_in_one_tile_is_two(
    store: Store, pool: asyncpg.Pool
) -> None:
    west = page(outcome(), outcome(), slice_id="t0")
    east = page(outcome(), outcome(), outcome(person_id=5), slice_id="t1")
    assert (await loaded(store, run_of(Dataset.OUTCOMES, west, east))).records == 3
    ordinals = await pool.fetch("SELECT ordinal FROM crime_outcome ORDER BY content_hash, ordinal")
    assert sorted(row["ordinal"] for row in ordinals) == [0, 0, 1]
    assert (await assert_proof_holds(pool, Dataset.OUTCOMES))["duplicates"] == 2


async def test_the_same_month_twice_changes_nothing(store: Store, pool: asyncpg.Pool) -> None:
    first = sample_run()
    before = await loaded(store, first)
    rows = await pool.fetch("SELECT * FROM street_crime ORDER BY content_hash, ordinal")
    again = await loaded(store, first.again())
    assert (again.changed, again.version, again.records) == (False, before.version, before.records)
    assert await pool.fetch("SELECT * FROM street_crime ORDER BY content_hash, ordinal") == rows
    assert await pool.fetchval("SELECT count(*) FROM version") == 1
    verdicts = await pool.fetch("SELECT verdict, version_id FROM verdict ORDER BY decided_at")
    assert [tuple(row) for row in verdicts] == [("loaded", before.version), ("unchanged", before.version)]


async def test_a_new_release_that_only_numbers_its_records_anew_changes_nothing(store: Store) -> None:
    run = sample_run(Dataset.STREET, "2019-01")
    before = await loaded(store, run)
    renumbered = sample_run(Dataset.STREET, "2019-01", tiles=5)
    pages = tuple(
        page(
            *(changed(record, {"id": record["id"] + 10**9}) for record in json.loads(one.body)),
            slice_id=one.slice_id,
            force=one.force,
        )
        for one in renumbered.pages
    )
    again = await loaded(store, run_of(Dataset.STREET, *pages, month=run.month))
    assert (again.changed, again.version) == (False, before.version)


async def test_an_event_delivered_again_is_only_answered_again(store: Store, pool: asyncpg.Pool) -> None:
    run = sample_run()
    first = await loaded(store, run)
    await stage(store, run)
    assert await store.load(run.manifest(), patient=True) == first
    assert await pool.fetchval("SELECT count(*) FROM staging.page") == 0
    assert await pool.fetchval("SELECT to_regclass($1)", staged_table(run.dataset, run.id)) is None


async def test_a_revised_month_replaces_the_old_one_while_a_reader_sees_only_the_one_or_the_other(
    store: Store, pool: asyncpg.Pool, database_url: str
) -> None:
    first, revised = sample_run(), sample_run(revised=True)
    old = await loaded(store, first)
    old_sum = await checksum(pool)
    versions = [old.version]
    async with Reader(database_url, WHAT_READERS_SEE) as reader:
        for run in (revised, first.again(), revised.again()):
            result = await loaded(store, run)
            assert result.changed
            versions.append(result.version)
            await reader.more()
    new_sum = await checksum(pool)
    assert len({*versions}) == 4
    assert new_sum != old_sum
    sums = {version: old_sum if n % 2 == 0 else new_sum for n, version in enumerate(versions)}
    rows = len(csv_rows())
    assert reader.answers == {
        ((version, rows, rows, digest.hex(), digest.hex()),) for version, digest in sums.items()
    }
    pairs = zip(csv_rows(), csv_rows(republished=True), strict=True)
    assert sum(old != new for old, new in pairs) == 1
    labels = await counts(
        pool,
        "SELECT l.value, count(*) FROM street_crime AS c JOIN label AS l ON l.id = c.outcome_id "
        "WHERE version_id = $1 GROUP BY 1",
        versions[-1],
    )
    assert labels == Counter(row["Last outcome category"] or None for row in csv_rows(republished=True))


async def test_street_names_in_another_letter_case_are_the_same_place_and_no_change(
    store: Store, pool: asyncpg.Pool
) -> None:
    location = crime()["location"]
    shouted = crime(
        location={**location, "street": {**location["street"], "name": "ON OR NEAR PEDESTRIAN SUBWAY"}}
    )
    first = await loaded(store, run_of(Dataset.STREET, page(crime(), crime(id=2))))
    again = await loaded(store, run_of(Dataset.STREET, page(shouted, changed(shouted, {"id": 2}))))
    assert (again.changed, again.version) == (False, first.version)
    assert await pool.fetchval("SELECT count(*) FROM snap_point") == 1


async def test_a_page_that_its_manifest_does_not_name_is_left_out(store: Store, pool: asyncpg.Pool) -> None:
    run = run_of(Dataset.STREET, page(crime()))
    await stage(store, run, *run.pages, page(crime(id=2), slice_id="split-later"))
    result = await store.load(run.manifest(), patient=False)
    assert isinstance(result, MonthLoaded)
    assert result.records == 1
    assert await pool.fetchval("SELECT count(*) FROM staging.page") == 0


async def test_replaced_versions_lose_their_records_and_keep_their_manifests(
    store: Store, pool: asyncpg.Pool
) -> None:
    runs = [run_of(Dataset.STREET, page(*(crime(id=n) for n in range(1, size + 1)))) for size in (1, 2, 3, 4)]
    versions = [(await loaded(store, run)).version for run in runs]
    tables = [
        await pool.fetchval("SELECT to_regclass($1)", version_table(Dataset.STREET, version)) is not None
        for version in versions
    ]
    assert tables == [False, False, True, True]  # one replaced version is kept
    manifests = await pool.fetch(
        "SELECT version_id, sum(n)::integer FROM version_count GROUP BY version_id ORDER BY version_id"
    )
    assert [tuple(row) for row in manifests] == list(zip(versions, (1, 2, 3, 4), strict=True))


async def test_a_replaced_version_that_a_reader_holds_is_dropped_another_time(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "PATIENCE", 0.1)
    store = loader_store(pool, keep_versions=0)
    runs = [run_of(Dataset.STREET, page(*(crime(id=n) for n in range(1, size + 1)))) for size in (1, 2, 3)]
    first = (await loaded(store, runs[0])).version
    async with pool.acquire() as reader, reader.transaction(isolation="repeatable_read"):
        assert await reader.fetchval("SELECT count(*) FROM street_crime") == 1
        second = (await loaded(store, runs[1])).version
        assert await reader.fetchval("SELECT count(*) FROM street_crime") == 1, "its own snapshot"
    assert await pool.fetchval("SELECT to_regclass($1)", version_table(Dataset.STREET, first)) is not None
    await loaded(store, runs[2])
    for version in (first, second):
        assert await pool.fetchval("SELECT to_regclass($1)", version_table(Dataset.STREET, version)) is None
