"""The page of a postcode: its figures counted again from the published files, its frame, its refusals."""

import csv
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from hashlib import sha256
from importlib.resources import files

import asyncpg
import pytest
from pyproj import Geod

from services.gateway.settings import GatewaySettings
from services.gateway.site.words import NOTHING
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.shapes import canonical
from shared.areas import ForceAreas
from shared.db import READER, open_pool
from shared.tiers import Tier
from tests.builders import csv_rows
from tests.component.gateway.server import Client, gateway
from tests.component.reporter.desk import POSTCODES, load_months, load_postcodes
from tests.pages import Page, text_of

MONTHS = ("2018-10", "2018-12")
POSTCODE = "EC2M 7PY"
AREA = "/area/EC2M7PY"
HTML = {"Accept": "text/html"}
EARTH = Geod(ellps="WGS84")


@pytest.fixture
async def client(pool: asyncpg.Pool, database_url: str, nats_url: str) -> AsyncIterator[Client]:
    """Two months of the City of London with one between missing, and a few postcodes."""
    await load_months(pool, *MONTHS)
    await load_postcodes(pool)
    settings = GatewaySettings(
        database_url=database_url, nats_url=nats_url, postcodes_io=False, public_url="https://maps.example"
    )
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        yield client


def reference(name: str) -> list[dict[str, str]]:
    text = files("shared.reference").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def near() -> list[dict[str, str]]:
    """Published rows at most 500 m away, measured on the ellipsoid, one by one."""
    latitude, longitude, *_ = POSTCODES[POSTCODE]
    return [
        row
        for month in MONTHS
        for row in csv_rows(month=month)
        if row["Longitude"]
        and EARTH.inv(longitude, latitude, float(row["Longitude"]), float(row["Latitude"]))[2] <= 500
    ]


async def page(client: Client, address: str, status: int = 200) -> tuple[str, Page]:
    answer = await client.get(address, headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text, Page.of(answer.text)


def cells(found: Page, caption: str) -> dict[str, list[str]]:
    """The rows of a table by their first cell."""
    [table] = [one for one in found.find("table") if text_of(one.findall("caption")[0]).startswith(caption)]
    rows = [[text_of(cell) for cell in row] for row in table.findall(".//tr")[1:]]
    return {row[0]: row[1:] for row in rows}


async def test_the_numbers_are_those_of_the_published_files(client: Client) -> None:
    rows = near()
    text, found = await page(client, AREA)
    assert f"<dd>{len(rows):,}<small>" in text
    slugs = {name: row["name"] for row in reference("categories.csv") for name in row["csv_names"].split("|")}
    categories = Counter(slugs[row["Crime type"]] for row in rows)
    shown = cells(found, "Crimes by category")
    assert {name: n for name, (n, _) in shown.items() if name != "All"} == {
        name: f"{n:,}" for name, n in categories.items()
    }
    assert shown["All"][0] == f"{len(rows):,}"
    for name, n in categories.items():
        assert shown[name][1] == f"{100 * n / len(rows):.1f}%"
    years = cells(found, "Street crimes inside the radius by month")
    by_month = Counter(row["Month"] for row in rows)
    october, december = str(by_month["2018-10"]), str(by_month["2018-12"])
    assert years["2018"] == [*[NOTHING] * 9, october, NOTHING, december]
    names = Counter(row["Location"].strip().casefold() for row in rows)
    locations = [int(n.replace(",", "")) for n, _ in cells(found, "The 10 most frequent").values()]
    assert locations == sorted(names.values(), reverse=True)[:10]


async def test_the_outcomes_are_those_of_the_published_files(client: Client) -> None:
    groups = {
        name: row["group"]
        for row in reference("street_outcomes.csv")
        for name in (row["name"], *row["other_names"].split("|"))
    }
    crimes = [row for row in near() if row["Crime type"] != "Anti-social behaviour"]
    outcomes = Counter(groups.get(row["Last outcome category"], "none") for row in crimes)
    _, found = await page(client, AREA)
    told = cells(found, "Crimes by group of their latest published outcome")
    for row in reference("outcome_groups.csv"):
        if row["dataset"] == "street" and (n := outcomes[row["group"]]):
            assert told[row["label"]] == [f"{n:,}"]
    assert sum(int(n.replace(",", "")) for [n] in told.values()) == len(crimes)


async def test_what_is_missing_is_a_gap_and_is_told(client: Client) -> None:
    text, found = await page(client, AREA)
    assert "2 of 12" in text
    assert "No data are loaded for January 2018 to September 2018, November 2018." in text
    assert text.count('class="gap"') >= 2 * 2 * 2  # two runs of months, two charts, two widths
    assert "Metropolitan Police Service, of which no data are loaded" in text
    known = cells(found, "What is known of each month")
    assert [state for state, _ in known.values()] == ["Not loaded", "Published", "Not loaded", "Published"]
    assert "Not compared with England and Wales: in these months only 1 of 43" in text
    assert text.count("immature") > 0
    assert "their crimes may still get an outcome" in text


async def test_the_files_are_those_of_a_report_on_the_same_data(client: Client, pool: asyncpg.Pool) -> None:
    latitude, longitude, *_ = POSTCODES[POSTCODE]
    counts, _ = await CountsStore(pool, ForceAreas.load()).read(
        POSTCODE, latitude, longitude, "a test edition", Tier.STANDARD
    )
    figures = canonical(work_out(counts))
    told = await client.get(f"{AREA}.json?tier=standard")
    assert told.headers["content-type"].startswith("application/json")
    assert told.content == figures
    assert sha256(figures).hexdigest() in (await page(client, f"{AREA}?tier=standard"))[0]
    table = await client.get(f"{AREA}.csv?tier=standard")
    assert table.headers["content-type"].startswith("text/csv")
    assert 'filename="area-EC2M7PY-standard.csv"' in table.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    crimes = [row for row in rows if (row["section"], row["measure"]) == ("months", "crimes")]
    months = {row["key"]: row["value"] for row in crimes}
    assert months == {
        month["month"]: "" if month["crimes"] is None else str(month["crimes"])
        for month in json.loads(figures)["months"]
    }
    assert len(months) == 60


async def test_every_spelling_of_a_postcode_leads_to_one_address(client: Client) -> None:
    for asked, there in (
        ("/area?postcode=ec2m+7py", AREA),
        ("/area?postcode=EC2M7PY&tier=premium", f"{AREA}?tier=premium"),
        ("/area/ec2m%207py?tier=standard&data=x", f"{AREA}?tier=standard&data=x"),
        ("/area/ec2m7py.csv", f"{AREA}.csv"),
        ("/area/EC2M%207PY/embed", f"{AREA}/embed"),
    ):
        answer = await client.get(asked, headers=HTML)
        assert answer.status_code in (301, 303), asked
        assert answer.headers["location"] == there
    text, _ = await page(client, "/area")
    assert 'name="postcode"' in text


@pytest.mark.parametrize(
    ("asked", "status", "title"),
    [
        ("EC2M", 400, "This is not a whole postcode"),
        ("%3Cscript%3E", 400, "This is not a whole postcode"),
        ("ZE99ZZ", 422, "This postcode is outside England and Wales"),
        ("N11AA", 404, "This postcode is not known"),
        ("EC1A1AA", 404, "This postcode is no longer in use"),
        ("M11AE", 404, "This police force has published no street crimes in these months"),
        ("EC2M7PY?tier=gold", 400, "There is no such window"),
    ],
)
async def test_where_there_are_no_figures_the_page_says_why_and_asks_again(
    client: Client, asked: str, status: int, title: str
) -> None:
    text, _ = await page(client, f"/area/{asked}", status)
    assert f"<h1>{title}</h1>" in text
    assert 'name="postcode"' in text
    assert "<script>" not in text
    framed = await client.get(f"/area/{asked.replace('?', '/embed?') if '?' in asked else asked + '/embed'}")
    assert (framed.status_code, title in framed.text) == (status, True)
    assert "frame-ancestors *" in framed.headers["content-security-policy"]


async def test_a_force_that_published_nothing_offers_longer_windows(client: Client) -> None:
    text, _ = await page(client, "/area/M11AE", 404)
    assert 'href="/area/M11AE?tier=premium"' in text


async def test_only_the_frame_may_be_framed_and_it_has_no_script(client: Client) -> None:
    framed = await client.get(f"{AREA}/embed")
    policy = framed.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert framed.headers["cross-origin-resource-policy"] == "cross-origin"
    for absent in ("<script", "<form", "style=", " on"):
        assert absent not in framed.text.replace(" on ", " ").replace(" once", " ")
    assert f"<dd>{len(near()):,}</dd>" in framed.text
    assert f'href="{AREA}"' in framed.text
    assert "Open Government Licence" in framed.text
    whole = await client.get(AREA, headers=HTML)
    assert "frame-ancestors 'none'" in whole.headers["content-security-policy"]
    assert "style=" not in whole.text


async def test_the_code_of_the_frame_names_the_public_address(client: Client) -> None:
    answer = await client.get(AREA, headers=HTML | {"Host": "evil.example"})
    assert "evil.example" not in answer.text
    assert "&lt;iframe src=&#34;https://maps.example/area/EC2M7PY/embed&#34;" in answer.text


async def test_a_permanent_link_tells_when_the_data_have_changed_and_the_page_is_kept_until_then(
    client: Client, pool: asyncpg.Pool
) -> None:
    before = await client.get(AREA, headers=HTML)
    revision = json.loads((await client.get(f"{AREA}.json")).content)["revision"]
    assert f"{AREA}?data={revision}" in before.text
    assert "This link was made with" not in (await page(client, f"{AREA}?data={revision}"))[0]
    again = await client.get(AREA, headers=HTML | {"If-None-Match": before.headers["etag"]})
    assert again.status_code == 304
    await load_months(pool, "2018-11")
    after = await client.get(AREA, headers=HTML | {"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    text, _ = await page(client, f"{AREA}?data={revision}")
    assert f"This link was made with data version {revision}" in text
