"""Dashboards say what the records say: each figure is counted again by SQL."""

import re
from datetime import date

import asyncpg
import httpx
import pytest

from services.gateway.site.words import NOTHING
from services.gateway.site.words import month as month_words
from shared.model import Dataset
from tests.component.gateway.records import load
from tests.component.gateway.server import Client
from tests.pages import Page

MINUS = "\N{MINUS SIGN}"
BOARDS = ("crime", "stop-and-search", "trends", "comparisons", "outcomes")
CITY = "from=2018-10&to=2018-12&force=city-of-london"
BY_MONTH = """
SELECT v.month, count(*) FROM street_crime AS r JOIN version AS v ON v.id = r.version_id
JOIN snap_point AS p ON p.id = r.snap_point_id JOIN force AS f ON f.id = p.force_id
WHERE f.slug = 'city-of-london' AND coalesce(p.location_type, '') <> 'BTP' GROUP BY v.month ORDER BY v.month
"""


@pytest.fixture
async def city(pool: asyncpg.Pool, client: Client) -> Client:
    """Street crimes of three months with one between missing, and stops of one."""
    for month in ("2018-10", "2018-12", "2019-10"):
        await load(pool, Dataset.STREET, month, ("city-of-london",))
    await load(pool, Dataset.STOPS, "2018-10", ("city-of-london",))
    return client


async def page(client: Client, address: str) -> Page:
    """A page that is there."""
    answer = await client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return Page.of(answer.text)


async def test_the_months_of_the_page_are_those_of_the_records_and_a_gap_is_no_zero(
    city: Client, pool: asyncpg.Pool
) -> None:
    shown = await page(city, f"/dashboards/crime?{CITY}")
    counted = {row["month"]: row["count"] for row in await pool.fetch(BY_MONTH)}
    october, december = (f"{counted[date(2018, n, 1)]:,}" for n in (10, 12))
    assert shown.rows("months") == [
        ["October 2018", october, ""],
        ["November 2018", NOTHING, "not held"],
        ["December 2018", december, ""],
    ]
    titles = [text for text in shown.texts("figure[@id='months']//{*}title") if "no data" in text]
    assert set(titles) == {"November 2018: no data"}
    total = sum(counted[date(2018, n, 1)] for n in (10, 12))
    assert shown.find("dl[@class='keys']/div/dd")[0].text == f"{total:,}"


async def test_categories_and_outcomes_add_up_to_the_records(city: Client) -> None:
    shown = await page(city, f"/dashboards/crime?{CITY}")
    total = number(shown.find("dl[@class='keys']/div/dd")[0].text or "")
    for figure in ("categories", "outcomes"):
        rows = shown.rows(figure)
        assert len(rows) > 1
        assert sum(number(row[1]) for row in rows) == total


async def test_every_table_of_the_page_is_the_api_s_answer(city: Client) -> None:
    shown = await page(city, f"/dashboards/crime?{CITY}")
    link = next(one for one in shown.find("figure[@id='categories']//a") if "JSON" in "".join(one.itertext()))
    answer = (await city.get(link.attrib["href"])).json()
    assert [number(row[1]) for row in shown.rows("categories")] == [row["count"] for row in answer["rows"]]
    csv = next(one for one in shown.find("figure[@id='categories']//a") if "CSV" in "".join(one.itertext()))
    lines = (await city.get(csv.attrib["href"])).text.splitlines()
    assert len(lines) == len(answer["rows"]) + 1


async def test_a_trend_shows_the_year_before_where_it_is_held(city: Client, pool: asyncpg.Pool) -> None:
    shown = await page(city, "/dashboards/trends?from=2019-10&to=2019-10&force=city-of-london")
    counted = {row["month"]: row["count"] for row in await pool.fetch(BY_MONTH)}
    now, before = counted[date(2019, 10, 1)], counted[date(2018, 10, 1)]
    [row] = shown.rows("trend")
    assert row[:3] == ["October 2019", f"{now:,}", f"{before:,}"]
    assert row[3] == f"{now - before:+,}".replace("-", MINUS)
    assert shown.rows("rolling") == [["October 2019", NOTHING, NOTHING]]


async def test_outcomes_of_recent_months_are_pale_and_the_reason_is_told(city: Client) -> None:
    shown = await page(city, "/dashboards/outcomes?from=2018-10&to=2019-10&force=city-of-london")
    rows = {row[0]: row for row in shown.rows("cohorts")}
    assert rows["October 2018"][-1] == ""
    assert rows["October 2019"][-1] == "not finished"
    pale = [one for one in shown.find("figure[@id='cohorts']//{*}rect") if "immature" in one.get("class", "")]
    assert pale
    assert "may still get an outcome" in " ".join(shown.texts("figure[@id='cohorts']/p"))


async def test_two_periods_are_compared_by_their_shares(city: Client) -> None:
    shown = await page(
        city,
        "/dashboards/comparisons?a=city-of-london&b=city-of-london&from=2018-10&to=2018-10"
        "&from_b=2019-10&to_b=2019-10",
    )
    answer = (
        await city.get(
            "/api/v1/comparisons/street?a=city-of-london&b=city-of-london&month=2018-10&month_b=2019-10"
        )
    ).json()
    assert [number(row[1]) for row in shown.rows("shares")] == [row["a_count"] for row in answer["rows"]]
    assert [row[5].replace(MINUS, "-") for row in shown.rows("shares")] == [
        f"{row['difference_pp']:+.1f}" if row["difference_pp"] else "0.0" for row in answer["rows"]
    ]


async def test_an_image_stands_alone_with_its_source_and_version(city: Client) -> None:
    shown = await page(city, f"/dashboards/crime?{CITY}")
    link = next(one for one in shown.find("figure[@id='months']//a") if "Image" in "".join(one.itertext()))
    image = await city.get(link.attrib["href"])
    assert image.headers["content-type"] == "image/svg+xml"
    version = re.search("Data version ([0-9a-f]{10})", " ".join(shown.texts("li")))
    assert version is not None
    assert version[1] in image.text
    assert "data.police.uk" in image.text
    assert "var(--" not in image.text


async def test_a_permanent_link_tells_when_the_data_have_changed(city: Client) -> None:
    shown = await page(city, f"/dashboards/crime?{CITY}")
    [link] = [one for one in shown.find("li/a") if one.text == "Permanent link to this page"]
    assert (await page(city, link.attrib["href"])).texts("div[@role='status']") == []
    other = re.sub("data=[0-9a-f]+", "data=0123456789", link.attrib["href"])
    [notice] = (await page(city, other)).texts("div[@role='status']")
    assert "made with data version 0123456789" in notice


async def test_people_are_told_apart_by_two_characteristics_at_most(city: Client) -> None:
    shown = await page(city, "/dashboards/stop-and-search?gender=male&age_range=18-24")
    assert not shown.find("figure[@id='self_ethnicity']")
    assert shown.find("figure[@id='gender']")
    refused = await city.get(
        "/dashboards/stop-and-search?gender=male&age_range=18-24&self_ethnicity=other-ethnic-group-not-stated",
        headers={"Accept": "text/html"},
    )
    assert refused.status_code == 400
    assert "describe people too closely" in refused.text


@pytest.mark.parametrize("board", BOARDS)
async def test_every_dashboard_answers_without_any_filter(city: Client, board: str) -> None:
    shown = await page(city, f"/dashboards/{board}")
    assert len(shown.find("h1")) == 1
    assert shown.find("figure")


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        ("/dashboards/crime?from=2018-13", 400, "no month such as 2018-10"),
        ("/dashboards/crime?from=2018-12&to=2018-10", 400, "comes before"),
        ("/dashboards/crime?force=atlantis", 400, "city-of-london"),
        ("/dashboards/nothing", 404, "is none of"),
        ("/dashboards/crime/nothing.svg", 404, "is none of"),
        ("/dashboards/trends?dataset=outcomes", 400, "street, stops"),
        ("/dashboards/comparisons?around_a=EC2M,500", 400, "postcode"),
    ],
)
async def test_what_cannot_be_shown_is_told_on_a_page(
    city: Client, address: str, status: int, told: str
) -> None:
    answer = await city.get(address, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert told in Page.of(answer.text).texts("main")[0]


async def test_without_any_month_the_page_says_so(client: Client) -> None:
    answer = await client.get("/dashboards/crime", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "no month of street is held yet" in answer.text


async def test_a_page_is_confirmed_until_the_data_change(city: Client, pool: asyncpg.Pool) -> None:
    first = await city.get(f"/dashboards/crime?{CITY}")
    held = {"If-None-Match": first.headers["etag"]}
    confirmed = await city.get(f"/dashboards/crime?{CITY}", headers=held)
    assert confirmed.status_code == 304
    # Browsers would else block the styles of the page that they hold.
    policy = "content-security-policy"
    assert confirmed.headers[policy] == first.headers[policy]
    await load(pool, Dataset.STREET, "2018-11", ("city-of-london",))
    after = await city.get(f"/dashboards/crime?{CITY}", headers=held)
    assert after.status_code == 200
    assert Page.of(after.text).rows("months")[1][0] == month_words("2018-11")
    assert Page.of(after.text).rows("months")[1][1] != NOTHING


async def test_forces_that_are_counted_together_are_all_named(city: Client) -> None:
    shown = await page(city, "/dashboards/crime?from=2018-10&to=2018-10&force=city-of-london,btp")
    chosen = [one.attrib["value"] for one in shown.find("input[@name='force']") if "checked" in one.attrib]
    assert sorted(chosen) == ["btp", "city-of-london"]
    answer = (await city.get("/api/v1/statistics/street?month=2018-10&force=city-of-london,btp")).json()
    assert shown.find("dl[@class='keys']/div/dd")[0].text == f"{answer['total']:,}"
    image = (
        await city.get("/dashboards/crime/months.svg?from=2018-10&to=2018-10&force=city-of-london,btp")
    ).text
    assert "British Transport Police, City of London Police" in image


async def test_of_a_force_that_told_nothing_there_is_no_number(city: Client) -> None:
    silent = "from=2018-10&to=2018-10"
    crime = await page(city, f"/dashboards/crime?{silent}&force=kent")
    assert [one.text for one in crime.find("dl[@class='keys']/div/dd")] == ["not told", "1", "not told"]
    outcomes = await page(city, f"/dashboards/outcomes?{silent}&force=kent")
    assert [one.text for one in outcomes.find("dl[@class='keys']/div/dd")] == [NOTHING] * 3
    sides = await page(city, f"/dashboards/comparisons?{silent}&a=kent&b=city-of-london")
    a, b = (one.text for one in sides.find("dl[@class='keys']/div/dd"))
    assert a == "not told"
    assert number(b or "") > 0


async def test_months_that_are_not_held_are_not_said_to_be_shown(city: Client) -> None:
    shown = await page(city, f"/dashboards/comparisons?a=city-of-london&{CITY}")
    assert "Shown: 2 months held, October 2018, December 2018." in shown.texts("main")[0]


async def test_only_a_question_that_is_good_is_confirmed(city: Client) -> None:
    anything = {"If-None-Match": "*", "Accept": "text/html"}
    assert (await city.get("/dashboards/crime?from=garbage", headers=anything)).status_code == 400


async def test_parameters_of_other_sites_make_no_other_page(city: Client) -> None:
    plain, tagged = [await city.get(f"/dashboards/crime?{CITY}{more}") for more in ("", "&utm_source=x")]
    assert plain.headers["etag"] == tagged.headers["etag"]
    assert plain.text == tagged.text


async def test_nothing_of_a_page_is_from_elsewhere(city: Client) -> None:
    answer: httpx.Response = await city.get(f"/dashboards/crime?{CITY}")
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    shown = Page.of(answer.text)
    loaded = [
        one.attrib.get("src") or one.attrib["href"] for one in [*shown.find("script"), *shown.find("link")]
    ]
    assert all(address.startswith("/") for address in loaded)
    assert not [one for one in shown.root.iter() if "style" in one.attrib]
    for address in loaded:
        asset = await city.get(address)
        assert asset.status_code == 200, address
        assert asset.headers["content-type"].count("charset") <= 1


def number(text: str) -> int:
    """`1,234`."""
    return int(text.replace(",", ""))


async def test_what_is_missing_is_listed_by_the_names_of_forces_in_one_place(city: Client) -> None:
    shown = await page(city, "/dashboards/comparisons?a=city-of-london&from=2018-10&to=2018-10")
    tables = shown.find("div[@class='notice']//table/tbody")
    listed = [["".join(cell.itertext()) for cell in row] for row in tables[0]]
    kent = next(row for row in listed if row[0] == "Kent Police")
    assert kent[1:3] == ["October 2018", "not published"]
    notes = [text for text in shown.texts("ul/li") if "published nothing" in text]
    assert notes == [
        "The months in which a force published nothing are left out of its side: they are listed as missing."
    ]
