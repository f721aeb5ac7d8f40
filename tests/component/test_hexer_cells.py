"""Cells, point counts and cubes, checked against plain arithmetic on the archive's CSV rows."""

import csv
from collections import Counter
from pathlib import Path

import asyncpg
import numpy as np
import pytest

from services.hexer.store import Store as Hexer
from services.loader.store import Store
from shared import hexgrid, reference
from shared.model import Dataset
from tests.builders import CITY, OCTOBER, crime, csv_rows, outcome, page, run_of, sample_run
from tests.pipeline import loaded, row_of

FORCES = (CITY, "btp")
REFERENCE = Path(reference.__file__).parent
CELLS = """
SELECT c.level, c.i, c.j, coalesce(l.value, '') AS category, g.slug AS outcome_group, sum(c.n)::integer AS n
FROM {dataset}_cell AS c
JOIN label AS l ON l.id = c.category_id
JOIN outcome_group AS g ON g.id = c.group_id
GROUP BY c.level, c.i, c.j, l.value, g.slug
"""
CELLS_OF_POSTGIS = """
SELECT h.i, h.j, sum(p.n)::integer AS n
FROM unnest($1::float8 [], $2::float8 [], $3::integer []) AS p (lon, lat, n),
    st_transform(st_setsrid(st_point(p.lon, p.lat), 4326), 27700) AS g,
    LATERAL st_hexagongrid($4, g) AS h
WHERE st_intersects(h.geom, g)
GROUP BY h.i, h.j
"""
Cell = tuple[int, int, int, str, str]


def read_reference(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def street_groups() -> dict[str, str]:
    """The outcome group of every published name; an empty one is no outcome."""
    groups = {"": "none"}
    for row in read_reference("street_outcomes.csv"):
        for name in [row["name"], *row["other_names"].split("|")]:
            groups[name] = row["group"]
    return groups | {"": "none"}


def stop_groups() -> dict[str, str]:
    """The outcome group of every published outcome of a stop."""
    rows = read_reference("stop_outcomes.csv")
    return {row["raw"]: row["group"] for row in rows if row["raw_type"] == "string"}


def category_slugs() -> dict[str, str]:
    """The slug of every category by its name in the archive."""
    return {name: row.slug for row in reference.categories() for name in row.csv_names}


def expected_cells(rows: list[dict[str, str]], categories: list[str], groups: list[str]) -> Counter[Cell]:
    """Counts of located rows per level, cell, category and group."""
    counts: Counter[Cell] = Counter()
    chosen = [n for n, row in enumerate(rows) if row["Longitude"]]
    east, north = hexgrid.project(
        np.array([float(rows[n]["Longitude"]) for n in chosen]),
        np.array([float(rows[n]["Latitude"]) for n in chosen]),
    )
    for edge in hexgrid.EDGES_M:
        for n, i, j in zip(chosen, *hexgrid.cells(east, north, edge), strict=True):
            counts[edge, int(i), int(j), categories[n], groups[n]] += 1
    return counts


async def cells(pool: asyncpg.Pool, dataset: str) -> dict[Cell, int]:
    return {
        (row["level"], row["i"], row["j"], row["category"], row["outcome_group"]): row["n"]
        for row in await pool.fetch(CELLS.format(dataset=dataset))
    }


async def test_street_cells_are_what_arithmetic_makes_of_the_archive(
    store: Store, pool: asyncpg.Pool
) -> None:
    run = sample_run(month="2018-11", forces=FORCES)
    rows = csv_rows(month="2018-11", forces=FORCES)
    await loaded(store, run)
    rebuilt = await Hexer(pool).rebuild(Dataset.STREET, run.month)
    slugs, groups = category_slugs(), street_groups()
    expected = expected_cells(
        rows,
        [slugs[row["Crime type"]] for row in rows],
        [groups[row["Last outcome category"]] for row in rows],
    )
    assert await cells(pool, "street") == expected
    # Every level holds every record, but for those without a place.
    grid = await row_of(pool, "SELECT records, off_grid FROM grid")
    unlocated = sum(not row["Longitude"] for row in rows)
    assert unlocated > 0
    assert grid == (len(rows), unlocated)
    per_level = await pool.fetch("SELECT level, sum(n)::integer AS n FROM street_cell GROUP BY level")
    on_level = {row["level"]: row["n"] + unlocated for row in per_level}
    assert on_level == dict.fromkeys(hexgrid.EDGES_M, len(rows))
    assert rebuilt is not None
    assert rebuilt.cells == Counter(level for level, _, _ in {cell[:3] for cell in expected})


@pytest.mark.usefixtures("postgis")
async def test_street_cells_of_a_level_are_those_of_postgis(store: Store, pool: asyncpg.Pool) -> None:
    run = sample_run(month="2018-11", forces=FORCES)
    await loaded(store, run)
    await Hexer(pool).rebuild(Dataset.STREET, run.month)
    points = Counter(
        (float(row["Longitude"]), float(row["Latitude"]))
        for row in csv_rows(month="2018-11", forces=FORCES)
        if row["Longitude"]
    )
    lon, lat = map(list, zip(*points, strict=True))
    theirs = await pool.fetch(CELLS_OF_POSTGIS, lon, lat, list(points.values()), 1100.0)
    ours = await pool.fetch(
        "SELECT i, j, sum(n)::integer AS n FROM street_cell WHERE level = 1100 GROUP BY i, j"
    )
    assert sorted(map(tuple, ours)) == sorted(map(tuple, theirs))
    assert len(ours) > 500


async def test_stop_cells_are_what_arithmetic_makes_of_the_archive(store: Store, pool: asyncpg.Pool) -> None:
    forces = (CITY, "metropolitan")
    run = sample_run(Dataset.STOPS, forces=forces)
    rows = csv_rows(Dataset.STOPS, forces=forces)
    await loaded(store, run)
    await Hexer(pool).rebuild(Dataset.STOPS, run.month)
    groups = stop_groups()
    assert await cells(pool, "stop") == expected_cells(
        rows, [row["Object of search"] for row in rows], [groups[row["Outcome"]] for row in rows]
    )
    unlocated = sum(not row["Longitude"] for row in rows)
    assert await row_of(pool, "SELECT records, off_grid FROM grid") == (len(rows), unlocated)
    assert unlocated > 0


async def test_street_cubes_and_points_add_up_to_the_archive(store: Store, pool: asyncpg.Pool) -> None:
    run = sample_run(month="2018-11", forces=FORCES)
    rows = csv_rows(month="2018-11", forces=FORCES)
    await loaded(store, run)
    await Hexer(pool).rebuild(Dataset.STREET, run.month)
    slugs = category_slugs()
    cube = await pool.fetch("""
        SELECT c.located, c.location_type, l.value AS category, coalesce(o.value, '') AS outcome,
            sum(c.n)::integer AS n
        FROM street_cube AS c JOIN label AS l ON l.id = category_id JOIN label AS o ON o.id = outcome_id
        GROUP BY 1, 2, 3, 4
    """)
    assert {tuple(row)[:4]: row["n"] for row in cube} == Counter(
        (
            bool(row["Longitude"]),
            ("BTP" if row["force"] == "btp" else "Force") if row["Longitude"] else "",
            slugs[row["Crime type"]],
            row["Last outcome category"],
        )
        for row in rows
    )
    by_point = await pool.fetch("""
        SELECT p.lon_e6, p.lat_e6, sum(c.n)::integer AS n FROM street_point_count AS c
        JOIN snap_point AS p ON p.id = c.snap_point_id GROUP BY 1, 2
    """)
    assert {(row["lon_e6"], row["lat_e6"]): row["n"] for row in by_point} == Counter(
        (round(float(row["Longitude"]) * 1e6), round(float(row["Latitude"]) * 1e6))
        for row in rows
        if row["Longitude"]
    )
    shown = await pool.fetchval("""
        SELECT count(*) FROM map_point AS m JOIN snap_point AS p ON p.id = m.snap_point_id
        WHERE (m.lon_e6, m.lat_e6) = (p.lon_e6, p.lat_e6)
    """)
    assert shown == await pool.fetchval("SELECT count(DISTINCT snap_point_id) FROM street_point_count")


async def test_the_stop_cube_is_the_archive_counted_by_all_its_columns(
    store: Store, pool: asyncpg.Pool
) -> None:
    forces = (CITY, "metropolitan")
    await loaded(store, sample_run(Dataset.STOPS, forces=forces))
    await Hexer(pool).rebuild(Dataset.STOPS, OCTOBER)
    labels = {row["id"]: row["value"] or "" for row in await pool.fetch("SELECT id, value FROM label")}
    slugs = {row["id"]: row["slug"] for row in await pool.fetch("SELECT id, slug FROM force")}
    cube = {
        (slugs[row[1]], row[2], *(labels[number] for number in tuple(row)[3:-1])): row["n"]
        for row in await pool.fetch("SELECT * FROM stop_cube")
    }
    columns = ("Type", "Gender", "Age range", "Self-defined ethnicity", "Officer-defined ethnicity")
    more = ("Legislation", "Object of search", "Outcome")
    assert cube == Counter(
        (row["force"], bool(row["Longitude"]), *(row[name] for name in columns + more))
        for row in csv_rows(Dataset.STOPS, forces=forces)
    )


async def test_the_outcome_cube_counts_outcomes_by_the_month_of_their_crime(
    store: Store, pool: asyncpg.Pool
) -> None:
    september = crime(outcome_status=..., month="2018-09")
    await loaded(
        store,
        run_of(
            Dataset.OUTCOMES,
            page(
                outcome(),
                outcome(crime={**september, "id": 2}),
                outcome(crime={**september, "month": "2017-12"}),
            ),
        ),
    )
    await Hexer(pool).rebuild(Dataset.OUTCOMES, OCTOBER)
    rows = await pool.fetch("SELECT crime_month::text, n FROM outcome_cube ORDER BY crime_month")
    assert [tuple(row) for row in rows] == [("2017-12-01", 1), ("2018-09-01", 2)]


async def test_records_without_a_place_are_counted_but_on_no_cell(store: Store, pool: asyncpg.Pool) -> None:
    zero = {"latitude": "0", "longitude": "0", "street": {"id": 1, "name": "On or near "}}
    tile = page(crime(), crime(id=2, location=zero))
    unlocated = page(crime(id=3, location=None), slice_id="u", force=CITY)
    await loaded(store, run_of(Dataset.STREET, tile, unlocated))
    await Hexer(pool).rebuild(Dataset.STREET, OCTOBER)
    assert await row_of(pool, "SELECT records, off_grid FROM grid") == (3, 2)
    assert await pool.fetchval("SELECT sum(n) FROM street_cube") == 3
    assert await pool.fetchval("SELECT sum(n) FROM street_cube WHERE NOT located") == 2
    assert await pool.fetchval("SELECT sum(n) FROM street_point_count") == 1
    assert await pool.fetchval("SELECT count(*) FROM map_point") == 1
