"""The figures of real postcodes, against counts of the published files and against the records themselves."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from importlib.resources import files

import asyncpg
import numpy as np
import pytest
from pyproj import Geod

from services.hexer.store import Store as Hexer
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.refusal import Refusal
from shared.area_figures.shapes import Figures, checksum
from shared.model import Dataset, format_month, month_range
from shared.tiers import Tier
from tests.builders import csv_rows, sample_run
from tests.pipeline import AREAS, loaded, loader_store

MONTHS = [format_month(month) for month in month_range("2018-04..2020-08")]
LEFT_OUT = "2019-05"
LOADED = [month for month in MONTHS if month != LEFT_OUT]
PLACES = {
    "EC2M 7PY": (51.51906, -0.08138),
    "EC4Y 8AU": (51.51180, -0.10460),
    "EC2V 5AA": (51.51537, -0.09246),
}
NUMBER = {Tier.ESSENTIAL: 12, Tier.PROFESSIONAL: 24, Tier.STANDARD: 60, Tier.PREMIUM: 29}
EARTH = Geod(ellps="WGS84")


def reference(name: str) -> list[dict[str, str]]:
    text = files("shared.reference").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


CATEGORY = {name: row["slug"] for row in reference("categories.csv") for name in row["csv_names"].split("|")}
GROUP = {
    name: row["group"]
    for row in reference("street_outcomes.csv")
    for name in (row["name"], *row["other_names"].split("|"))
}
ROWS = {month: csv_rows(Dataset.STREET, month) for month in LOADED}


def near(postcode: str, rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Rows at most 500 m away, measured on the ellipsoid, one by one."""
    latitude, longitude = PLACES[postcode]
    return [
        row
        for row in rows
        if row["Longitude"]
        and EARTH.inv(longitude, latitude, float(row["Longitude"]), float(row["Latitude"]))[2] <= 500
    ]


def months_of(tier: Tier) -> list[str]:
    """The window, counted back from 2020-08."""
    last = 2020 * 12 + 7
    serials = range(last - NUMBER[tier] + 1, last + 1)
    return [f"{serial // 12}-{serial % 12 + 1:02}" for serial in serials]


async def load_city(pool: asyncpg.Pool, months: Iterable[str]) -> None:
    for month in months:
        run = sample_run(Dataset.STREET, month)
        await loaded(loader_store(pool), run)
        await Hexer(pool).rebuild(Dataset.STREET, run.month)


async def figures_of(pool: asyncpg.Pool, postcode: str, tier: Tier) -> Figures:
    counts, _ = await CountsStore(pool, AREAS).read(postcode, *PLACES[postcode], "the test", tier)
    return work_out(counts)


async def test_the_figures_of_every_tier_are_those_of_the_published_files(pool: asyncpg.Pool) -> None:
    await load_city(pool, LOADED)
    for postcode in PLACES:
        for tier in Tier:
            figures = await figures_of(pool, postcode, tier)
            check_against_files(figures, postcode, tier)
            await check_against_records(pool, figures, postcode)


def check_against_files(figures: Figures, postcode: str, tier: Tier) -> None:
    window = months_of(tier)
    held = [month for month in window if month in ROWS]
    rows = [row for month in held for row in near(postcode, ROWS[month])]
    assert [month.month for month in figures.months] == window
    assert figures.missing_months == [month for month in window if month not in ROWS]
    assert LEFT_OUT not in held
    assert figures.crimes == len(rows) > 0
    assert {row.slug: row.crimes for row in figures.categories if row.crimes} == Counter(
        CATEGORY[row["Crime type"]] for row in rows
    )
    trend = {month: len(near(postcode, ROWS[month])) if month in ROWS else None for month in window}
    assert {month.month: month.crimes for month in figures.months} == trend
    names = Counter(row["Location"].strip().casefold() for row in rows)
    assert [row.crimes for row in figures.locations] == sorted(names.values(), reverse=True)[:10]
    assert all(names[row.name.casefold()] == row.crimes for row in figures.locations)
    assert figures.location_names == len(names)
    # The Metropolitan Police publish no street crimes in this sample: their part of the radius is a gap.
    metropolitan = [("Metropolitan Police Service", 0)] if reaches_over_the_border(postcode) else []
    assert [(other.name, other.months_with_data) for other in figures.neighbours] == metropolitan
    check_outcomes(figures, rows, [month for month in held if near(postcode, ROWS[month])])
    check_mix(figures, rows, [row for month in held for row in ROWS[month]])


def reaches_over_the_border(postcode: str) -> bool:
    """Whether any of 360 points on the ring lies in another area."""
    latitude, longitude = PLACES[postcode]
    ring = [EARTH.fwd(longitude, latitude, bearing, 500) for bearing in range(360)]
    areas = AREAS.assign(np.array([lon for lon, *_ in ring]), np.array([lat for _, lat, _ in ring]))
    return set(areas) != {"city-of-london"}


def check_outcomes(figures: Figures, rows: list[dict[str, str]], cohorts: list[str]) -> None:
    crimes = [row for row in rows if row["Crime type"] != "Anti-social behaviour"]
    groups = Counter(GROUP.get(row["Last outcome category"], "none") for row in crimes)
    assert {slug: n for slug, n in figures.outcomes.items() if n} == groups
    resolved = groups["positive"] + groups["local_resolution"]
    assert figures.resolution_rate == round(100 * resolved / (resolved + groups["negative"]), 1)
    assert figures.pending == sum(row["Last outcome category"] == "Under investigation" for row in crimes)
    assert [cohort.month for cohort in figures.cohorts] == cohorts
    for cohort in figures.cohorts:
        mine = Counter(
            GROUP.get(row["Last outcome category"], "none") for row in crimes if row["Month"] == cohort.month
        )
        assert {slug: n for slug, n in cohort.groups.items() if n} == mine
        assert cohort.is_finished == (cohort.month <= "2019-08")


def check_mix(figures: Figures, rows: list[dict[str, str]], force: list[dict[str, str]]) -> None:
    """Of the City's records 93 % lie in its area; the others are its neighbours' and the country's."""
    located = [row for row in force if row["Longitude"]]
    area = [row for row in located if area_of(row) == "city-of-london"]
    assert figures.area_crimes == len(area)
    assert (figures.country_crimes, figures.country_forces) == (0, 1)  # one area is no country
    assert figures.area_unlocated == len(force) - len(located)
    for row in figures.categories:
        share = [
            round(100 * sum(CATEGORY[r["Crime type"]] == row.slug for r in some) / len(some), 1)
            for some in (rows, area)
        ]
        assert [row.share, row.area_share, row.country_share, row.country_pp] == [*share, None, None]
        assert row.area_pp == pytest.approx(share[0] - share[1], abs=1e-9)


def area_of(row: dict[str, str]) -> str | None:
    key = (row["Longitude"], row["Latitude"])
    if key not in KNOWN_AREAS:
        [KNOWN_AREAS[key]] = AREAS.assign(np.array([float(key[0])]), np.array([float(key[1])]))
    return KNOWN_AREAS[key]


KNOWN_AREAS: dict[tuple[str, str], str | None] = {}


async def check_against_records(pool: asyncpg.Pool, figures: Figures, postcode: str) -> None:
    """The same counted by SQL from the records, whose distance is measured one by one."""
    latitude, longitude = PLACES[postcode]
    first, last = (date.fromisoformat(f"{month}-01") for month in (figures.first_month, figures.last_month))
    places = await pool.fetch(
        "SELECT id, lon_e6 / 1e6 AS lon, lat_e6 / 1e6 AS lat FROM snap_point WHERE located"
    )
    near = [
        place["id"]
        for place in places
        if EARTH.inv(longitude, latitude, float(place["lon"]), float(place["lat"]))[2] <= 500
    ]
    rows = await pool.fetch(
        """
        SELECT
            to_char(v.month, 'YYYY-MM') AS month, kind.value AS category,
            lower(trim(p.street_name)) AS street, coalesce(said.value, '') AS outcome, count(*)::integer AS n
        FROM street_crime AS c
        JOIN current_version AS v ON v.version_id = c.version_id
        JOIN snap_point AS p ON p.id = c.snap_point_id
        JOIN label AS kind ON kind.id = c.category_id
        JOIN label AS said ON said.id = c.outcome_id
        WHERE c.snap_point_id = ANY($1) AND v.month BETWEEN $2 AND $3
        GROUP BY 1, 2, 3, 4
        """,
        near, first, last,
    )  # fmt: skip

    def by(column: str, *, crimes_only: bool = False) -> Counter[str]:
        counts: Counter[str] = Counter()
        for row in rows:
            if not (crimes_only and row["category"] == "anti-social-behaviour"):
                counts[row[column]] += row["n"]
        return counts

    assert {month.month: month.crimes for month in figures.months if month.crimes} == by("month")
    assert {row.slug: row.crimes for row in figures.categories if row.crimes} == by("category")
    groups: Counter[str] = Counter()
    for name, n in by("outcome", crimes_only=True).items():
        groups[GROUP.get(name, "none")] += n
    assert {slug: n for slug, n in figures.outcomes.items() if n} == groups
    assert [row.crimes for row in figures.locations] == sorted(by("street").values(), reverse=True)[:10]


async def test_the_country_is_the_areas_whose_forces_have_published(pool: asyncpg.Pool) -> None:
    run = sample_run(Dataset.STREET, "2018-10", forces=("city-of-london", "kent", "surrey", "btp"))
    await loaded(loader_store(pool), run)
    await Hexer(pool).rebuild(Dataset.STREET, run.month)
    counts, _ = await CountsStore(pool, AREAS).read("X", *PLACES["EC2M 7PY"], "the test", Tier.PREMIUM)
    rows = csv_rows(Dataset.STREET, "2018-10", ("city-of-london", "kent", "surrey", "btp"))
    inside = [
        row for row in rows if row["Longitude"] and area_of(row) in {"city-of-london", "kent", "surrey"}
    ]
    assert counts.country_forces == 3
    assert counts.country == Counter(CATEGORY[row["Crime type"]] for row in inside)
    enough = replace(counts, country_forces=43)
    mix = work_out(enough).categories
    for row in mix:
        share = sum(CATEGORY[r["Crime type"]] == row.slug for r in inside) / len(inside)
        assert row.country_share == round(100 * share, 1)
        assert row.share is not None
        assert row.country_pp == pytest.approx(row.share - row.country_share, abs=0.05)


async def test_months_without_the_railway_police_are_counted_apart(pool: asyncpg.Pool) -> None:
    for month, forces in (("2018-10", ("city-of-london",)), ("2018-11", ("city-of-london", "btp"))):
        run = sample_run(Dataset.STREET, month, forces=forces)
        await loaded(loader_store(pool), run)
        await Hexer(pool).rebuild(Dataset.STREET, run.month)
    figures = await figures_of(pool, "EC2M 7PY", Tier.PREMIUM)
    assert len(near("EC2M 7PY", csv_rows(Dataset.STREET, "2018-11", ("btp",)))) > 0
    assert [month.state for month in figures.months] == ["published", "published"]
    assert figures.railway_months == 1


async def test_the_same_data_give_the_same_checksum_and_another_version_another(pool: asyncpg.Pool) -> None:
    await load_city(pool, ["2018-10", "2018-11"])
    first = await figures_of(pool, "EC2M 7PY", Tier.ESSENTIAL)
    assert checksum(await figures_of(pool, "EC2M 7PY", Tier.ESSENTIAL)) == checksum(first)
    await load_city(pool, ["2018-12"])
    second = await figures_of(pool, "EC2M 7PY", Tier.ESSENTIAL)
    assert (first.last_month, second.last_month) == ("2018-11", "2018-12")
    assert checksum(second) != checksum(first)
    assert second.revision != first.revision


@pytest.mark.parametrize(
    ("latitude", "longitude", "code"),
    [
        (53.4794, -2.2453, "force-not-published"),  # Manchester: nothing at all came
        (55.9533, -3.1883, "no-police-area"),  # Edinburgh
    ],
)
async def test_a_place_of_which_nothing_is_published_gets_no_report(
    pool: asyncpg.Pool, latitude: float, longitude: float, code: str
) -> None:
    await load_city(pool, ["2018-10"])
    with pytest.raises(Refusal) as refused:
        await CountsStore(pool, AREAS).read("X", latitude, longitude, "the test", Tier.PREMIUM)
    assert refused.value.code == code


async def test_without_any_month_there_is_no_report(pool: asyncpg.Pool) -> None:
    with pytest.raises(Refusal, match="no month of street crimes is loaded"):
        await figures_of(pool, "EC2M 7PY", Tier.ESSENTIAL)
