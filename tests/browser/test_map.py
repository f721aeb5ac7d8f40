"""The maps in a real browser: what is drawn is what the API counts, by keyboard and without scripts too."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from shared.model import Dataset
from tests.component.gateway.records import load
from tests.component.gateway.sample import Served
from tests.pipeline import connected

LIVE = ".map.is-live"
CITY = "51.5150,-0.0900"
DRAWN = """() => {
  const map = document.getElementById('map').map;
  const box = map.getBounds();
  const cells = new Map();
  for (const { properties } of map.querySourceFeatures('hexes', { sourceLayer: 'street' }))
    cells.set(properties.id, properties.total);
  return { cells: Object.fromEntries(cells), box: box.toArray().flat(), zoom: map.getZoom() };
}"""
QUIET = "() => document.getElementById('map').map.areTilesLoaded()"
ADDRESS = "() => document.getElementById('map').map.getSource('hexes').tiles[0]"
FIRST_LOAD_BYTES = 1_200_000
UNTOUCHED_BYTES = 150_000
"""Of a page whose drawing nobody has come near."""


@pytest.fixture
async def page(browser: Browser, site: Served) -> AsyncIterator[Page]:
    """A page on which nothing goes wrong; closed before the site, of which its map may still want tiles."""
    del site
    page = await browser.new_page(viewport={"width": 1200, "height": 900})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    assert faults == []
    await page.close()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connected(database_url) as pool:
        yield pool


async def opened(page: Page, site: Served, query: str) -> None:
    await page.goto(f"{site.url}/maps/crime?{query}")
    await start(page)
    await page.wait_for_function(QUIET)


async def start(page: Page) -> None:
    """Point at the drawing, so that the browser's own map takes its place."""
    await page.locator("#map").hover(position={"x": 5, "y": 5})
    await page.wait_for_selector(LIVE)


async def shown_total(page: Page) -> int:
    return int(str(await page.locator("#map-side").get_attribute("data-total")))


async def api(site: Served, **query: str | int) -> Any:
    asked: dict[str, str | int] = {"dataset": "street", **query}
    answer = await site.client.get("/api/v1/hexes", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("zoom", "level"), [(5.4, 17600), (6.5, 4400), (8.5, 1100), (10.5, 275), (13, 275)])
async def test_the_map_draws_what_the_api_counts_at_every_level(
    page: Page, site: Served, zoom: float, level: int
) -> None:
    await opened(page, site, f"at={CITY},{zoom}&month=2018-10")
    await expect(page.locator("#map-side")).to_have_attribute("data-level", str(level))
    drawn = await page.evaluate(DRAWN)
    box = ",".join(f"{degrees:.5f}" for degrees in drawn["box"])
    counted = await api(site, level=level, bbox=box, month="2018-10")
    cells = {cell["id"]: cell["properties"]["total"] for cell in counted["features"]}
    assert cells
    assert cells.items() <= drawn["cells"].items()
    await expect(page.locator("#map-side")).to_have_attribute("data-total", str(counted["total"]))
    everything = await api(site, level=level, bbox="-9,49,3,61", month="2018-10")
    known = {cell["id"]: cell["properties"]["total"] for cell in everything["features"]}
    assert drawn["cells"].items() <= known.items()


async def test_a_hexagon_is_chosen_by_keyboard_and_its_table_and_file_are_the_same(
    page: Page, site: Served
) -> None:
    await opened(page, site, "at=51.5155,-0.0922,13&month=2018-10")
    canvas = page.locator(".maplibregl-canvas")
    await canvas.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#map-panel .map-count")).to_be_visible()
    await expect(page.locator("#map-said")).to_contain_text("Hexagon near")
    assert "cell=275." in page.url
    cell = page.url.partition("cell=")[2].partition("&")[0]
    chosen = page.locator(f'#map-below a[data-cell="{cell}"]')
    await expect(chosen).to_have_attribute("aria-current", "true")
    history = (await site.client.get(f"/api/v1/hexes/{cell}?dataset=street&month=2018-10")).json()
    count = await page.locator("#map-panel .map-count").text_content()
    assert str(count).split()[0] == f"{history['total']:,}"
    async with page.expect_download() as download:
        await page.get_by_role("link", name="CSV of these hexagons").click()
    text = await (await site.client.get((await download.value).url)).aread()
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert sum(int(row["total"]) for row in rows) == await shown_total(page)
    assert cell in {row["id"] for row in rows}


async def test_filters_need_no_new_page_and_back_leads_back(page: Page, site: Served) -> None:
    await opened(page, site, f"at={CITY},11&month=2018-10")
    before = await shown_total(page)
    await page.evaluate("window.isSamePage = true")
    await page.locator("summary").filter(has_text="All").first.click()
    await page.get_by_label("Burglary").check()
    await expect(page.locator("#map-side")).not_to_have_attribute("data-total", str(before))
    assert "category=burglary" in page.url
    fewer = await shown_total(page)
    link = page.locator("#map-below a[data-cell]").first
    await link.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#map-panel .map-count")).to_be_visible()
    await page.go_back()
    await expect(page.locator("#map-panel .map-count")).to_have_count(0)
    await page.go_back()
    await expect(page.locator("#map-side")).to_have_attribute("data-total", str(before))
    await expect(page.get_by_label("Burglary")).not_to_be_checked()
    await page.go_forward()
    await expect(page.locator("#map-side")).to_have_attribute("data-total", str(fewer))
    assert await page.evaluate("window.isSamePage")


async def test_the_months_step_by_button(page: Page, site: Served) -> None:
    await opened(page, site, f"at={CITY},11&month=2018-10")
    await page.get_by_role("button", name="The month after").click()
    await expect(page.locator("#map-month-name")).to_have_text("November 2018")
    await page.wait_for_function(QUIET)
    counted = await api(site, level=275, bbox="-9,49,3,61", month="2018-11", category="burglary")
    assert counted["total"] > 0
    assert "month=2018-11" in page.url
    await page.get_by_role("button", name="Play").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("button", name="Play")).to_be_visible()


async def test_a_postcode_moves_the_map_and_a_wrong_one_is_told(page: Page, site: Served) -> None:
    await page.goto(f"{site.url}/maps/crime?month=2018-10")
    await start(page)
    await page.get_by_label("Go to a postcode").fill("EC2M 7PY")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**at=51.5*")
    await expect(page.locator("#map-side")).to_have_attribute("data-level", "275")


async def test_a_tab_that_was_open_over_new_data_shows_the_new_tiles(
    page: Page, site: Served, pool: asyncpg.Pool
) -> None:
    await opened(page, site, f"at={CITY},11&month=2018-10")
    before = await page.evaluate(ADDRESS)
    await load(pool, Dataset.STREET, "2018-12", ("city-of-london",))
    await page.locator(".maplibregl-canvas").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#map-said")).to_contain_text("New data have come in")
    assert await page.evaluate(ADDRESS) != before
    await page.wait_for_function(QUIET)
    assert (await page.evaluate(DRAWN))["cells"]


DRAWN_HEXES = "() => document.getElementById('map').map.queryRenderedFeatures({ layers: ['hexes'] }).length"
"""How many hexagons are to be seen."""
NO_HEXES = f"() => ({DRAWN_HEXES})() === 0"
"""Whether none is: the map hides them with its next frame, not in the moment in which it is told to."""
GO = "(query) => { history.pushState(null, '', query); dispatchEvent(new PopStateEvent('popstate')); }"


async def test_hexagons_of_other_filters_are_gone_where_those_asked_for_cannot_be_fetched(
    browser: Browser, site: Served
) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await opened(page, site, f"at={CITY},11&month=2018-10")
    await page.wait_for_function(DRAWN_HEXES)
    said = page.locator("#map-said")
    await page.evaluate(GO, f"?at={CITY},11&month=2018-10&category=none-such")
    await expect(said).to_contain_text("none-such")
    await page.wait_for_function(NO_HEXES)
    await page.evaluate(GO, f"?at={CITY},11&month=2018-10")
    await page.wait_for_function(DRAWN_HEXES)

    await context.set_offline(True)
    await page.locator("summary").filter(has_text="All").first.click()
    await page.get_by_label("Burglary").check()
    await expect(said).to_contain_text("try again in a moment")
    await page.wait_for_function(NO_HEXES)
    await page.get_by_label("Go to a postcode").fill("EC2M 7PY")
    await page.keyboard.press("Enter")
    await expect(said).to_have_text("That did not work: try again in a moment.")
    await context.set_offline(False)
    await page.get_by_label("Burglary").uncheck()
    await page.wait_for_function(DRAWN_HEXES)
    await expect(said).to_have_text("")
    await context.close()


async def test_without_scripts_the_drawing_the_table_and_the_form_work(
    browser: Browser, site: Served
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    assert await page.locator(".map-plain polygon").count() > 20
    await page.get_by_role("link", name="Zoom in").click()
    assert ",12" in page.url
    await page.locator("#map-below a[data-cell]").first.click()
    await expect(page.locator("#map-panel .map-count")).to_be_visible()
    await page.get_by_label("Last month").select_option("2018-11")
    await page.get_by_role("button", name="Show").click()
    assert "month=2018-10..2018-11" in page.url
    await context.close()


async def test_without_webgl_the_drawing_stays(browser: Browser, site: Served) -> None:
    page = await browser.new_page()
    await page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    await expect(page.locator("#map-time")).to_be_visible()
    await page.locator(".map-plain a").first.click()
    await expect(page.locator("#map-panel .map-count")).to_be_visible()
    assert "cell=" in page.url
    await page.get_by_role("button", name="Play").click()
    await expect(page.locator("#map-time")).to_be_hidden()
    await expect(page.locator(".map-plain svg")).to_be_visible()
    assert await page.locator(LIVE).count() == 0
    await page.close()


async def test_what_is_asked_for_before_the_map_is_there_is_done_when_it_is(page: Page, site: Served) -> None:
    """No pointer comes near the drawing before the click itself."""
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    await page.locator('.map-plain a[data-cell^="275."]').nth(8).dispatch_event("click")
    await expect(page.locator("#map-panel .map-count")).to_be_visible()
    await expect(page.locator(LIVE)).to_be_visible()
    assert "cell=275." in page.url

    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    await page.get_by_role("button", name="The month after").dispatch_event("click")
    await expect(page.locator("#map-month-name")).to_have_text("November 2018")
    assert "month=2018-11" in page.url

    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    slider = page.locator("#map-month")
    await slider.evaluate(
        "one => { one.value = 1; one.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    await expect(page.locator("#map-month-name")).to_have_text("November 2018")

    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    before = await shown_total(page)
    box = page.get_by_label("Burglary")
    await box.evaluate(
        "one => { one.checked = true; one.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    await expect(page.locator("#map-side")).not_to_have_attribute("data-total", str(before))
    assert "category=burglary" in page.url


@pytest.mark.parametrize("file", ["maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl.css"])
async def test_where_the_library_does_not_come_the_drawing_and_its_links_work(
    browser: Browser, site: Served, file: str
) -> None:
    page = await browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.route(f"**/{file}", lambda route: route.abort())
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    await page.locator(".map-plain a").nth(8).click()
    await expect(page.locator("#map-panel .map-count")).to_be_visible()
    assert await page.locator(LIVE).count() == 0
    assert faults == []
    await page.close()


async def test_a_click_that_is_meant_for_another_tab_is_left_to_the_browser(page: Page, site: Served) -> None:
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    taken = await page.locator(".map-plain a").nth(8).evaluate(
        "one => !one.dispatchEvent(new MouseEvent('click', "
        "{ bubbles: true, cancelable: true, ctrlKey: true }))"
    )  # fmt: skip
    assert not taken


async def test_by_keyboard_the_map_takes_the_place_of_the_drawing_and_keeps_the_focus(
    page: Page, site: Served
) -> None:
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    await page.get_by_role("link", name="Zoom in").focus()
    await page.wait_for_selector(LIVE)
    await expect(page.locator(".maplibregl-canvas")).to_be_focused()


async def test_ones_own_location_is_asked_for_by_a_button_only(browser: Browser, site: Served) -> None:
    context = await browser.new_context(
        geolocation={"latitude": 51.5136, "longitude": -0.0989}, permissions=["geolocation"]
    )
    page = await context.new_page()
    await page.add_init_script(
        "navigator.geolocation.getCurrentPosition = new Proxy(navigator.geolocation.getCurrentPosition, "
        "{ apply: (...all) => { window.asked = true; return Reflect.apply(...all); } })"
    )
    await opened(page, site, "month=2018-10")
    assert not await page.evaluate("window.asked")
    await page.get_by_role("button", name="Use my location").click()
    await page.wait_for_url("**at=51.5136,-0.0989,13**")
    await expect(page.locator("#map-side")).to_have_attribute("data-level", "275")
    assert await page.evaluate("window.asked")
    await context.close()


async def test_a_location_that_is_not_given_is_told(browser: Browser, site: Served) -> None:
    context = await browser.new_context(permissions=[])
    page = await context.new_page()
    await opened(page, site, "month=2018-10")
    await page.get_by_role("button", name="Use my location").click()
    await expect(page.locator("#map-said")).to_have_text(
        "Your location is not known to the browser, or not given."
    )
    await context.close()


async def test_a_tile_that_cannot_be_fetched_is_told(browser: Browser, site: Served) -> None:
    page = await browser.new_page()
    await page.route("**/*.mvt*", lambda route: route.abort())
    await page.goto(f"{site.url}/maps/crime?month=2018-10&at={CITY},11")
    await start(page)
    await expect(page.locator("#map-said")).to_have_text(
        "Some hexagons could not be fetched: try again in a moment."
    )
    await page.close()


async def test_the_first_load_is_light(page: Page, site: Served) -> None:
    sizes: list[int] = []

    async def measure(response: Any) -> None:
        sizes.append((await response.request.sizes())["responseBodySize"])

    page.on("response", measure)
    await page.goto(f"{site.url}/maps/crime?month=2018-10")
    await page.wait_for_load_state("networkidle")
    assert sum(sizes) < UNTOUCHED_BYTES
    await start(page)
    await page.wait_for_function(QUIET)
    await page.wait_for_load_state("networkidle")
    assert 200_000 < sum(sizes) < FIRST_LOAD_BYTES  # with the browser's own map
    assert {httpx.URL(one).host for one in await page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name)"
    )} == {httpx.URL(site.url).host}  # fmt: skip
