"""Rebuilding read models: again, for a revised month, with another mapping, and when it cannot be right."""

import asyncpg
import pytest
from prometheus_client import REGISTRY

from services.hexer.store import GridError
from services.hexer.store import Store as Hexer
from services.loader.store import Store
from shared.model import Dataset
from tests.builders import CITY, OCTOBER, crime, csv_rows, page, run_of, sample_run, stop
from tests.pipeline import Reader, counts, fingerprint, loaded, row_of

NO_SUSPECT = "Investigation complete; no suspect identified"


def unknown_street_outcomes() -> float:
    """How many unknown words this process has met."""
    labels = {"kind": "street_outcome"}
    return REGISTRY.get_sample_value("crimemaps_unknown_labels_total", labels) or 0


@pytest.mark.parametrize(("dataset", "month"), [(Dataset.STREET, "2018-10"), (Dataset.STOPS, "2018-10")])
async def test_rebuilding_changes_nothing(
    store: Store, pool: asyncpg.Pool, dataset: Dataset, month: str
) -> None:
    run = sample_run(dataset, month)
    await loaded(store, run)
    hexer = Hexer(pool)
    first = await hexer.rebuild(dataset, run.month)
    before, built_at = await fingerprint(pool, dataset), await pool.fetchval("SELECT rebuilt_at FROM grid")
    assert await hexer.rebuild(dataset, run.month) == first
    assert await pool.fetchval("SELECT rebuilt_at FROM grid") == built_at
    await pool.execute("UPDATE grid SET mapping_version = 0")
    assert await hexer.rebuild(dataset, run.month) == first
    assert await pool.fetchval("SELECT rebuilt_at FROM grid") > built_at
    assert await fingerprint(pool, dataset) == before


async def test_a_revised_months_cells_replace_the_old_ones_while_a_reader_sees_only_the_one_or_the_other(
    store: Store, pool: asyncpg.Pool, database_url: str
) -> None:
    hexer = Hexer(pool)
    await loaded(store, sample_run(month="2018-12"))
    await hexer.rebuild(Dataset.STREET, sample_run(month="2018-12").month)
    await loaded(store, sample_run())
    await hexer.rebuild(Dataset.STREET, OCTOBER)
    look = """
        SELECT (SELECT version_id FROM grid WHERE dataset = 'street' AND month = $1),
            (SELECT md5(string_agg(c::text, ',' ORDER BY c::text)) FROM street_cell AS c WHERE month = $1),
            (SELECT md5(string_agg(c::text, ',' ORDER BY c::text)) FROM street_cube AS c WHERE month = $1),
            (SELECT md5(string_agg(c::text, ',' ORDER BY c::text))
            FROM street_point_count AS c WHERE month = $1)
    """
    clean = {await row_of(pool, look, OCTOBER)}
    other_month = "SELECT sum(n) FROM street_cell WHERE month = '2018-12-01'"
    others = await pool.fetchval(other_month)
    async with Reader(database_url, look, OCTOBER) as reader:
        for revised in (True, False, True):
            await loaded(store, sample_run(revised=revised))
            await reader.more()
            await hexer.rebuild(Dataset.STREET, OCTOBER)
            clean.add(await row_of(pool, look, OCTOBER))
            await reader.more()
    assert {answer[0] for answer in reader.answers} == clean
    assert len(clean) == 4
    # One last outcome changed, and stayed within its group: so did the cells.
    assert len({cells for _, cells, _, _ in clean}) <= 2
    assert len({cube for _, _, cube, _ in clean}) == 2
    located = sum(bool(row["Longitude"]) for row in csv_rows(month="2018-12"))
    assert await pool.fetchval(other_month) == others == 4 * located


async def test_an_outcome_that_no_mapping_knows_is_unmapped_and_counted(
    store: Store, pool: asyncpg.Pool
) -> None:
    unknown_before = unknown_street_outcomes()
    strange = {"category": "Offender sent to Mars", "date": "2018-10"}
    crimes = page(crime(), crime(id=2, outcome_status=strange), crime(id=3, outcome_status=strange))
    await loaded(store, run_of(Dataset.STREET, crimes))
    await loaded(store, run_of(Dataset.STOPS, page(stop(), stop(outcome="Verbal warning"), force=CITY)))
    for dataset in (Dataset.STREET, Dataset.STOPS):
        await Hexer(pool).rebuild(dataset, OCTOBER)
    by_group = """
        SELECT g.slug, sum(c.n) FROM {}_cell AS c JOIN outcome_group AS g ON g.id = group_id
        WHERE level = 275 GROUP BY 1
    """
    assert await counts(pool, by_group.format("street")) == {"negative": 1, "unmapped": 2}
    assert await counts(pool, by_group.format("stop")) == {"positive": 1, "unmapped": 1}
    for name, number in (("street", 2), ("stops", 1)):
        assert REGISTRY.get_sample_value("crimemaps_unmapped_outcomes", {"dataset": name}) == number
    assert unknown_street_outcomes() == unknown_before + 1


async def test_a_new_mapping_makes_every_month_stale_and_moves_its_counts(
    store: Store, pool: asyncpg.Pool
) -> None:
    hexer = Hexer(pool)
    months = [sample_run(month=month) for month in ("2018-10", "2018-12")]
    for run in months:
        await loaded(store, run)
        await hexer.rebuild(Dataset.STREET, run.month)
    assert await hexer.stale_months() == []
    positive = """
        SELECT sum(c.n) FROM street_cell AS c JOIN outcome_group AS g ON g.id = group_id
        WHERE g.slug = 'positive' AND level = 275
    """
    before = await pool.fetchval(positive)
    moved = sum(
        row["Last outcome category"] == NO_SUSPECT and bool(row["Longitude"])
        for run in months
        for row in csv_rows(month=run.month)
    )
    await pool.execute("""
        UPDATE outcome_mapping SET mapping_version = mapping_version + 1, group_id = CASE
            WHEN value = 'Investigation complete; no suspect identified'
            THEN (SELECT id FROM outcome_group WHERE slug = 'positive' AND dataset = 'street')
            ELSE group_id END
    """)
    assert [row["month"] for row in await hexer.stale_months()] == [run.month for run in months]
    for run in months:
        await hexer.rebuild(Dataset.STREET, run.month)
    assert await hexer.stale_months() == []
    assert await pool.fetchval(positive) == before + moved
    assert moved > 0


async def test_a_month_that_is_not_loaded_has_no_cells(pool: asyncpg.Pool) -> None:
    assert await Hexer(pool).rebuild(Dataset.STREET, OCTOBER) is None


async def test_cells_that_do_not_add_up_to_the_records_are_never_shown(
    store: Store, pool: asyncpg.Pool
) -> None:
    run = sample_run()
    await loaded(store, run)
    await pool.execute("UPDATE version SET stored = stored + 1, received = received + 1")
    with pytest.raises(GridError, match="782 records were counted, the version has 783"):
        await Hexer(pool).rebuild(Dataset.STREET, run.month)
    assert await pool.fetchval("SELECT count(*) FROM grid") == 0
    assert await pool.fetchval("SELECT count(*) FROM street_cell") == 0
