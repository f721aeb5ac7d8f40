"""Reference tables, freshness and postcodes over HTTP."""

import csv
from pathlib import Path

import asyncpg
import pytest

import shared.reference
from shared.model import Dataset
from tests.component.gateway.country import CHARGED, CITY, NOVEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.server import Client, get
from tests.component.reporter.desk import load_postcodes

FOLDER = Path(shared.reference.__file__).parent


def published(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


async def test_tables_are_those_of_the_reference_files(client: Client) -> None:
    categories = (await get(client, "/api/v1/reference/categories"))["data"]
    assert [one["slug"] for one in categories] == [row["slug"] for row in published("categories.csv")]
    outcomes = (await get(client, "/api/v1/reference/outcomes"))["data"]
    assert {one["code"]: one["group"] for one in outcomes["street"]} == {
        row["code"]: row["group"] for row in published("street_outcomes.csv")
    }
    assert len(outcomes["stops"]) == len(published("stop_outcomes.csv"))
    ons = (await get(client, "/api/v1/reference/ons"))["data"]
    assert ons["edition"] == "year ending December 2024"
    assert {area: rates["burglary"] for area, rates in ons["rates"].items()} == {
        row["area"]: float(row["burglary"]) for row in published("ons_rates.csv")
    }


async def test_the_methodology_names_the_numbers_that_the_code_works_with(client: Client) -> None:
    facts = (await get(client, "/api/v1/methodology"))["data"]
    assert facts["hexagons"]["edge_lengths_m"] == [275, 1100, 4400, 17600]
    assert facts["reports"] == {
        "radius_m": 500, "figures_version": 3,
        "tiers_months": {"essential": 12, "professional": 24, "standard": 60, "premium": None},
    }  # fmt: skip
    assert len(facts["limitations"]) == 7


async def test_an_unknown_table_is_refused_with_those_that_there_are(client: Client) -> None:
    problem = await get(client, "/api/v1/reference/horoscopes", 404)
    assert problem["valid"] == ["categories", "outcomes", "ons", "methodology"]


async def test_what_changes_with_a_release_only_is_not_sent_twice(client: Client) -> None:
    first = await client.get("/api/v1/reference/ons")
    again = await client.get("/api/v1/reference/ons", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_police_areas_are_polygons_without_northern_ireland(client: Client) -> None:
    areas = await get(client, "/api/v1/forces/areas")
    forces = {one["properties"]["force"] for one in areas["features"]}
    assert len(forces) == 43
    assert "northern-ireland" not in forces
    assert {one["geometry"]["type"] for one in areas["features"]} <= {"Polygon", "MultiPolygon"}


async def test_words_are_what_filters_take(client: Client, country: Country) -> None:
    await country.load(Dataset.STREET, OCTOBER, [(CITY, "burglary", CHARGED)])
    words = (await get(client, "/api/v1/words"))["datasets"]["street"]
    assert words["outcome"] == {"suspect-charged": CHARGED}
    answer = await get(client, "/api/v1/statistics/street", outcome="suspect-charged")
    assert answer["total"] == 1


async def test_freshness_names_the_newest_month_and_nothing_where_nothing_is(
    client: Client, country: Country
) -> None:
    assert (await get(client, "/api/v1/freshness"))["datasets"] == dict.fromkeys(
        ("street", "outcomes", "stops")
    )
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    version = await country.load(Dataset.STREET, NOVEMBER, ROWS, cells=False)
    newest = (await get(client, "/api/v1/freshness"))["datasets"]["street"]
    assert (newest["month"], newest["version"], newest["months"]) == ("2018-11", version, 2)
    assert newest["counted_at"] is None


async def test_a_postcode_has_a_place_and_a_police_area(client: Client, pool: asyncpg.Pool) -> None:
    await load_postcodes(pool)
    place = await get(client, "/api/v1/postcodes/ec2m7py")
    assert (place["postcode"], place["force"]) == ("EC2M 7PY", "city-of-london")
    assert place["latitude"] == pytest.approx(51.519, abs=0.01)


@pytest.mark.parametrize(
    ("postcode", "status", "named"),
    [("SW1A", 400, "first part"), ("EH1 1AA", 422, "Scotland"), ("%00", 400, "not a postcode")],
)
async def test_what_is_no_postcode_here_is_told_why(
    client: Client, pool: asyncpg.Pool, postcode: str, status: int, named: str
) -> None:
    await load_postcodes(pool)
    assert named in (await get(client, f"/api/v1/postcodes/{postcode}", status))["detail"]
