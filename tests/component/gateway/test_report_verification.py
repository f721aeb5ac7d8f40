"""Whether a report is still current, as data and as a page."""

import re

import asyncpg
import msgspec
import pytest

from shared.area_figures.shapes import Figures, Location
from shared.model import Dataset, months_after, parse_month
from shared.tiers import Tier
from tests.component.gateway.country import DECEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.desk import Desk
from tests.component.gateway.server import Client, get

REPORTS = "/api/v1/reports"
STREET = Dataset.STREET


async def test_figures_are_current_until_a_month_is_replaced(
    client: Client, desk: Desk, figures: Figures, country: Country
) -> None:
    report = await desk.render("1", figures)
    before = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert before == {
        "state": "current", "superseded_months": [], "rules_changed": False, "postcode_change": None,
        "newer_months": [],
    }  # fmt: skip
    assert "These figures are current" in (await client.get(f"/r/{report}")).text
    await country.load(STREET, DECEMBER, ROWS)
    newer = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (newer["state"], newer["newer_months"]) == ("current", ["2018-12"])
    replaced = await country.load(STREET, OCTOBER, ROWS[:5])
    added = await country.load(STREET, OCTOBER.replace(month=9), ROWS[:5])
    after = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert after["state"] == "superseded"
    old = {month.month: month.version for month in figures.months}
    assert [
        (month["month"], month["version"], month["current_version"]) for month in after["superseded_months"]
    ] == [("2018-09", None, added), ("2018-10", old["2018-10"], replaced)]
    page = (await client.get(f"/r/{report}")).text
    assert "These figures have been superseded" in page
    assert "October 2018: other data since" in page
    assert "September 2018: the first data since" in page


async def test_a_month_before_the_window_may_change_what_is_said_of_its_months(
    client: Client, desk: Desk, figures: Figures, country: Country
) -> None:
    report = await desk.render("1", figures)
    first = parse_month(figures.first_month)
    await country.load(STREET, months_after(first, -13), ROWS)
    assert (await get(client, f"{REPORTS}/{report}"))["verification"]["state"] == "current"
    await country.load(STREET, months_after(first, -12), ROWS)
    after = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (after["state"], after["rules_changed"]) == ("superseded", True)


async def test_a_month_that_is_loaded_and_not_counted_yet_supersedes_nothing(
    client: Client, desk: Desk, figures: Figures, country: Country
) -> None:
    report = await desk.render("1", figures)
    await country.load(STREET, OCTOBER, ROWS[:5], cells=False)
    assert (await get(client, f"{REPORTS}/{report}"))["verification"]["state"] == "current"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE grid SET mapping_version = mapping_version + 1 WHERE dataset = 'street'",
        'UPDATE report SET figures = replace(figures, \'"revision":"\', \'"revision":"0\')',
    ],
)
async def test_figures_counted_by_other_rules_are_never_called_current(
    client: Client, desk: Desk, figures: Figures, pool: asyncpg.Pool, change: str
) -> None:
    report = await desk.render("1", figures)
    await pool.execute(change)
    verification = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (verification["state"], verification["rules_changed"]) == ("superseded", True)
    assert "what they are counted by" in (await client.get(f"/r/{report}")).text


MOVED = "UPDATE postcode SET lat_e6 = lat_e6 + 100"
ENDED = "UPDATE postcode SET terminated = '2019-01-01'"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (MOVED, r"EC2R 8AH is at 51\.\d{6}, -0\.\d{6} now \(a newer edition\)"),
        (ENDED, "not been in use since 2019-01"),
    ],
)
async def test_figures_of_a_postcode_that_has_moved_or_ended_are_superseded(
    client: Client, desk: Desk, figures: Figures, pool: asyncpg.Pool, change: str, says: str
) -> None:
    report = await desk.render("1", figures)
    place = round(figures.latitude * 1e6), round(figures.longitude * 1e6)
    await pool.execute("INSERT INTO postcode VALUES ('EC2R 8AH', $1, $2, 'E', NULL)", *place)
    await pool.execute("INSERT INTO postcode_edition (source, rows) VALUES ('a newer edition', 1)")
    loaded = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (loaded["state"], loaded["postcode_change"]) == ("current", None)
    await pool.execute(change)
    after = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (after["state"], after["rules_changed"], after["superseded_months"]) == ("superseded", False, [])
    assert re.search(says, after["postcode_change"])
    page = (await client.get(f"/r/{report}")).text
    assert "These figures have been superseded" in page
    assert f"The postcode has changed since: {after['postcode_change']}." in page
    await pool.execute("DELETE FROM postcode")
    assert (await get(client, f"{REPORTS}/{report}"))["verification"]["state"] == "current"


async def test_every_tier_is_current_on_the_data_that_it_was_made_of(
    client: Client, desk: Desk, figures: Figures
) -> None:
    for tier in Tier:
        report = await desk.render(tier, await desk.figures(tier))
        status = await get(client, f"{REPORTS}/{report}")
        assert (status["report"]["tier"], status["verification"]["state"]) == (tier, "current")


async def test_hostile_text_on_the_page_is_text(client: Client, desk: Desk, figures: Figures) -> None:
    hostile = "</td><script>alert(1)</script><img src=x onerror=y> ${x} {{ 7*7 }} &amp; \"'"
    hostile_figures = msgspec.structs.replace(
        figures, force_name=hostile, locations=[Location(hostile, 3)], outcome_groups={"none": hostile}
    )
    report = await desk.render("1", hostile_figures)
    page = (await client.get(f"/r/{report}")).text
    assert page.count("alert(1)") == page.count("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;") == 5
    assert "<script" not in page
    assert "<img" not in page
    assert "{{ 7*7 }} &amp;amp;" in page
    unknown = await client.get("/r/%3Cscript%3E" + "x" * 50)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<script" not in unknown.text
    assert "No report with this number" in unknown.text


async def test_the_page_says_where_crimes_on_railways_are_missing(
    client: Client, desk: Desk, figures: Figures
) -> None:
    for name, known in (("1", 2), ("2", 1)):
        report = await desk.render(name, msgspec.structs.replace(figures, railway_months=known))
        text = " ".join((await client.get(f"/r/{report}")).text.split())
        said = "which the British Transport Police records, are here for 1 of these months" in text
        assert said == (known == 1)


async def test_the_page_shows_what_the_paper_shows(client: Client, desk: Desk, figures: Figures) -> None:
    report = await desk.render("1", figures)
    answer = await client.get(f"/r/{report}")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'; style-src 'self';" in policy
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "2 of the 12 months have data of City of London Police." in " ".join(answer.text.split())
    status = await get(client, f"{REPORTS}/{report}")
    for shown in (
        str(report), "EC2R 8AH", "December 2017 to November 2018", "500 metres", figures.revision,
        status["report"]["figures_sha256"], status["links"]["pdf"], f"/r/{report}.json", f"/r/{report}.csv",
    ):  # fmt: skip
        assert shown in answer.text
    for row in figures.categories:
        assert f'<th scope="row">{row.name}</th><td class="n">{row.crimes:,}</td>' in answer.text
    assert answer.text.count('<td class="n">\N{EN DASH}</td>') >= 10  # months without data
