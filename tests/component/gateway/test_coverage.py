"""What is held, what is missing, and how we know."""

from typing import Any

import asyncpg

from shared.model import Dataset
from tests.component.gateway.country import CITY, DECEMBER, NOVEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.server import Client, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS


async def states(client: Client, dataset: Dataset, month: str = "2018-10") -> dict[str | None, Any]:
    """The rows of one month by force."""
    coverage = await get(client, "/api/v1/coverage", dataset=dataset, month=month)
    return {row["force"]: row for row in coverage["datasets"][0]["months"][0]["forces"]}


async def test_a_force_without_records_is_not_published_and_not_zero(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")] * 7)
    for dataset in (STREET, STOPS):
        kent = (await states(client, dataset))["kent"]
        assert (kent["state"], kent["records"], kent["located"]) == ("not_published", None, None)
        assert kent["evidence"]


async def test_btp_places_outside_every_area_and_unlocated_records_are_told_apart(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    rows = await states(client, STREET)
    numbers = {
        force: (row["records"], row["located"], row["unlocated"])
        for force, row in rows.items()
        if row["records"] is not None
    }
    assert numbers == {
        "city-of-london": (12, 7, 5),
        "btp": (3, 3, 0),
        "greater-manchester": (6, 6, 0),
        None: (2, 2, 0),
    }
    month = (await get(client, "/api/v1/coverage", dataset="street"))["datasets"][0]["months"][0]
    assert (month["records"], month["located"], month["unlocated"]) == (23, 18, 5)


async def test_an_area_with_only_its_neighbours_records_is_not_published(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    rows = await states(client, STREET)
    assert (rows["greater-manchester"]["state"], rows["greater-manchester"]["records"]) == (
        "not_published",
        6,
    )
    assert "2,948,600 residents" in rows["greater-manchester"]["evidence"]
    assert rows["city-of-london"]["state"] == "published"


async def test_a_month_far_below_the_months_before_is_suspected(client: Client, country: Country) -> None:
    for month in (7, 8, 9):
        await country.load(STOPS, OCTOBER.replace(month=month), [(CITY, None, "Arrest")] * 40)
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")] * 7)
    await country.load(STOPS, NOVEMBER, [(CITY, None, "Arrest")] * 8)
    assert (await states(client, STOPS))["city-of-london"]["state"] == "partial_suspected"
    assert (await states(client, STOPS, "2018-11"))["city-of-london"]["state"] == "published"


async def test_a_listed_force_with_an_empty_list_is_published_empty(client: Client, country: Country) -> None:
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")], empty_lists=("kent",))
    rows = await states(client, STOPS)
    assert (rows["kent"]["state"], rows["kent"]["records"]) == ("published_empty", 0)
    assert rows["surrey"]["state"] == "not_published"


async def test_a_run_that_asked_every_force_proves_no_empty_list(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    slugs = [row["slug"] for row in await pool.fetch("SELECT slug FROM force")]
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")], empty_lists=tuple(slugs))
    assert (await states(client, STOPS))["kent"]["state"] == "not_published"


async def test_a_force_that_was_not_asked_for_is_not_loaded(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 20, asked=["city-of-london"])
    rows = await states(client, STREET)
    assert (rows["kent"]["state"], rows["kent"]["records"]) == ("not_loaded", None)
    assert rows["city-of-london"]["state"] == "published"
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 21)
    assert (await states(client, STREET))["kent"]["state"] == "not_published"


async def test_what_is_not_seen_any_more_says_nothing_of_what_was_asked(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    first = await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 20, asked=["city-of-london"])
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 21)
    assert (await states(client, STREET))["kent"]["state"] == "not_published"
    await pool.execute("UPDATE current_version SET version_id = $1", first)
    assert (await states(client, STREET))["kent"]["state"] == "not_loaded"


async def test_a_month_that_is_not_loaded_is_named_and_has_no_numbers(
    client: Client, country: Country
) -> None:
    for month in (OCTOBER, DECEMBER):
        await country.load(STREET, month, ROWS)
    street = (await get(client, "/api/v1/coverage", dataset="street", month="2018-11"))["datasets"][0]
    assert street["missing_months"] == ["2018-11"]
    assert (street["records"], street["first_month"], street["last_month"]) == (46, "2018-10", "2018-12")
    november = street["months"][0]
    assert (november["loaded"], november["records"], november["version"]) == (False, None, None)
    assert {row["state"] for row in november["forces"]} == {"not_loaded"}
    assert {row["records"] for row in november["forces"]} == {None}


async def test_a_refused_month_is_listed_with_reasons_until_a_newer_verdict(
    client: Client, country: Country
) -> None:
    version = await country.load(STREET, OCTOBER, ROWS)
    await country.decide(STREET, OCTOBER, "rejected")
    coverage = await get(client, "/api/v1/coverage", dataset="street")
    (refused,) = coverage["rejected"]
    assert (refused["month"], refused["kept_version"]) == ("2018-10", version)
    assert refused["reasons"] == ["kent went from 900 to 3 records"]
    assert coverage["datasets"][0]["months"][0]["version"] == version
    assert "kent went from 900 to 3 records" in (await client.get("/")).text
    await country.load(STREET, OCTOBER, ROWS[:-1])
    assert (await get(client, "/api/v1/coverage"))["rejected"] == []


async def test_the_proof_counts_the_records_themselves(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    version = await country.load(STREET, OCTOBER, ROWS, set_aside=3)
    proof = await get(client, "/api/v1/coverage/proof", dataset="street", month="2018-10")
    assert proof["holds"] is True
    assert (proof["version"], proof["received"], proof["counted"]) == (version, 28, 23)
    assert proof["set_aside_reasons"] == [{"reason": "no month", "records": 3}]
    await pool.execute("DELETE FROM street_crime WHERE version_id = $1 AND ordinal = 0", version)
    proof = await get(client, "/api/v1/coverage/proof", dataset="street", month="2018-10")
    assert (proof["holds"], proof["counted"]) == (False, 22)


async def test_forces_have_the_months_with_their_records(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, DECEMBER, [(CITY, "drugs", None)])
    forces = {force["id"]: force for force in (await get(client, "/api/v1/forces"))["forces"]}
    assert len(forces) == 45
    assert forces["city-of-london"]["datasets"] == {
        "street": {"first_month": "2018-10", "last_month": "2018-12", "months": 2}
    }
    assert forces["btp"]["datasets"]["street"]["last_month"] == "2018-10"
    assert forces["kent"] == {"id": "kent", "name": "Kent Police", "population": 1897100, "datasets": {}}
