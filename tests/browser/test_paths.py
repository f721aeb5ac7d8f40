"""What people do on the pages, in a real browser."""

import pytest
from playwright.async_api import Browser, Page, Request

from tests.component.gateway.sample import Served

POSTCODE = "EC2M 7PY"
MOST_KILOBYTES = {"/": 100, "/dashboards/crime": 300, "/area/EC2M7PY": 300, "/maps/crime": 1200}
ON_CATEGORIES = """document.activeElement.matches('details.choice summary') &&
  document.activeElement.closest('fieldset').querySelector('legend').textContent === 'Categories'"""
SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
    .observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 0));
})"""


async def opened(browser: Browser, site: Served, address: str, *, scripts: bool = True) -> Page:
    """A page in a tab of its own."""
    context = await browser.new_context(
        base_url=site.url, java_script_enabled=scripts, viewport={"width": 1200, "height": 900}
    )
    page = await context.new_page()
    await page.goto(address)
    return page


async def rows(page: Page, figure: str) -> list[str]:
    """The rows of a table, shown or folded."""
    return await page.locator(f"#{figure} tbody tr").all_text_contents()


async def test_a_dashboard_is_filtered_with_the_keyboard_alone(site: Served, browser: Browser) -> None:
    page = await opened(browser, site, "/dashboards/crime")
    everything = await rows(page, "categories")
    await page.locator(".skip").focus()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate(ON_CATEGORIES):
            break
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    chosen = await page.evaluate("document.activeElement.value")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('form.filters button')"):
            break
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert f"category={chosen}" in page.url
    assert len(await rows(page, "categories")) == 1 < len(everything)
    await page.go_back()
    assert await rows(page, "categories") == everything
    await page.go_forward()
    assert len(await rows(page, "categories")) == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_postcode_leads_to_its_figures_and_on_to_a_report(
    site: Served, browser: Browser, scripts: bool
) -> None:
    page = await opened(browser, site, "/", scripts=scripts)
    await page.get_by_label("Postcode").fill(POSTCODE.lower())
    async with page.expect_navigation():
        await page.get_by_role("button", name="Show figures").click()
    assert page.url.endswith("/area/EC2M7PY")
    assert POSTCODE in await page.locator("h1").inner_text()
    await page.goto("/reports")
    await page.get_by_label("Postcode").fill(POSTCODE)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Order the report").click()
    assert "/reports/" in page.url


async def test_a_chart_has_its_table_its_file_and_its_image(site: Served, browser: Browser) -> None:
    page = await opened(browser, site, "/dashboards/crime")
    figure = page.locator("#categories")
    await figure.get_by_text("As a table").click()
    assert await figure.locator("table").is_visible()
    async with page.expect_download() as download:
        await figure.get_by_role("link", name="CSV").click()
    content = (await (await download.value).path()).read_text(encoding="utf-8")
    assert len(content.splitlines()) == len(await rows(page, "categories")) + 1
    await figure.get_by_role("link", name="Image").click()
    assert await page.locator("svg text.title").text_content() == "Street crime: By category"


@pytest.mark.parametrize("address", MOST_KILOBYTES)
async def test_pages_are_light_and_nothing_moves_while_they_load(
    site: Served, browser: Browser, address: str
) -> None:
    context = await browser.new_context(base_url=site.url, viewport={"width": 412, "height": 823})
    page = await context.new_page()
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    await page.goto(address)
    await page.wait_for_load_state("networkidle")
    sizes = [await request.sizes() for request in asked]
    kilobytes = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes) / 1000
    assert 10 < kilobytes < MOST_KILOBYTES[address]
    assert await page.evaluate(SHIFT) < 0.01
