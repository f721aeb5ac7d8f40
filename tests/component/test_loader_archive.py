"""An archive's months in the loader: every row is found again, and each source keeps to its place."""

import asyncio
from collections import Counter
from datetime import datetime

import asyncpg
import numpy as np
import pytest

from services.loader import making
from services.loader.sql_files import version_table
from shared.archive import COLUMNS
from shared.errors import TransientError
from shared.events import MonthLoaded, MonthRejected
from shared.model import Dataset
from shared.reference import categories, forces, stop_outcomes, street_outcomes
from tests.archives import Files, archive_run, load_archive, made, real, rows_in, stage_archive
from tests.builders import sample_run
from tests.pipeline import (
    AREAS,
    assert_proof_holds,
    connected,
    eventually,
    holding,
    load,
    loaded,
    loader_store,
)

SLUGS = {name: one.slug for one in categories() for name in one.csv_names}
CODES = {name: one.code for one in street_outcomes() for name in one.names}
NAMES = {force.csv_name: force.id for force in forces()}
UNSOLVED = b"Investigation complete; no suspect identified"
RECORDER = """
LEFT JOIN recorded_elsewhere AS e
    ON e.version_id = r.version_id AND e.content_hash = r.content_hash AND e.ordinal = r.ordinal
LEFT JOIN force AS f
    ON f.id = coalesce(
        e.force_id,
        CASE WHEN p.location_type = 'BTP' THEN (SELECT id FROM force WHERE slug = 'btp') ELSE p.force_id END
    )
LEFT JOIN point_lsoa AS pl ON pl.lon_e6 = p.lon_e6 AND pl.lat_e6 = p.lat_e6 AND pl.vintage = 2011
LEFT JOIN lsoa AS l ON l.vintage = 2011 AND l.code = pl.code
"""
CRIME = f"""
SELECT
    encode(r.persistent_id, 'hex'), f.slug, p.lon_e6, p.lat_e6, lower(p.street_name), pl.code, l.name,
    category.value, outcome.value, outcome.code, p.location_type, r.extra
FROM {{table}} AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
JOIN label AS category ON category.id = r.category_id
JOIN label AS outcome ON outcome.id = r.outcome_id
{RECORDER}
"""
STOP = """
SELECT
    p.lon_e6, p.lat_e6, f.slug, r.happened_at, kind.value, gender.value, age.value, own.value, officer.value,
    law.value, object.value, outcome.value, outcome.code, r.operation, r.operation_name, r.outcome_linked,
    r.clothing_removed, r.extra
FROM {table} AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
JOIN force AS f ON f.id = r.force_id
JOIN label AS kind ON kind.id = r.type_id
JOIN label AS gender ON gender.id = r.gender_id
JOIN label AS age ON age.id = r.age_range_id
JOIN label AS own ON own.id = r.self_ethnicity_id
JOIN label AS officer ON officer.id = r.officer_ethnicity_id
JOIN label AS law ON law.id = r.legislation_id
JOIN label AS object ON object.id = r.category_id
JOIN label AS outcome ON outcome.id = r.outcome_id
"""

MANIFEST = """
WITH held AS (
    SELECT r.*, p.located, p.location_type, {force} AS area
    FROM {table} AS r JOIN snap_point AS p ON p.id = r.snap_point_id
),

counted AS (
    SELECT area, location_type, located, category_id, outcome_id, count(*)::integer AS n
    FROM held GROUP BY 1, 2, 3, 4, 5
)

SELECT
    v.checksum = sha256(
        string_agg(h.content_hash || int2send(h.ordinal), ''::bytea ORDER BY h.content_hash, h.ordinal)
    ) AS is_sum,
    array(
        SELECT (force_id, location_type, located, category_id, outcome_id, n)::text FROM version_count
        WHERE version_id = $1 ORDER BY 1
    ) = array(SELECT counted::text FROM counted ORDER BY 1) AS is_counted,
    count(*) = v.stored AS is_number
FROM held AS h
JOIN version AS v ON v.id = $1
GROUP BY v.id
"""
"""Whether a version's manifest is that of the records in its table."""


async def brought(pool: asyncpg.Pool, files: Files, forces: tuple[str, ...] | None = None) -> MonthLoaded:
    """The month of these files, loaded."""
    result = await load_archive(loader_store(pool), archive_run(files, forces))
    assert isinstance(result, MonthLoaded), result
    return result


async def stored(pool: asyncpg.Pool, dataset: Dataset, version: int) -> Counter[tuple[object, ...]]:
    """All published fields of the records of a version, by SQL."""
    statement = STOP if dataset is Dataset.STOPS else CRIME
    rows = await pool.fetch(statement.format(table=version_table(dataset, version)))
    return Counter(tuple(row) for row in rows)


def micro(text: str) -> int | None:
    """Decimal degrees in millionths, by their digits."""
    whole, _, part = text.removeprefix("-").partition(".")
    return int(whole + part.ljust(6, "0")) * (-1 if text.startswith("-") else 1) if text else None


def crime_in(row: dict[str, str]) -> tuple[object, ...]:
    """A crime's row as it should be stored."""
    outcome = row.get("Last outcome category", row.get("Outcome type")) or None
    code = CODES[str(outcome)] if "Outcome type" in row else ""
    if code:
        outcome = next(one.names[0] for one in street_outcomes() if one.code == code)
    return (
        row["Crime ID"],
        NAMES[row["Reported by"]],
        micro(row["Longitude"]),
        micro(row["Latitude"]),
        row["Location"].lower() if row["Longitude"] else None,
        row["LSOA code"] or None,
        row["LSOA name"] or None,
        SLUGS[row["Crime type"]] if "Crime type" in row else None,
        outcome,
        code,
        "BTP" if row["force"] == "btp" else None,
        "",
    )


def stop_in(row: dict[str, str]) -> tuple[object, ...]:
    """A stop's row as it should be stored."""
    flags = {"True": True, "False": False, "": None}
    ids = {one.raw: one.id or "" for one in stop_outcomes()}
    return (
        micro(row["Longitude"]),
        micro(row["Latitude"]),
        row["force"],
        datetime.fromisoformat(row["Date"]),
        row["Type"] or None,
        row["Gender"] or None,
        row["Age range"] or None,
        row["Self-defined ethnicity"] or None,
        row["Officer-defined ethnicity"] or None,
        row["Legislation"] or None,
        row["Object of search"] or None,
        row["Outcome"],
        ids[row["Outcome"]],
        flags[row["Part of a policing operation"]],
        row["Policing operation"] or None,
        flags[row["Outcome linked to object of search"]],
        flags[row["Removal of more than just outer clothing"]],
        "",
    )


@pytest.mark.parametrize(
    ("month", "dataset", "of"),
    [
        ("2018-10", Dataset.STREET, ("city-of-london", "kent", "btp")),
        ("2022-01", Dataset.STREET, ("thames-valley",)),
        ("2022-01", Dataset.OUTCOMES, ("thames-valley",)),
        ("2022-01", Dataset.STOPS, ("thames-valley",)),
        ("2018-10", Dataset.STOPS, ("city-of-london", "metropolitan")),
    ],
)
async def test_every_row_of_the_csv_is_found_again(
    pool: asyncpg.Pool, month: str, dataset: Dataset, of: tuple[str, ...]
) -> None:
    files = real(month, dataset, *of)
    rows = rows_in(files)
    event = await brought(pool, files)
    expected = Counter(map(stop_in if dataset is Dataset.STOPS else crime_in, rows))
    found = await stored(pool, dataset, event.version)
    assert found.total() == len(rows) == event.records
    assert found - expected == expected - found == Counter()
    proof = await assert_proof_holds(pool, dataset, event.month)
    assert (proof["received"], proof["set_aside"], proof["duplicates"]) == (len(rows), 0, 0)
    force = "r.force_id" if dataset is Dataset.STOPS else "p.force_id"
    manifest = MANIFEST.format(table=version_table(dataset, event.version), force=force)
    assert [tuple(row) for row in await pool.fetch(manifest, event.version)] == [(True, True, True)]


async def test_only_records_of_another_force_than_their_place_tells_are_noted(pool: asyncpg.Pool) -> None:
    files = real("2018-10", Dataset.STREET, "city-of-london", "kent", "btp")
    rows = [row for row in rows_in(files) if row["Longitude"]]
    lon, lat = (np.array([float(row[name]) for row in rows]) for name in ("Longitude", "Latitude"))
    told = AREAS.assign(lon, lat)
    expected = Counter(
        row["force"] for row, area in zip(rows, told, strict=True) if row["force"] not in ("btp", area)
    )
    await brought(pool, files)
    found = await pool.fetch(
        "SELECT f.slug, count(*) AS n FROM recorded_elsewhere AS e JOIN force AS f ON f.id = e.force_id "
        "GROUP BY 1"
    )
    assert expected
    assert {row["slug"]: row["n"] for row in found} == expected


async def test_the_same_archive_again_changes_nothing(pool: asyncpg.Pool) -> None:
    files = real("2018-10", Dataset.STREET, "city-of-london")
    first, second = await brought(pool, files), await brought(pool, files)
    assert (second.version, second.changed) == (first.version, False)


async def test_some_forces_of_an_archive_leave_the_others_as_they_are(pool: asyncpg.Pool) -> None:
    whole = real("2018-10", Dataset.STREET, "city-of-london", "kent", "btp")
    first = await brought(pool, whole)
    before = await stored(pool, Dataset.STREET, first.version)
    revised = real("2018-10", Dataset.STREET, "city-of-london")
    [name] = revised
    revised[name] = revised[name].replace(UNSOLVED, b"Local resolution", 3)
    second = await brought(pool, revised, ("city-of-london",))
    after = await stored(pool, Dataset.STREET, second.version)
    assert second.changed
    assert after == Counter(map(crime_in, rows_in({**whole, **revised})))
    assert (before - after).total() == 3
    await assert_proof_holds(pool, Dataset.STREET)


async def test_an_archive_does_not_replace_what_came_from_the_api(pool: asyncpg.Pool) -> None:
    store = loader_store(pool)
    event = await loaded(store, sample_run())
    result = await load_archive(store, archive_run(real("2018-10", Dataset.STREET, "city-of-london")))
    assert isinstance(result, MonthLoaded)
    assert (result.version, result.changed) == (event.version, False)
    assert await pool.fetchval("SELECT version_id FROM current_version") == event.version


async def test_some_forces_of_the_api_are_not_mixed_with_a_month_of_an_archive(pool: asyncpg.Pool) -> None:
    first = await brought(pool, real("2018-10", Dataset.STREET, "city-of-london", "kent"))
    result = await load(loader_store(pool), sample_run(), forces=("city-of-london",))
    assert isinstance(result, MonthRejected)
    assert "came from the archive: order it whole" in result.reasons[0]
    assert await pool.fetchval("SELECT version_id FROM current_version") == first.version


async def test_an_outcome_that_another_archive_has_otherwise_is_one_that_changed(pool: asyncpg.Pool) -> None:
    files = real("2022-01", Dataset.OUTCOMES, "thames-valley")
    await brought(pool, files)
    [name] = files
    old = b"Investigation complete; no suspect identified"
    revised = {name: files[name].replace(old, b"Local resolution", 3)}
    await brought(pool, revised)
    [totals] = await pool.fetch(
        "SELECT sum(added), sum(removed), sum(outcome_changed), sum(otherwise_changed) FROM revision_count"
    )
    assert tuple(totals) == (0, 0, 3, 0)


async def test_the_api_replaces_what_came_from_an_archive(pool: asyncpg.Pool) -> None:
    first = await brought(pool, real("2018-10", Dataset.STREET, "city-of-london"))
    event = await load(loader_store(pool), sample_run())
    assert isinstance(event, MonthLoaded)
    assert event.version > first.version
    sources = await pool.fetch("SELECT source FROM version ORDER BY id")
    assert [row["source"] for row in sources] == ["archive", "api"]


async def test_notes_of_who_recorded_go_with_the_records_of_a_version(pool: asyncpg.Pool) -> None:
    files = real("2018-10", Dataset.STREET, "kent")
    first = await brought(pool, files)
    [name] = files
    for outcome in (b"Local resolution", b"Offender fined"):
        files = {name: files[name].replace(UNSOLVED, outcome, 2)}
        await brought(pool, files)
    noted = await pool.fetch("SELECT DISTINCT version_id FROM recorded_elsewhere")
    assert len(noted) == 2
    assert first.version not in {row["version_id"] for row in noted}


async def test_a_row_that_cannot_be_right_is_set_aside_with_its_reason(pool: asyncpg.Pool) -> None:
    name = "2018-10/2018-10-city-of-london-street.csv"
    files = real("2018-10", Dataset.STREET, "city-of-london")
    wrong = files[name].splitlines()[1].replace(b"2018-10", b"2018-09")
    await brought(pool, {name: files[name] + wrong + b"\n"})
    [row] = await pool.fetch("SELECT position, reason, raw FROM set_aside")
    assert row["reason"] == "month '2018-09', not the 2018-10 of the file"
    assert row["position"] == len(rows_in(files))
    assert "2018-09" in row["raw"]


async def test_a_month_with_nothing_but_headers_is_not_believed(pool: asyncpg.Pool) -> None:
    files = {"2018-10/2018-10-kent-street.csv": made(Dataset.STREET)}
    result = await load_archive(loader_store(pool), archive_run(files))
    assert isinstance(result, MonthRejected)
    assert result.reasons == ("the source has no record of this month",)


async def test_a_file_of_one_row_that_is_set_aside_does_not_hold_up_its_month(pool: asyncpg.Pool) -> None:
    wrong = {"Month": "2018-11", "Reported by": "British Transport Police", "Crime type": "Drugs"}
    files = {
        **real("2018-10", Dataset.STREET, "kent"),
        "2018-10/2018-10-btp-street.csv": made(
            Dataset.STREET, [wrong.get(name, "") for name in COLUMNS[Dataset.STREET]]
        ),
    }
    event = await brought(pool, files)
    proof = await assert_proof_holds(pool, Dataset.STREET, event.month)
    assert (proof["received"], proof["set_aside"]) == (event.records + 1, 1)


async def test_a_month_does_not_wait_for_ever_for_who_locks_the_places(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "LOCK_TIMEOUT", "SET LOCAL lock_timeout = '100ms'")
    run, store = archive_run(real("2018-10", Dataset.STREET, "city-of-london")), loader_store(pool)
    await stage_archive(store, run)
    async with holding(pool, "LOCK TABLE snap_point IN ACCESS EXCLUSIVE MODE"):
        with pytest.raises(TransientError, match="lock timeout"):
            await store.load(run.manifest, patient=True)
    assert await pool.fetchval("SELECT count(*) FROM version") == 0
    result = await store.load(run.manifest, patient=True)
    assert isinstance(result, MonthLoaded)
    await assert_proof_holds(pool, Dataset.STREET, result.month)


async def test_a_month_is_added_up_on_one_connection_while_no_other_is_free(
    database_url: str, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PATIENCE", 0.01)
    run = archive_run(real("2018-10", Dataset.STREET, "city-of-london"))
    async with connected(database_url, size=2) as narrow:
        store = loader_store(narrow)
        await stage_archive(store, run)
        async with narrow.acquire():
            loading = asyncio.create_task(store.load(run.manifest, patient=True))
            made_one = "SELECT count(*) FROM version"
            await eventually(lambda: pool.fetchval(made_one), "a version beside the only connection")
        result = await loading
    assert isinstance(result, MonthLoaded)
    version = version_table(Dataset.STREET, result.version)
    manifest = MANIFEST.format(table=version, force="p.force_id")
    assert [tuple(row) for row in await pool.fetch(manifest, result.version)] == [(True, True, True)]
