"""API and archive of the same month, compared: counted here once more from JSON and CSV, in plain Python."""

import asyncio
import json
import lzma
from collections import Counter
from typing import Any
from uuid import uuid4

import asyncpg
import numpy as np
import pytest

from services.hexer.store import Store as Hexer
from services.loader.handlers import stage_page
from services.loader.sql_files import version_table
from services.loader.store import Store
from shared.errors import PermanentError, TransientError
from shared.events import MonthLoaded, MonthRejected, RollbackRequested
from shared.model import Dataset
from shared.reference import categories, forces, street_outcomes
from tests.archives import Files, archive_run, load_archive, made, real, rows_in
from tests.builders import CITY, RawRun, changed, crime, page, run_of, sample_file, sample_run
from tests.pipeline import (
    AREAS,
    MAX_PAGE_BYTES,
    counts,
    eventually,
    fingerprint,
    holding,
    loaded,
    row_of,
    waiting_for_a_lock,
)

SLUGS = {name: one.slug for one in categories() for name in one.csv_names}
NAMES = {force.csv_name: force.id for force in forces()}
OUTCOMES = {name: one.code for one in street_outcomes() for name in one.names}
FOUND = """
SELECT
    r.slug AS recorded_by, a.slug AS police_area, n.equal, n.other_outcome, n.api_unlocated, n.api_otherwise,
    n.archive_unlocated, n.archive_outside, n.archive_otherwise
FROM reconciliation_count AS n
LEFT JOIN force AS r ON r.id = n.recorded_by
LEFT JOIN force AS a ON a.id = n.police_area
WHERE n.reconciliation_id = (SELECT max(id) FROM reconciliation)
"""
KINDS = (
    "equal", "other_outcome", "api_unlocated", "api_otherwise", "archive_unlocated", "archive_outside",
    "archive_otherwise",
)  # fmt: skip
RECORDERS = """
SELECT encode(t.persistent_id, 'hex'), f.slug, count(*)
FROM {table} AS t
JOIN snap_point AS p ON p.id = t.snap_point_id
LEFT JOIN recorded_elsewhere AS e
    ON e.version_id = t.version_id AND e.content_hash = t.content_hash AND e.ordinal = t.ordinal
LEFT JOIN force AS f ON f.id = CASE
    WHEN e.version_id IS NOT NULL THEN e.force_id
    WHEN p.location_type = 'BTP' THEN (SELECT id FROM force WHERE slug = 'btp')
    ELSE p.force_id
END
GROUP BY 1, 2
"""
NOTHING = dict.fromkeys(KINDS, 0)


async def compared(store: Store, files: Files, forces: tuple[str, ...] | None = None) -> MonthLoaded:
    """An archive's month, beside the API's."""
    result = await load_archive(store, archive_run(files, forces))
    assert isinstance(result, MonthLoaded), result
    assert not result.changed
    return result


async def found(pool: asyncpg.Pool) -> dict[tuple[str | None, str | None], dict[str, int]]:
    """The newest reconciliation: counts by recording force and police area."""
    rows = await pool.fetch(FOUND)
    return {(row[0], row[1]): {kind: row[kind] for kind in KINDS} for row in rows}


def sums(lines: dict[Any, dict[str, int]]) -> dict[str, int]:
    """All lines together, without what there is nothing of."""
    total = {kind: sum(line[kind] for line in lines.values()) for kind in KINDS}
    return {kind: number for kind, number in total.items() if number}


def area_of(lat: str, lon: str) -> str | None:
    [force] = AREAS.assign(np.array([float(lon)]), np.array([float(lat)]))
    return force or None


def api_keys(run: RawRun) -> Counter[tuple[Any, ...]]:
    """The records of a run by what both sources publish; those of overlapping tiles once."""
    by_id = {record["id"]: (record, one.force) for one in run.pages for record in json.loads(one.body)}
    return Counter(api_key(record, force) for record, force in by_id.values())


def api_key(record: dict[str, Any], force: str | None) -> tuple[Any, ...]:
    place, status = record["location"], record["outcome_status"]
    where = (
        (float(place["longitude"]), float(place["latitude"]), place["street"]["name"].lower())
        if place
        else (None, None, force)
    )
    return (
        record["category"], *where, OUTCOMES[status["category"]] if status else None, record["persistent_id"]
    )  # fmt: skip


def csv_key(row: dict[str, str]) -> tuple[Any, ...]:
    where = (
        (float(row["Longitude"]), float(row["Latitude"]), row["Location"].lower())
        if row["Longitude"]
        else (None, None, row["force"])
    )
    outcome = row["Last outcome category"]
    return (SLUGS[row["Crime type"]], *where, OUTCOMES[outcome] if outcome else None, row["Crime ID"])


OF = (CITY, "kent", "btp")


async def test_api_and_archive_of_a_real_month_are_equal_record_for_record(
    store: Store, pool: asyncpg.Pool
) -> None:
    run, files = sample_run(forces=OF), real("2018-10", Dataset.STREET, *OF)
    rows = rows_in(files)
    assert api_keys(run) == Counter(map(csv_key, rows))
    seen = await loaded(store, run)
    result = await compared(store, files)
    assert (result.version, result.records) == (seen.version, seen.records)
    lines = await found(pool)
    assert sums(lines) == {"equal": len(rows)}
    recorded: Counter[str] = Counter()
    for (recorder, _), line in lines.items():
        recorded[str(recorder)] += line["equal"]
    assert recorded == Counter(NAMES[row["Reported by"]] for row in rows)
    elsewhere = Counter(
        (row["force"], area_of(row["Latitude"], row["Longitude"]))
        for row in rows
        if row["Longitude"] and row["force"] not in ("btp", area_of(row["Latitude"], row["Longitude"]))
    )
    assert elsewhere
    assert {key: line["equal"] for key, line in lines.items() if key[0] != key[1]} == elsewhere


async def test_the_versions_of_the_api_gain_who_recorded(store: Store, pool: asyncpg.Pool) -> None:
    files = real("2018-10", Dataset.STREET, *OF)
    seen = await loaded(store, sample_run(forces=OF))
    await compared(store, files)
    rows = await pool.fetch(RECORDERS.format(table=version_table(Dataset.STREET, seen.version)))
    expected = Counter((row["Crime ID"], row["force"]) for row in rows_in(files))
    assert {(row[0], row[1]): row[2] for row in rows} == expected


@pytest.mark.parametrize(("month", "expected"), [("2018-10", 1), ("2018-11", 2), ("2018-12", 4)])
async def test_the_republished_city_of_london_has_other_outcomes(
    store: Store, pool: asyncpg.Pool, month: str, expected: int
) -> None:
    run = sample_run(month=month)
    [name] = real(month, Dataset.STREET, CITY)
    files = {name: republished(month)}
    await loaded(store, run)
    await compared(store, files)
    lines = await found(pool)
    rows = rows_in(files)
    assert (Counter(map(csv_key, rows)) - api_keys(run)).total() == expected
    assert sums(lines) == {"equal": len(rows) - expected, "other_outcome": expected}


def republished(month: str) -> bytes:
    return lzma.decompress(sample_file(month, "street", CITY, republished=True).read_bytes())


@pytest.mark.parametrize("month", ["2022-01"])
@pytest.mark.parametrize("dataset", [Dataset.OUTCOMES, Dataset.STOPS])
async def test_outcomes_and_stops_are_compared_too(
    store: Store, pool: asyncpg.Pool, month: str, dataset: Dataset
) -> None:
    of = ("thames-valley",)
    files = real(month, dataset, *of)
    rows = rows_in(files)
    seen = await loaded(store, sample_run(dataset, month, of))
    result = await compared(store, files)
    assert result.version == seen.version
    unlocated = sum(not row["Longitude"] for row in rows) if dataset is Dataset.OUTCOMES else 0
    found_sums = sums(await found(pool))
    assert found_sums.pop("equal") == len(rows) - unlocated
    # Outcomes are asked for by area: without a location they are in the archive only.
    assert found_sums == ({"archive_unlocated": unlocated} if unlocated else {})


async def test_stops_of_the_metropolitan_police_are_equal_though_the_archive_leaves_blank_what_is_false(
    store: Store, pool: asyncpg.Pool
) -> None:
    of = (CITY, "metropolitan")
    files = real("2018-10", Dataset.STOPS, *of)
    await loaded(store, sample_run(Dataset.STOPS, forces=of))
    await compared(store, files)
    assert sums(await found(pool)) == {"equal": len(rows_in(files))}


STREET_ID, OTHER_ID = "ab" * 32, "cd" * 32
NAME = "On or near Pedestrian Subway"
POINT = ("-0.200000", "51.500000")
IN_KENT = ("0.522198", "51.272212")


def crime_row(
    crime_id: str,
    *,
    where: tuple[str, str] | None = POINT,
    name: str = NAME,
    kind: str = "Bicycle theft",
    outcome: str = "Under investigation",
    by: str = "City of London Police",
) -> tuple[str, ...]:
    """A row of an archive's street file."""
    lon, lat = where or ("", "")
    place = (lon, lat, name if where else "No Location")
    lsoa = ("E01000916", "Camden 027B") if where == POINT else ("", "")
    return (crime_id, "2018-10", by, by, *place, *lsoa, kind, outcome, "")


def api_crime(number: int, **changes: Any) -> dict[str, Any]:
    """A crime of the API at the same point."""
    location = {"longitude": POINT[0], "latitude": POINT[1], "street": {"id": 960522, "name": NAME}}
    return changed(crime(id=number, persistent_id=STREET_ID, location=location), changes)


ASB = {"category": "anti-social-behaviour", "persistent_id": "", "outcome_status": None}
NOWHERE = {"location": None, "location_type": None}


async def test_what_is_on_one_side_only_is_counted_by_why(store: Store, pool: asyncpg.Pool) -> None:
    """The point lies in the area of the Metropolitan Police."""
    warned, penalty = {"category": "Local resolution", "date": "2018-11"}, "Offender given a penalty notice"
    located = page(
        *(api_crime(number, **ASB) for number in (1, 2, 3)),  # three twins, the archive has two
        api_crime(4, outcome_status=warned),
        api_crime(5, persistent_id=OTHER_ID, outcome_status={"category": penalty, "date": "2018-11"}),
        api_crime(6, persistent_id="", outcome_status=warned),  # without an id it is not the same as any
    )
    unlocated = page(api_crime(7, **NOWHERE, persistent_id="11" * 32), slice_id="u", force=CITY)
    asb = crime_row("", kind="Anti-social behaviour", outcome="")
    rows = [
        asb,
        asb,
        crime_row(STREET_ID),
        crime_row(OTHER_ID, name=NAME.upper(), outcome="Offender given penalty notice"),
        crime_row(""),
        crime_row("22" * 32, where=None),
        crime_row("33" * 32, where=IN_KENT),
        crime_row("44" * 32, where=IN_KENT, by="Kent Police"),
    ]
    seen = await loaded(store, run_of(Dataset.STREET, located, unlocated))
    await compared(store, {f"2018-10/2018-10-{CITY}-street.csv": made(Dataset.STREET, *rows)})
    assert await found(pool) == {
        (CITY, "metropolitan"): {**NOTHING, "equal": 3, "other_outcome": 1, "archive_outside": 1},
        (CITY, CITY): {**NOTHING, "archive_unlocated": 1},
        (CITY, "kent"): {**NOTHING, "archive_outside": 1},
        ("kent", "kent"): {**NOTHING, "archive_otherwise": 1},
        (None, "metropolitan"): {**NOTHING, "api_otherwise": 2},
        (None, CITY): {**NOTHING, "api_unlocated": 1},
    }
    # Of the twins two are known, and it does not matter which; what no archive has stays unknown.
    told = await pool.fetch(RECORDERS.format(table=version_table(Dataset.STREET, seen.version)))
    assert {(row[0], row[1]): row[2] for row in told} == {
        ("", CITY): 2,
        ("", None): 2,
        (STREET_ID, CITY): 1,
        (OTHER_ID, CITY): 1,
        ("11" * 32, None): 1,
    }


async def test_other_forces_than_were_asked_for_are_not_missed(store: Store, pool: asyncpg.Pool) -> None:
    await loaded(store, sample_run(forces=(CITY, "kent")))
    files = real("2018-10", Dataset.STREET, "kent")
    run = archive_run(files, ("kent",))
    await pool.execute(
        "INSERT INTO run (id, order_id, dataset, month, forces, source, accept_loss, state) "
        "VALUES ($1, $1, 'street', $2, '{kent}', 'archive', false, 'fetched')",
        run.id, run.month,
    )  # fmt: skip
    assert isinstance(await load_archive(store, run), MonthLoaded)
    assert sums(await found(pool)) == {"equal": len(rows_in(files))}


async def test_another_archive_adds_what_it_knows_to_what_is_known(store: Store, pool: asyncpg.Pool) -> None:
    seen = await loaded(store, sample_run(forces=(CITY, "kent")))
    for force in (CITY, "kent"):
        await compared(store, real("2018-10", Dataset.STREET, force), (force,))
    rows = await pool.fetch(RECORDERS.format(table=version_table(Dataset.STREET, seen.version)))
    told: Counter[str | None] = Counter()
    for row in rows:
        told[row[1]] += row[2]
    expected = Counter(row["force"] for row in rows_in(real("2018-10", Dataset.STREET, CITY, "kent")))
    assert told == expected
    # An archive's version keeps what the one before had of other forces.
    assert sums(await found(pool)) == {"equal": expected.total()}


async def test_the_same_archive_again_changes_nothing(store: Store, pool: asyncpg.Pool) -> None:
    files = real("2018-10", Dataset.STREET, CITY)
    seen = await loaded(store, sample_run())
    state = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} AS t"
    tables = ("version", "reconciliation", "reconciliation_count", "recorded_elsewhere", "current_version")
    states = []
    for _ in range(2):
        run = archive_run(files)
        assert isinstance(await load_archive(store, run), MonthLoaded)
        told = await store.load(run.manifest, patient=False)  # the message may come twice
        assert isinstance(told, MonthLoaded)
        assert (told.version, told.changed) == (seen.version, False)
        states.append([await pool.fetchval(state.format(table)) for table in tables])
    assert states[0] == states[1]
    verdicts = await pool.fetch("SELECT verdict, version_id FROM verdict ORDER BY decided_at")
    assert [tuple(row) for row in verdicts] == [
        ("loaded", seen.version), ("reconciled", seen.version), ("reconciled", seen.version),
    ]  # fmt: skip
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'street_crime'::regclass"
    assert await pool.fetchval(partitions) == 2


async def test_the_map_needs_nothing_new(store: Store, pool: asyncpg.Pool) -> None:
    seen = await loaded(store, sample_run())
    await Hexer(pool).rebuild(Dataset.STREET, seen.month)
    grid, models = await row_of(pool, "SELECT * FROM grid"), await fingerprint(pool, Dataset.STREET)
    await compared(store, real("2018-10", Dataset.STREET, CITY))
    rebuilt = await Hexer(pool).rebuild(Dataset.STREET, seen.month)
    assert rebuilt is not None
    assert await row_of(pool, "SELECT * FROM grid") == grid
    assert await fingerprint(pool, Dataset.STREET) == models


async def test_what_the_api_brings_after_an_archive_is_compared_with_it_release_after_release(
    store: Store, pool: asyncpg.Pool
) -> None:
    first = await load_archive(store, archive_run(real("2018-10", Dataset.STREET, CITY)))
    assert isinstance(first, MonthLoaded)
    versions = [(await loaded(store, sample_run(revised=bool(n % 2)))).version for n in range(3)]
    pairs = await pool.fetch("SELECT api_version_id, archive_version_id FROM reconciliation ORDER BY id")
    assert [tuple(row) for row in pairs] == [(version, first.version) for version in versions]
    records = len(rows_in(real("2018-10", Dataset.STREET, CITY)))
    other = await counts(
        pool, "SELECT reconciliation_id, sum(other_outcome) FROM reconciliation_count GROUP BY 1"
    )
    assert [other[key] for key in sorted(other)] == [0, 1, 0]
    assert sums(await found(pool)) == {"equal": records}
    # The archive's table stays beside the newest replaced one, and a new archive takes its place.
    assert await kept(pool) == [first.version, *versions[1:]]
    [name] = real("2018-10", Dataset.STREET, CITY)
    await compared(store, {name: republished("2018-10")})
    assert sums(await found(pool)) == {"equal": records - 1, "other_outcome": 1}
    newest = await pool.fetchval("SELECT max(id) FROM version")
    assert await kept(pool) == [*versions[1:], newest]


async def kept(pool: asyncpg.Pool) -> list[int]:
    """The versions that have their records."""
    rows = await pool.fetch(
        "SELECT id FROM version WHERE to_regclass('street_crime_v' || id) IS NOT NULL ORDER BY id"
    )
    return [row["id"] for row in rows]


async def test_what_was_only_compared_is_nothing_to_go_back_to(store: Store, pool: asyncpg.Pool) -> None:
    seen = await loaded(store, sample_run())
    await compared(store, real("2018-10", Dataset.STREET, CITY))
    order = RollbackRequested(
        order_id=uuid4(), dataset=Dataset.STREET, month=seen.month, version=seen.version + 1, reason="a test"
    )
    with pytest.raises(PermanentError, match=f"kept are {seen.version}$"):
        await store.roll_back(order)


@pytest.mark.parametrize("where", ["version", "reconciliation", "reconciliation_count", "verdict"])
async def test_a_connection_lost_anywhere_leaves_nothing_and_the_next_try_compares(
    store: Store, pool: asyncpg.Pool, where: str
) -> None:
    seen = await loaded(store, sample_run())
    files = real("2018-10", Dataset.STREET, CITY)
    run = archive_run(files)
    for one, body in run.pages:
        await stage_page(store, one, body, MAX_PAGE_BYTES)
    async with holding(pool, f"LOCK TABLE {where} IN SHARE MODE"):
        comparing = asyncio.create_task(store.load(run.manifest, patient=True))
        [backend] = await eventually(lambda: waiting_for_a_lock(pool), "a comparison that waits")
        await pool.execute("SELECT pg_terminate_backend($1)", backend)
        with pytest.raises(TransientError, match="connection"):
            await comparing
    assert await pool.fetchval("SELECT count(*) FROM version") == 1
    assert await kept(pool) == [seen.version]
    result = await store.load(run.manifest, patient=True)
    assert isinstance(result, MonthLoaded)
    assert (result.version, result.changed) == (seen.version, False)
    assert sums(await found(pool)) == {"equal": len(rows_in(files))}
    assert await pool.fetchval("SELECT count(*) FROM reconciliation") == 1


async def test_an_archive_that_the_gate_refuses_leaves_nothing(store: Store, pool: asyncpg.Pool) -> None:
    seen = await loaded(store, sample_run())
    empty = archive_run({f"2018-10/2018-10-{CITY}-street.csv": made(Dataset.STREET)})
    assert isinstance(await load_archive(store, empty), MonthRejected)
    assert await pool.fetchval("SELECT count(*) FROM reconciliation") == 0
    assert await kept(pool) == [seen.version]
