"""Trends, cohorts and comparisons over HTTP: every number worked out again from the records."""

from collections import Counter
from datetime import date

import pytest

from shared.model import Dataset, format_month, months_after
from tests.component.gateway.country import (
    AT_SEA,
    BANK,
    CHARGED,
    CITY,
    MANCHESTER,
    NO_SUSPECT,
    STATION,
    Country,
    Row,
)
from tests.component.gateway.server import Client, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS
FIRST = date(2017, 1, 1)
TREND = "/api/v1/trends/street"


@pytest.fixture(autouse=True)
async def few_people(country: Country) -> None:
    await country.people(100, "city-of-london", "greater-manchester")


def crimes(n: int) -> list[Row]:
    return [(CITY, "burglary", CHARGED)] * n


async def load_months(country: Country, counts: list[int | None]) -> None:
    """A month after the other; None is one that is not loaded."""
    for back, n in enumerate(counts):
        if n is not None:
            await country.load(STREET, months_after(FIRST, back), crimes(n))


async def test_a_month_stands_beside_the_year_before_and_twelve_months(
    client: Client, country: Country
) -> None:
    counts = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7]
    await load_months(country, list(counts))
    rows = {row["month"]: row for row in (await get(client, TREND, force="city-of-london"))["rows"]}
    assert len(rows) == 14
    assert rows["2018-01"] == {
        "month": "2018-01", "count": 9, "same_month_last_year": 3, "change": 6, "change_percent": 200.0,
        "rolling_12": sum(counts[1:13]), "rolling_12_last_year": None,
    }  # fmt: skip
    assert rows["2017-12"]["rolling_12"] == sum(counts[:12])
    assert rows["2017-11"]["rolling_12"] is None


async def test_a_missing_month_leaves_every_sum_over_it_unknown(client: Client, country: Country) -> None:
    await load_months(country, [3, 1, None, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 2])
    answer = await get(client, TREND, force="city-of-london")
    rows = {row["month"]: row for row in answer["rows"]}
    assert answer["missing_months"] == ["2017-03"]
    assert rows["2017-03"]["count"] is None
    assert (rows["2018-03"]["count"], rows["2018-03"]["change"]) == (2, None)
    assert rows["2018-02"]["rolling_12"] is None
    assert rows["2018-02"]["change"] == 6


async def test_a_force_that_published_nothing_is_unknown_not_zero(client: Client, country: Country) -> None:
    await country.load(STREET, FIRST, [*crimes(3), (MANCHESTER, "drugs", None)])
    await country.load(STREET, months_after(FIRST, 1), crimes(2))
    rows = (await get(client, TREND, force="greater-manchester"))["rows"]
    assert [row["count"] for row in rows] == [1, None]


async def test_what_neighbours_published_in_an_area_is_no_count_of_its_force(
    client: Client, country: Country
) -> None:
    await country.people(20_000, "greater-manchester")
    for back, n in enumerate((12, 11, 9)):
        await country.load(STREET, months_after(FIRST, back), [(MANCHESTER, "drugs", None)] * n)
    answer = await get(client, TREND, force="greater-manchester")
    assert [row["count"] for row in answer["rows"]] == [12, 11, None]
    assert [(gap["month"], gap["state"]) for gap in answer["gaps"]] == [("2017-03", "not_published")]


async def test_a_sum_of_forces_of_which_one_told_nothing_is_unknown(client: Client, country: Country) -> None:
    await country.load(STREET, FIRST, [*crimes(3), (MANCHESTER, "drugs", None)])
    await country.load(STREET, months_after(FIRST, 1), crimes(2))
    both = await get(client, TREND, force="city-of-london,greater-manchester")
    assert [row["count"] for row in both["rows"]] == [4, None]
    every = await get(client, TREND)
    assert [row["count"] for row in every["rows"]] == [4, 2]
    assert "all forces together are counted as far as they published: see gaps" in every["notes"]
    cohorts = await get(client, "/api/v1/outcome-funnel", force="city-of-london,greater-manchester")
    assert [row["month"] for row in cohorts["rows"]] == ["2017-01"]


async def test_gaps_of_the_year_before_are_named_where_they_touch_a_sum(
    client: Client, country: Country
) -> None:
    await load_months(country, [3, 0, *[2] * 12])
    answer = await get(client, TREND, force="city-of-london", month="2018-02")
    assert (answer["rows"][0]["count"], answer["rows"][0]["change"]) == (2, None)
    assert [gap["month"] for gap in answer["gaps"]] == ["2017-02"]
    assert len(answer["data_version"]) == 14


async def test_counts_older_than_what_is_loaded_are_unknown_instead_of_zero(
    client: Client, country: Country
) -> None:
    await country.load(STREET, FIRST, crimes(3))
    await country.load(STREET, FIRST, [*crimes(3), (MANCHESTER, "drugs", None)], cells=False)
    answer = await get(client, TREND, force="greater-manchester")
    assert [row["count"] for row in answer["rows"]] == [None]
    assert answer["notes"] == ["2017-01: a newer version is loaded and not counted yet"]
    assert (await get(client, "/api/v1/outcome-funnel", force="greater-manchester"))["rows"] == []


async def test_cohorts_count_what_is_published_of_the_crimes_of_a_month(
    client: Client, country: Country
) -> None:
    rows: list[Row] = [
        *[(CITY, "burglary", CHARGED)] * 3,
        *[(CITY, "drugs", "Local resolution")] * 2,
        *[(CITY, "drugs", "Under investigation")] * 4,
        *[(BANK, "robbery", NO_SUSPECT)] * 5,
        *[(BANK, "robbery", None)] * 1,
        *[(BANK, "anti-social-behaviour", None)] * 7,
    ]
    await country.load(STREET, FIRST, rows)
    await country.load(STREET, months_after(FIRST, 12), rows[:3])
    old, new = (await get(client, "/api/v1/outcome-funnel"))["rows"]
    assert (old["month"], old["crimes"], old["pending"]) == ("2017-01", 15, 4)
    assert old["groups"]["positive"] == 3
    assert old["groups"]["local_resolution"] == 2
    assert old["with_outcome"] == sum(
        n for group, n in old["groups"].items() if group not in ("none", "unmapped")
    )
    decided = sum(old["groups"][group] for group in ("positive", "local_resolution", "negative"))
    assert old["resolution_rate"] == round(100 * 5 / decided, 1)
    assert (old["is_finished"], new["is_finished"]) == (True, False)
    drugs = (await get(client, "/api/v1/outcome-funnel", category="drugs", month="2017-01"))["rows"]
    assert drugs[0]["crimes"] == 6


async def test_two_places_are_compared_by_shares(client: Client, country: Country) -> None:
    here: list[Row] = [*[(CITY, "burglary", None)] * 35, *[(CITY, "drugs", None)] * 65]
    there: list[Row] = [*[(MANCHESTER, "burglary", None)] * 28, *[(MANCHESTER, "robbery", None)] * 72]
    await country.load(STREET, FIRST, [*here, *there])
    url = "/api/v1/comparisons/street"
    answer = await get(client, url, a="city-of-london", b="greater-manchester")
    rows = {row["slug"]: row for row in answer["rows"]}
    assert (rows["burglary"]["a_share"], rows["burglary"]["b_share"]) == (35.0, 28.0)
    assert rows["burglary"]["difference_pp"] == 7.0
    assert (rows["robbery"]["a_count"], rows["robbery"]["difference_pp"]) == (0, -72.0)
    country_wide = await get(client, url, a="city-of-london")
    await country.load(STREET, FIRST, [*here, *there, (AT_SEA, "drugs", None), (STATION, "drugs", None)])
    country_wide = await get(client, url, a="city-of-london")
    # Neither what lies in no police area nor the British Transport Police is of England and Wales.
    shares = Counter(category for _, category, _ in [*here, *there])
    assert {row["slug"]: row["b_count"] for row in country_wide["rows"]} == dict(shares)


async def test_months_that_one_side_did_not_publish_are_left_out_of_it(
    client: Client, country: Country
) -> None:
    await country.load(STREET, FIRST, [*crimes(3), (MANCHESTER, "drugs", None)])
    await country.load(STREET, months_after(FIRST, 1), crimes(2))
    answer = await get(
        client,
        "/api/v1/comparisons/street",
        a="greater-manchester",
        b="city-of-london",
        month="2017-01..2017-02",
    )
    assert (answer["a"]["total"], answer["b"]["total"]) == (1, 5)
    assert any("greater-manchester published nothing in 2017-02" in note for note in answer["a"]["notes"])


async def test_an_area_whose_force_told_nothing_is_not_made_of_what_others_told(
    client: Client, country: Country
) -> None:
    await country.people(10_000, "greater-manchester")
    drugs: Row = (MANCHESTER, "drugs", None)
    railway: Row = (("greater-manchester", MANCHESTER[1], "BTP"), "robbery", None)
    await country.load(STREET, FIRST, [*crimes(3), *[drugs] * 6, railway])
    await country.load(STREET, months_after(FIRST, 1), [*crimes(2), *[drugs] * 2, railway])
    longitude, latitude = MANCHESTER[1] or (0, 0)
    circle = f"circle:{latitude},{longitude},500"
    answer = await get(client, "/api/v1/comparisons/street", a=circle, month="2017-01..2017-02")
    assert answer["a"]["total"] == 7
    assert "no force of this area published anything in 2017-02: left out" in answer["a"]["notes"]


async def test_two_periods_are_compared(client: Client, country: Country) -> None:
    await load_months(country, [3, 1])
    answer = await get(
        client,
        "/api/v1/comparisons/street",
        a="city-of-london", b="city-of-london", month="2017-01", month_b="2017-02",
    )  # fmt: skip
    assert (answer["a"]["months"], answer["b"]["months"]) == (["2017-01"], ["2017-02"])
    assert (answer["a"]["total"], answer["b"]["total"]) == (3, 1)


async def test_shares_stand_beside_those_of_ons(client: Client, country: Country) -> None:
    rows_there: list[Row] = [
        *[(MANCHESTER, "burglary", None)] * 30,
        *[(MANCHESTER, "drugs", None)] * 10,
        *[(MANCHESTER, "anti-social-behaviour", None)] * 50,
    ]
    await country.load(STREET, FIRST, rows_there)
    answer = await get(client, "/api/v1/comparisons/ons", force="greater-manchester")
    rows = {row["category"]: row for row in answer["rows"]}
    assert answer["total"] == 40
    assert "anti-social-behaviour" not in rows
    assert rows["burglary"]["share"] == 75.0
    assert rows["burglary"]["difference_pp"] == round(75.0 - rows["burglary"]["ons_share"], 1)
    assert answer["edition"] == "year ending December 2024"
    assert sum(row["ons_share"] for row in answer["rows"]) == pytest.approx(100, abs=1)


@pytest.mark.parametrize(
    ("url", "parameters", "named"),
    [
        ("/api/v1/comparisons/street", {}, "a: is missing"),
        ("/api/v1/comparisons/street", {"a": "camelot"}, "england-and-wales"),
        ("/api/v1/comparisons/street", {"a": "kent", "by": "gender"}, "category, outcome"),
        ("/api/v1/comparisons/stops", {"a": "kent", "by": "gender"}, "object"),
        ("/api/v1/comparisons/ons", {"force": "btp"}, "kent"),
        ("/api/v1/outcome-funnel", {"outcome": "x"}, "no such parameter"),
        (TREND, {"force": "camelot"}, "kent"),
    ],
)
async def test_what_cannot_be_compared_is_refused_with_what_can(
    client: Client, country: Country, url: str, parameters: dict[str, str], named: str
) -> None:
    await country.load(STREET, FIRST, crimes(3))
    await country.load(STOPS, FIRST, crimes(3))
    assert named in (await get(client, url, 400, **parameters))["detail"]


async def test_few_people_are_no_point_of_a_trend(client: Client, country: Country) -> None:
    await country.load(STOPS, FIRST, [(MANCHESTER, "Stolen goods", "Arrest")] * 4)
    url = "/api/v1/trends/stops"
    assert [row["count"] for row in (await get(client, url))["rows"]] == [4]
    assert [row["count"] for row in (await get(client, url, gender="male"))["rows"]] == [None]


async def test_a_trend_is_a_table_too(client: Client, country: Country) -> None:
    await load_months(country, [3, 1])
    lines = (await client.get(f"{TREND}.csv")).text.splitlines()
    assert lines[0].startswith("month,count,same_month_last_year")
    assert lines[1] == f"{format_month(FIRST)},3,,,,,"


async def test_an_area_is_compared_with_its_force(client: Client, country: Country) -> None:
    rows: list[Row] = [
        *[(CITY, "burglary", CHARGED)] * 3,
        *[(CITY, "drugs", None)] * 1,
        *[(BANK, "robbery", NO_SUSPECT)] * 4,
        *[(MANCHESTER, "burglary", None)] * 6,
    ]
    await country.load(STREET, FIRST, rows)
    longitude, latitude = CITY[1] or (0, 0)
    # The Bank is 340 m away.
    for a, total in (("circle", 4), ("wide", 8), ("bbox", 4), ("polygon", 4)):
        west, south, east, north = longitude - 0.002, latitude - 0.001, longitude + 0.002, latitude + 0.001
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        place = {
            "circle": f"circle:{latitude},{longitude},200",
            "wide": f"circle:{latitude},{longitude},500",
            "bbox": f"bbox:{west},{south},{east},{north}",
            "polygon": 'polygon:{"type":"Polygon","coordinates":[' + str(ring) + "]}",
        }[a]
        answer = await get(client, "/api/v1/comparisons/street", a=place, b="city-of-london")
        assert (answer["a"]["total"], answer["b"]["total"]) == (total, 8), a
    burglary = next(row for row in answer["rows"] if row["slug"] == "burglary")
    assert (burglary["a_count"], burglary["a_share"], burglary["b_share"]) == (3, 75.0, 37.5)
    charged = await get(
        client, "/api/v1/comparisons/street", a=f"circle:{latitude},{longitude},200", by="outcome_group",
        category="burglary",
    )  # fmt: skip
    assert [(row["slug"], row["a_count"]) for row in charged["rows"]] == [("positive", 3), ("none", 0)]


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("circle:51.5", "longitude"),
        ("circle:51.5,-0.1,9000", "at most 5000"),
        ("bbox:-3,50,1,54", "at most 400 km²"),
        ("bbox:-180,49,180,61", "wider or higher than 10 degrees"),
        ("bbox:-9,49,0.9,59", "at most 400 km²"),
        ("polygon:nonsense", "GeoJSON"),
        ("town:Bath", "england-and-wales"),
        ("postcode:SW1A", "first part"),
    ],
)
async def test_an_area_that_cannot_be_compared_is_refused(
    client: Client, country: Country, place: str, named: str
) -> None:
    await country.load(STREET, FIRST, crimes(3))
    assert named in (await get(client, "/api/v1/comparisons/street", 400, a=place))["detail"]
