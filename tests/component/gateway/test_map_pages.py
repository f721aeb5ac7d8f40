"""The map pages, as the server makes them: their figures are those of the records, whatever they show."""

import re
from collections import Counter

import asyncpg
import pytest

from services.gateway.settings import GatewaySettings
from services.gateway.store import sql
from shared.db import READER, open_pool
from shared.model import Dataset
from tests.component.gateway.country import (
    BANK,
    CHARGED,
    CITY,
    DECEMBER,
    MANCHESTER,
    NOVEMBER,
    OCTOBER,
    ROWS,
    Country,
)
from tests.component.gateway.server import Client, gateway, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS
PAGE = {"Accept": "text/html"}
CITY_VIEW = "51.5150,-0.0900"


async def page(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers=PAGE)
    assert answer.status_code == status, answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return answer.text


def total_of(html: str) -> int:
    [found] = re.findall(r'data-total="([0-9]+)"', html)
    return int(found)


def titles_of(html: str) -> list[int]:
    """The counts that the drawn hexagons name."""
    drawn = html.partition('class="map-plain"')[2].partition("</svg>")[0]
    return [int(text.replace(",", "")) for text in re.findall(r"<title>([0-9,]+)</title>", drawn)]


@pytest.mark.parametrize("zoom", [4.5, 5.4, 6, 7.99, 8, 9.99, 10, 12])
async def test_the_drawing_and_its_total_are_the_located_records_at_every_zoom(
    client: Client, country: Country, pool: asyncpg.Pool, zoom: float
) -> None:
    rows = [row for row in ROWS if row[0] != MANCHESTER]
    await country.load(STREET, OCTOBER, rows)
    html = await page(client, f"/maps/crime?at={CITY_VIEW},{zoom}")
    located = await pool.fetchval(
        "SELECT count(*) FROM street_crime AS c JOIN snap_point AS p ON p.id = c.snap_point_id "
        "WHERE p.located AND p.lon_e6 BETWEEN -700000 AND 500000 AND p.lat_e6 BETWEEN 51400000 AND 52400000"
    )
    beyond = 3 if zoom < 7 else 0  # in Scotland and at sea
    assert located == 9
    assert located <= total_of(html) <= located + beyond
    assert sum(titles_of(html)) == total_of(html)
    link = re.search(r'href="(/api/v1/hexes\.geojson[^"]+)"', html)
    assert link
    answer = (await client.get(link.group(1).replace("&amp;", "&"))).json()
    assert answer["total"] == total_of(html)
    assert Counter(f["properties"]["total"] for f in answer["features"]) == Counter(titles_of(html))


async def test_the_table_names_every_hexagon_and_the_files_are_the_same(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    html = await page(client, f"/maps/crime?at={CITY_VIEW},11")
    link = re.search(r'href="(/api/v1/hexes\.csv[^"]+)"', html)
    assert link
    answer = await client.get(link.group(1).replace("&amp;", "&"))
    assert answer.headers["content-type"].startswith("text/csv")
    head, *lines = answer.text.splitlines()
    assert head.startswith("id,level,i,j,latitude,longitude,total,outcome:positive")
    cells = {line.split(",")[0]: int(line.split(",")[6]) for line in lines}
    assert sum(cells.values()) == total_of(html) == 9
    assert set(cells_of(html)) == set(cells)


async def test_a_chosen_hexagon_tells_its_groups_categories_and_months(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, DECEMBER, [(CITY, "drugs", CHARGED)] * 2)
    found = await get(
        client,
        "/api/v1/hexes",
        dataset="street",
        level=275,
        month="2018-10",
        bbox="-0.0922,51.5155,-0.0922,51.5155",
    )
    [cell] = [one["id"] for one in found["features"]]
    history = await get(client, f"/api/v1/hexes/{cell}", dataset="street")
    assert history["total"] == 9
    assert history["outcome_groups"] == {"positive": 5, "negative": 4}
    assert history["categories"] == {"robbery": 4, "burglary": 3, "drugs": 2}
    assert [(one["month"], one["total"]) for one in history["months"]] == [("2018-10", 7), ("2018-12", 2)]
    html = await page(client, f"/maps/crime?at={CITY_VIEW},12&month=2018-10&cell={cell}")
    panel = html.partition('id="map-panel"')[2].partition("</section>")[0]
    assert '<p class="map-count">7 ' in panel
    assert "<span>Burglary</span><b>3</b>" in panel
    assert "November 2018: no data" in panel
    assert f"/api/v1/hexes/{cell}?dataset=street&amp;month=2018-10" in panel
    assert 'class="chosen"' in html


def cells_of(html: str) -> list[str]:
    """The hexagons of the table."""
    return re.findall(r'data-cell="([0-9.-]+)"', html.partition('id="map-below"')[2])


def panel_of(html: str) -> str:
    return html.partition('id="map-panel"')[2].partition("</section>")[0]


async def test_the_file_of_a_chosen_hexagon_has_the_total_of_its_panel(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, DECEMBER, [(CITY, "drugs", CHARGED)] * 2)
    [cell] = cells_of(await page(client, f"/maps/crime?at={CITY_VIEW},12"))
    for query, total in (("", 2), ("&month=2018-10", 7), ("&month=2018-10..2018-12", 9)):
        panel = panel_of(await page(client, f"/maps/crime?at={CITY_VIEW},12&cell={cell}{query}"))
        assert f'<p class="map-count">{total} ' in panel
        link = re.search(r'href="(/api/v1/hexes/[^"]+)"', panel)
        assert link
        assert (await client.get(link.group(1).replace("&amp;", "&"))).json()["total"] == total


async def test_months_that_are_not_held_are_counted_beside_the_totals(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, DECEMBER, [(CITY, "drugs", CHARGED)] * 2)
    [cell] = cells_of(await page(client, f"/maps/crime?at={CITY_VIEW},12"))
    there = f"at={CITY_VIEW},12&cell={cell}"
    html = await page(client, f"/maps/crime?{there}&month=2018-10..2018-12")
    assert total_of(html) == 11
    assert "2 of 3 months are held" in html
    assert "Not held, and so missing from the counts, not zero: November 2018." in html
    assert "known of 2 of 3 months" in panel_of(html)
    whole = await page(client, f"/maps/crime?{there}&month=2018-12")
    assert "months are held" not in whole.replace("All months that are held", "")
    assert "known of" not in whole


async def test_held_months_of_which_nobody_published_here_are_not_in_the_panels_total(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, NOVEMBER, [(MANCHESTER, "drugs", None)], asked=["greater-manchester"])
    october = await page(client, f"/maps/crime?at={CITY_VIEW},12&month=2018-10")
    cell = cells_of(october)[0]
    html = await page(client, f"/maps/crime?at={CITY_VIEW},12&month=2018-10..2018-11&cell={cell}")
    assert "known of 1 of 2 months" in panel_of(html)
    assert "not published or not held</td>" in panel_of(html)
    assert "months are held" not in html.replace("All months that are held", "")


@pytest.mark.parametrize("path", ["/maps/crime", "/maps/crime/parts", "/maps/stop-and-search"])
async def test_months_with_a_gap_are_refused_and_months_in_a_row_lead_to_their_span(
    client: Client, country: Country, path: str
) -> None:
    for dataset in (STREET, STOPS):
        await country.load(dataset, OCTOBER, [(CITY, None, None)])
    html = await page(client, f"{path}?month=2018-10,2018-12&bbox=-1,51,0,52", 400)
    assert "a map takes one month, or a first and a last one, as in 2018-10..2018-12" in html
    if not path.endswith("parts"):
        answer = await client.get(f"{path}?month=2018-11,2018-10", headers=PAGE)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?month=2018-10..2018-11")


async def test_another_basemap_makes_another_page(
    client: Client, country: Country, pool: asyncpg.Pool, database_url: str, nats_url: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    before = await client.get("/maps/crime", headers=PAGE)
    assert 'data-style=""' in before.text
    held = {**PAGE, "If-None-Match": before.headers["etag"]}
    assert (await client.get("/maps/crime", headers=held)).status_code == 304
    style = "https://tiles.example/style.json"
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, basemap_style_url=style)
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as other:
        after = await other.get("/maps/crime", headers=held)
    assert after.status_code == 200
    assert f'data-style="{style}"' in after.text
    assert after.headers["etag"] != before.headers["etag"]


async def test_a_hexagon_where_nobody_published_is_unknown_and_not_zero(
    client: Client, country: Country
) -> None:
    await country.people(1000, "city-of-london")
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 3, asked=["city-of-london"])
    elsewhere = await get(client, "/api/v1/hexes/275.907.242", dataset="street")
    assert [one["total"] for one in elsewhere["months"]] == [None]
    html = await page(client, "/maps/crime?cell=275.907.242")
    assert "That is not zero" in html
    assert 'data-silent="' in html
    silent = html.partition('data-silent="')[2].partition('"')[0].split(",")
    assert "kent" in silent
    assert "city-of-london" not in silent


async def test_stops_tell_totals_and_outcomes_and_no_objects_of_search_of_a_place(
    client: Client, country: Country
) -> None:
    await country.load(STOPS, OCTOBER, [(CITY, "Stolen goods", "Arrest"), (BANK, "Stolen goods", None)])
    html = await page(client, f"/maps/stop-and-search?at={CITY_VIEW},8")
    assert total_of(html) == 2
    cell = cells_of(html)[0]
    chosen = await page(client, f"/maps/stop-and-search?at={CITY_VIEW},8&cell={cell}")
    panel = chosen.partition('id="map-panel"')[2].partition("</section>")[0]
    assert "Outcomes" in panel
    assert "Categories" not in panel
    assert "Stolen goods" not in panel


async def test_the_form_leads_to_the_shortest_address_of_the_same_map(
    client: Client, country: Country
) -> None:
    for month in (OCTOBER, NOVEMBER):
        await country.load(STREET, month, ROWS)
    asked = "/maps/crime?from=2018-11&to=2018-10&category=burglary&category=robbery&postcode=&at=&cell="
    answer = await client.get(asked, headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/maps/crime?month=2018-10..2018-11&category=burglary,robbery"
    both = await page(client, answer.headers["location"])
    assert both.count(" checked>") == 2
    assert (await client.get("/maps")).headers["location"] == "/maps/crime"


async def test_a_postcode_that_is_none_is_told_on_the_page(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    html = await page(client, "/maps/crime?postcode=nowhere", 400)
    assert re.search(r'id="e-postcode" role="alert">[^<]+', html)
    assert 'value="nowhere"' in html
    assert total_of(html) > 0


@pytest.mark.parametrize(
    "query",
    ["at=here", "at=1,2", "cell=275.1", "cell=300.1.1", "month=2018-10..2030-01", "category=none-such"],
)
async def test_what_cannot_be_understood_is_said(client: Client, country: Country, query: str) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    html = await page(client, f"/maps/crime?{query}", 400)
    assert query.partition("=")[0] in html


async def test_the_parts_follow_the_rectangle_of_the_browsers_map(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    box = "-0.0923,51.5133,-0.0885,51.5156"
    parts = await page(client, f"/maps/crime/parts?at={CITY_VIEW},12&bbox={box}")
    answer = await get(client, "/api/v1/hexes", dataset="street", level=275, month="2018-10", bbox=box)
    assert total_of(parts) == answer["total"] == 7
    assert "<html" not in parts


async def test_a_cells_months_are_read_from_the_index_alone(country: Country, pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO street_cell SELECT m, 275, i, j, 1, 1, 1 FROM unnest($1::date []) AS m, "
        "generate_series(1000, 1400) AS i, generate_series(200, 400) AS j",
        [OCTOBER, NOVEMBER, DECEMBER],
    )
    await pool.execute("VACUUM ANALYZE street_cell")
    statement = sql("select_cell_months", table="street_cell")
    given = ([OCTOBER, DECEMBER], 275, 1200, 300, None, None)
    plan = await pool.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *given)
    assert "Seq Scan" not in plan
    assert "street_cell_pkey" in plan
    assert len(await pool.fetch(statement, *given)) == 2
