"""Statistics over HTTP: every number against a count of the records."""

import csv
import io
from collections import Counter

import asyncpg
import pytest

from shared.model import Dataset
from tests.component.gateway.country import MANCHESTER, NOVEMBER, OCTOBER, ROWS, Country, Row
from tests.component.gateway.server import Client, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS
URL = "/api/v1/statistics/street"


def rows_by(answer: dict[str, object], *names: str) -> dict[tuple[object, ...], object]:
    rows = answer["rows"]
    assert isinstance(rows, list)
    return {tuple(row[name] for name in names): row["count"] for row in rows}


async def test_counts_by_category_are_those_of_the_records(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    answer = await get(client, URL, month="2018-10")
    assert rows_by(answer, "category") == {
        (name,): n for name, n in Counter(category for _, category, _ in ROWS).items()
    }
    assert answer["total"] == len(ROWS)
    assert [row["share"] for row in answer["rows"]] == [
        round(100 * row["count"] / len(ROWS), 1) for row in answer["rows"]
    ]
    assert answer["data_version"].keys() == {"2018-10"}


async def test_filters_and_dimensions_agree_with_sql(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, NOVEMBER, ROWS[3:12])
    answer = await get(
        client, URL, month="2018-10..2018-11", by="month,force,outcome_group", category="robbery,burglary"
    )
    counted = await pool.fetch(
        """
        SELECT to_char(v.month, 'YYYY-MM'),
            CASE WHEN p.location_type = 'BTP' THEN 'btp' ELSE coalesce(f.slug, 'outside-police-areas') END,
            o.group_slug, count(*)
        FROM street_crime AS c
        JOIN current_version AS v ON v.version_id = c.version_id
        JOIN snap_point AS p ON p.id = c.snap_point_id
        LEFT JOIN force AS f ON f.id = p.force_id
        JOIN label AS l ON l.id = c.category_id
        JOIN outcome AS o ON o.id = c.outcome_id
        WHERE l.value IN ('robbery', 'burglary')
        GROUP BY 1, 2, 3
        """
    )
    assert rows_by(answer, "month", "force", "outcome_group") == {tuple(row)[:3]: row[3] for row in counted}
    assert answer["total"] == sum(row[3] for row in counted)


async def test_a_force_that_published_nothing_has_no_count_instead_of_zero(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, [row for row in ROWS if row[0] is not MANCHESTER])
    answer = await get(client, URL, month="2018-10", by="force", force="greater-manchester,city-of-london")
    assert rows_by(answer, "force") == {("city-of-london",): 12, ("greater-manchester",): None}
    assert ("2018-10", "greater-manchester") in {(gap["month"], gap["force"]) for gap in answer["gaps"]}


async def test_months_that_are_not_held_are_named(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    answer = await get(client, URL, month="2018-09..2018-10", by="month")
    assert answer["missing_months"] == ["2018-09"]
    assert rows_by(answer, "month") == {("2018-10",): len(ROWS)}
    problem = await get(client, URL, 404, month="2017-01")
    assert problem["valid"] == ["2018-10"]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"by": "postcode"}, "month, force, category, outcome, outcome_group, located"),
        ({"by": "month,force,category,outcome"}, "at most 3"),
        ({"force": "camelot"}, "city-of-london"),
        ({"category": "jaywalking"}, "burglary"),
        ({"outcome_group": "good"}, "positive"),
        ({"located": "maybe"}, "false, true"),
        ({"month": "2018-13"}, "YYYY-MM"),
        ({"ethnicity": "x"}, "no such parameter"),
    ],
)
async def test_what_does_not_exist_is_refused_with_what_does(
    client: Client, country: Country, parameters: dict[str, str], named: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    problem = await get(client, URL, 400, **parameters)
    assert named in problem["detail"]


async def test_the_table_is_the_same_as_csv(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    answer = await get(client, URL, month="2018-10", by="category,located")
    by_ending = await client.get(f"{URL}.csv?month=2018-10&by=category,located")
    by_header = await client.get(f"{URL}?month=2018-10&by=category,located", headers={"Accept": "text/csv"})
    assert by_ending.text == by_header.text
    assert by_ending.headers["content-type"] == "text/csv; charset=utf-8"
    as_json = await client.get(f"{URL}?month=2018-10&by=category,located")
    assert as_json.headers["etag"] != by_header.headers["etag"] == by_ending.headers["etag"]
    assert as_json.headers["vary"] == "Accept, Accept-Encoding"
    rows = list(csv.DictReader(io.StringIO(by_ending.text)))
    assert [(row["category"], row["located"] == "true", int(row["count"])) for row in rows] == [
        (row["category"], row["located"], row["count"]) for row in answer["rows"]
    ]


async def test_new_data_are_counted_at_once(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    first = await client.get(f"{URL}?month=2018-10")
    again = await client.get(f"{URL}?month=2018-10", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    await country.load(STREET, OCTOBER, ROWS[:4])
    new = await client.get(f"{URL}?month=2018-10", headers={"If-None-Match": first.headers["etag"]})
    assert new.status_code == 200
    assert new.json()["total"] == 4


# People

PEOPLE: list[Row] = [
    *[(MANCHESTER, "Controlled drugs", "Arrest")] * 9,
    *[(MANCHESTER, "Stolen goods", "Arrest")] * 2,
    *[(MANCHESTER, "Firearms", "Arrest")] * 8,
]


async def test_stops_are_counted_by_object_exactly(client: Client, country: Country) -> None:
    await country.load(STOPS, OCTOBER, PEOPLE)
    answer = await get(client, "/api/v1/statistics/stops", month="2018-10")
    assert rows_by(answer, "object") == {
        ("controlled-drugs",): 9, ("firearms",): 8, ("stolen-goods",): 2
    }  # fmt: skip
    assert answer["labels"]["object"]["stolen-goods"] == "Stolen goods"


async def test_few_people_are_not_told_and_cannot_be_subtracted(client: Client, country: Country) -> None:
    await country.load(STOPS, OCTOBER, PEOPLE)
    answer = await get(client, "/api/v1/statistics/stops", month="2018-10", by="object,gender")
    # Two stolen goods are hidden, and with them the eight of the next larger group.
    assert sorted((row["object"], row["count"]) for row in answer["rows"]) == [
        ("controlled-drugs", 9), ("firearms", None), ("stolen-goods", None),
    ]  # fmt: skip
    assert answer["total"] == 19
    alone = await get(client, "/api/v1/statistics/stops", month="2018-10", by="gender", object="stolen-goods")
    assert alone["total"] is None
    assert [row["count"] for row in alone["rows"]] == [None]


async def test_three_characteristics_of_people_are_never_combined(client: Client, country: Country) -> None:
    await country.load(STOPS, OCTOBER, PEOPLE)
    problem = await get(
        client,
        "/api/v1/statistics/stops",
        400,
        by="gender,age_range",
        self_ethnicity="not-recorded,controlled-drugs",
    )
    assert "none of" in problem["detail"]
    words = (await get(client, "/api/v1/statistics/stops", by="self_ethnicity"))["rows"]
    problem = await get(
        client,
        "/api/v1/statistics/stops",
        400,
        by="gender,age_range",
        self_ethnicity=words[0]["self_ethnicity"],
    )
    assert "at most 2" in problem["detail"]


async def test_the_sum_of_hidden_groups_tells_none_of_them(client: Client, country: Country) -> None:
    people: list[Row] = [
        *[(MANCHESTER, "Controlled drugs", "Arrest")] * 40,
        *[(MANCHESTER, "Firearms", "Arrest")] * 30,
        *[(MANCHESTER, "Stolen goods", "Arrest")] * 1,
        *[(MANCHESTER, "Fireworks", "Arrest")] * 1,
    ]
    await country.load(STOPS, OCTOBER, people)
    answer = await get(client, "/api/v1/statistics/stops", month="2018-10", by="object", gender="male")
    # The two of one are hidden with the thirty: 72 - 40 is the sum of three.
    assert [(row["object"], row["count"]) for row in answer["rows"] if row["count"]] == [
        ("controlled-drugs", 40)
    ]
    assert answer["total"] == 72
    few = await get(client, "/api/v1/statistics/stops", month="2018-10", by="gender", object="fireworks")
    assert (few["total"], few["rows"][0]["count"]) == (None, None)
    table = (await client.get("/api/v1/statistics/stops.csv?month=2018-10&by=object,gender")).text
    assert "stolen-goods,male,,,true" in table


async def test_counts_older_than_what_is_loaded_are_unknown_instead_of_zero(
    client: Client, country: Country
) -> None:
    await country.people(100, "city-of-london", "greater-manchester")
    await country.load(STREET, OCTOBER, [row for row in ROWS if row[0] is not MANCHESTER])
    await country.load(STREET, OCTOBER, ROWS, cells=False)
    one = await get(client, URL, month="2018-10", force="greater-manchester")
    assert one["total"] is None
    both = await get(client, URL, month="2018-10", by="force", force="greater-manchester,city-of-london")
    assert rows_by(both, "force") == {("city-of-london",): 12, ("greater-manchester",): None}


async def test_nothing_published_has_no_total(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, [row for row in ROWS if row[0] is not MANCHESTER])
    answer = await get(client, URL, month="2018-10", force="greater-manchester")
    assert (answer["rows"], answer["total"]) == ([], None)
    assert (await get(client, URL, month="2018-10", force="city-of-london", category="drugs"))["total"] == 0
    assert (await get(client, "/api/v1/outcome-funnel", force="greater-manchester"))["rows"] == []


async def test_a_list_without_end_is_refused(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    for name, text in (
        ("month", "2010-12..2018-12," * 150),
        ("category", "a," * 1500),
        ("force", "a," * 1500),
    ):
        problem = await get(client, URL, 400, **{name: text})
        assert "at most 2000" in problem["detail"]
