"""What the loader refuses, sets aside, or leaves out, and what stays when it does."""

import asyncpg
import pytest

from services.loader.gate import GateRules
from services.loader.handlers import stage_page
from services.loader.sql_files import staged_table
from services.loader.store import Store
from shared.errors import PermanentError
from shared.events import MonthLoaded, MonthRejected
from shared.model import Dataset
from tests.builders import (
    CITY,
    crime,
    csv_rows,
    outcome,
    page,
    run_of,
    sample_run,
    stop,
)
from tests.pipeline import (
    assert_proof_holds,
    checksum,
    counts,
    load,
    loaded,
    loader_store,
    row_of,
    stage,
)


async def test_a_shrunken_force_is_refused_and_the_old_month_stays(store: Store, pool: asyncpg.Pool) -> None:
    before = await loaded(store, sample_run())
    digest = await checksum(pool)
    full = sample_run()
    shrunken = run_of(Dataset.STREET, full.pages[0], full.pages[-1])
    result = await load(store, shrunken)
    assert isinstance(result, MonthRejected)
    # A crime counts for the area that it lies in; some that the City recorded lie in the Met's.
    before_in = await counts(
        pool,
        "SELECT f.slug, sum(n)::integer FROM version_count JOIN force AS f ON f.id = force_id GROUP BY 1",
    )
    assert [reason.partition(" to ")[0] for reason in result.reasons] == [
        f"{force} went from {before_in[force]}" for force in (CITY, "metropolitan")
    ]
    verdict = await row_of(
        pool, "SELECT verdict, reasons, version_id FROM verdict WHERE run_id = $1", shrunken.id
    )
    assert verdict == ("rejected", list(result.reasons), None)
    assert await checksum(pool) == digest
    assert await pool.fetchval("SELECT version_id FROM current_version") == before.version
    assert await pool.fetchval("SELECT count(*) FROM street_crime") == before.records
    assert await pool.fetchval("SELECT to_regclass($1)", staged_table(shrunken.dataset, shrunken.id)) is None
    assert (
        await pool.fetchval("SELECT count(*) FROM pg_class WHERE relname LIKE 'street\\_crime\\_v%\\_%'") == 1
    )


async def test_a_loss_that_an_operator_accepts_is_loaded(store: Store, pool: asyncpg.Pool) -> None:
    full = sample_run()
    await loaded(store, full)
    shrunken = run_of(Dataset.STREET, full.pages[0], full.pages[-1])
    assert (await loaded(store, shrunken, accept_loss=True)).records == shrunken.received
    await assert_proof_holds(pool, Dataset.STREET)


async def test_a_source_that_changed_while_it_was_read_is_refused(store: Store, pool: asyncpg.Pool) -> None:
    same_id_twice = run_of(
        Dataset.STREET, page(crime()), page(crime(category="drugs"), crime(id=2), slice_id="t1")
    )
    result = await load(store, same_id_twice)
    assert isinstance(result, MonthRejected)
    assert "1 ids came with two contents" in result.reasons[0]
    assert await pool.fetchval("SELECT count(*) FROM street_crime") == 0


async def test_asking_for_one_force_keeps_the_others_crimes(store: Store, pool: asyncpg.Pool) -> None:
    both = (CITY, "surrey")
    whole = sample_run(month="2018-10", forces=both)
    await loaded(store, whole)
    per_area = """
        SELECT f.slug, count(*) FROM street_crime AS c
        JOIN current_version AS v ON v.version_id = c.version_id
        JOIN snap_point AS p ON p.id = c.snap_point_id LEFT JOIN force AS f ON f.id = p.force_id GROUP BY 1
    """
    before = await counts(pool, per_area)
    # The tiles around the City hold crimes of its neighbours, and one crime of the City has changed.
    city = sample_run(forces=both, revised=True)
    result = await loaded(store, city, forces=(CITY,))
    assert result.changed
    assert await counts(pool, per_area) == before
    proof = await assert_proof_holds(pool, Dataset.STREET)
    assert proof["kept_from_previous"] == proof["stored"] - before[CITY]
    assert proof["out_of_scope"] > 0
    clean = await loaded(store, sample_run(forces=both, revised=True))
    assert (clean.changed, clean.version) == (False, result.version)


async def test_asking_for_one_force_keeps_the_others_stops(store: Store, pool: asyncpg.Pool) -> None:
    forces = (CITY, "metropolitan")
    whole = sample_run(Dataset.STOPS, forces=forces)
    before = await loaded(store, whole)
    outside = await pool.fetchval(
        "SELECT count(*) FROM stop AS s JOIN force AS f ON f.id = s.force_id "
        "JOIN snap_point AS p ON p.id = s.snap_point_id WHERE f.slug = $1 AND p.force_id <> s.force_id",
        CITY,
    )
    assert outside > 0, "the City searches beyond its border, or this proves nothing"
    again = await loaded(store, sample_run(Dataset.STOPS), forces=(CITY,))
    assert (again.changed, again.version, again.records) == (False, before.version, before.records)
    more = run_of(Dataset.STOPS, *sample_run(Dataset.STOPS).pages, page(stop(), slice_id="more", force=CITY))
    assert (await loaded(store, more, forces=(CITY,))).records == before.records + 1
    proof = await assert_proof_holds(pool, Dataset.STOPS)
    assert (proof["received"], proof["out_of_scope"]) == (129, 0)
    assert proof["kept_from_previous"] == before.records - 128


async def test_asking_for_one_force_keeps_the_others_outcomes(store: Store, pool: asyncpg.Pool) -> None:
    city = outcome()
    surrey = outcome(
        crime=crime(id=2, location={"latitude": "51.236", "longitude": "-0.57"}, outcome_status=...)
    )
    await loaded(store, run_of(Dataset.OUTCOMES, page(city, surrey, surrey)))
    new = outcome(person_id=9)
    result = await loaded(store, run_of(Dataset.OUTCOMES, page(new, surrey)), forces=("metropolitan", CITY))
    assert result.records == 3
    proof = await assert_proof_holds(pool, Dataset.OUTCOMES)
    assert (proof["kept_from_previous"], proof["out_of_scope"], proof["received"]) == (2, 1, 2)


async def test_records_that_cannot_be_right_are_set_aside_with_the_reason(
    store: Store, pool: asyncpg.Pool
) -> None:
    run = sample_run()
    bad = page(crime(month="2018-09"), crime(category=7), crime(category="drugs\0"), slice_id="bad")
    with_bad = run_of(Dataset.STREET, *run.pages, bad)
    assert (await loaded(store, with_bad)).records == len(csv_rows())
    rows = await pool.fetch("SELECT slice_id, position, reason, raw FROM set_aside ORDER BY position")
    assert [(row["slice_id"], row["position"]) for row in rows] == [("bad", 0), ("bad", 1), ("bad", 2)]
    assert "2018-09" in rows[0]["reason"]
    assert "category" in rows[1]["reason"]
    assert "U+0000" in rows[2]["reason"]
    assert all("bicycle-theft" in row["raw"] or "category" in row["raw"] for row in rows)
    assert (await assert_proof_holds(pool, Dataset.STREET))["set_aside"] == 3


async def test_too_many_records_set_aside_are_a_refusal(store: Store, pool: asyncpg.Pool) -> None:
    run = sample_run()
    bad = page(*(crime(month="2018-09") for _ in range(20)), slice_id="bad")
    result = await load(store, run_of(Dataset.STREET, *run.pages, bad))
    assert isinstance(result, MonthRejected)
    [reason] = result.reasons
    assert reason.startswith(f"20 of {run.received + 20} records were set aside, more than 1.0%: 20 x month")
    assert await pool.fetchval("SELECT count(*) FROM set_aside") == 20
    assert await pool.fetchval("SELECT count(*) FROM current_version") == 0
    lenient = loader_store(pool, rules=GateRules(0.3, 50, 0.02))
    again = run_of(Dataset.STREET, *run.pages, bad)
    assert isinstance(await load(lenient, again), MonthLoaded)


async def test_a_month_without_any_record_is_refused(store: Store, pool: asyncpg.Pool) -> None:
    for run in (
        run_of(Dataset.STREET),
        run_of(Dataset.STREET, page()),
        run_of(Dataset.STOPS, page(force=CITY)),
    ):
        result = await load(store, run)
        assert isinstance(result, MonthRejected)
        assert result.reasons == ("the source has no record of this month",)
    assert await pool.fetchval("SELECT count(*) FROM version") == 0


async def test_a_run_with_an_unreadable_page_is_refused_and_names_the_page(store: Store) -> None:
    run = sample_run()
    broken = page(slice_id="t9")
    broken = type(broken)("t9", broken.kind, None, b"<html>Bad Gateway</html>", 4)
    result = await load(store, run_of(Dataset.STREET, *run.pages, broken))
    assert isinstance(result, MonthRejected)
    [reason] = result.reasons
    assert reason.startswith("page t9: the page is not a JSON array")


async def test_a_page_with_other_records_than_its_manifest_says_is_refused(store: Store) -> None:
    good, lying = page(crime()), page(crime(id=2), slice_id="t1")
    run = run_of(Dataset.STREET, good, type(lying)("t1", lying.kind, None, lying.body, 2))
    result = await load(store, run)
    assert isinstance(result, MonthRejected)
    assert result.reasons == ("page t1 has 1 records, its manifest says 2",)


async def test_a_page_that_never_comes_is_named_when_patience_ends(store: Store) -> None:
    run = run_of(Dataset.STREET, page(crime()), page(crime(id=2), slice_id="t1"))
    await stage(store, run, run.pages[0])
    result = await store.load(run.manifest(), patient=False)
    assert isinstance(result, MonthRejected)
    assert result.reasons == ("page t1 never came",)


async def test_a_page_of_an_unknown_force_is_refused_and_names_the_known_ones(store: Store) -> None:
    run = run_of(Dataset.STOPS, page(stop(), force="narnia"))
    with pytest.raises(
        PermanentError, match=r"unknown force 'narnia'; known are avon-and-somerset, .*wiltshire"
    ):
        await stage_page(store, run.pages[0].announced(run), run.pages[0].packed, 1000)


async def test_the_transport_polices_crimes_are_its_own_wherever_they_lie(
    store: Store, pool: asyncpg.Pool
) -> None:
    city, both = sample_run(month="2018-11"), sample_run(month="2018-11", forces=(CITY, "btp"))
    first = await loaded(store, both)
    stations, streets = (len(csv_rows(month="2018-11", forces=(force,))) for force in ("btp", CITY))
    again = await loaded(store, both.again(), forces=("btp",))
    assert (again.changed, again.version) == (False, first.version)
    gone = await load(store, city, forces=("btp",))
    assert isinstance(gone, MonthRejected)
    assert gone.reasons == (f"btp went from {stations} to 0 records, a loss of more than 30%",)
    accepted = await loaded(store, city.again(), forces=("btp",), accept_loss=True)
    assert accepted.records == streets
    proof = await assert_proof_holds(pool, Dataset.STREET, city.month)
    assert proof["kept_from_previous"] == streets
