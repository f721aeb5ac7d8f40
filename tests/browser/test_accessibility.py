"""Every page in a real browser: nothing that axe finds, nothing too wide, nothing from elsewhere."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page

from tests.component.gateway.sample import Served

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
RUN = """async () => {
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await axe.run(document, {runOnly: rules});
  return found.violations.flatMap(
    one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}"""
PAGES = (
    "/",
    "/maps/crime",
    "/maps/stop-and-search",
    "/dashboards",
    "/dashboards/crime",
    "/dashboards/stop-and-search",
    "/dashboards/trends",
    "/dashboards/comparisons",
    "/dashboards/outcomes",
    "/area/EC2M7PY",
    "/area?postcode=nonsense",
    "/reports",
    "/data",
    "/data/coverage",
    "/data/revisions",
    "/data/reconciliations",
    "/data/downloads",
    "/data/status",
    "/data/queue",
    "/methodology",
    "/licence",
    "/accessibility",
    "/privacy",
    "/design",
    "/api",
    "/no-such-page",
)


SPACED = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
"""The text spacing that a reader may ask for (WCAG 1.4.12)."""
CUT = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(one => {
  const style = getComputedStyle(one);
  const isCut = (size, room, way) => size > room + 1 && style[way] === 'hidden';
  return one.clientWidth > 1 && !one.closest('.map, .visually-hidden, svg, .sum') && (
    isCut(one.scrollWidth, one.clientWidth, 'overflowX')
    || isCut(one.scrollHeight, one.clientHeight, 'overflowY'));
}).map(one => `${one.tagName}.${one.className} cuts its text off`)"""
"""But for checksums, which are shortened on purpose, say so, and are whole in the manifest."""


async def faults_of(page: Page, address: str) -> list[str]:
    """What is wrong with a page at the width of a phone and of a desk."""
    faults = []
    for width in (360, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(address)
        await page.wait_for_load_state("networkidle")
        faults += await too_wide(page, width)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found_by_axe: list[str] = await page.evaluate(RUN)
    return faults + found_by_axe


async def too_wide(page: Page, width: int) -> list[str]:
    """Whether one must scroll sideways."""
    found = await page.evaluate("document.documentElement.scrollWidth")
    return [f"{found} px wide on a screen of {width} px"] if found > width else []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_a_fault_that_axe_finds(site: Served, browser: Browser, scheme: str) -> None:
    context = await browser.new_context(color_scheme=scheme, base_url=site.url)  # type: ignore[arg-type]
    page = await context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    faults = {address: found for address in PAGES if (found := await faults_of(page, address))}
    assert faults == {}
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(site.url).netloc}
    assert await context.cookies() == []
    # The browser tells of the page that is not there, and of the postcode that is none.
    assert [text for text in said if "404" not in text and "400" not in text] == []


@pytest.mark.timeout(120)
async def test_at_four_times_the_size_and_with_wider_text_nothing_is_cut_off(
    site: Served, browser: Browser
) -> None:
    """A window of 1,280 by 1,024 px at 400 % has room for 320 by 256 (WCAG 1.4.10, 1.4.12)."""
    context = await browser.new_context(
        base_url=site.url, bypass_csp=True, viewport={"width": 320, "height": 256}
    )
    page = await context.new_page()
    faults: dict[str, list[str]] = {}
    for address in PAGES:
        await page.goto(address)
        found = await too_wide(page, 320)
        await page.add_style_tag(content=SPACED)
        if found := found + await too_wide(page, 320) + await page.evaluate(CUT):
            faults[address] = found
    assert faults == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_moving_map_has_no_fault_that_axe_finds(
    site: Served, browser: Browser, scheme: str
) -> None:
    context = await browser.new_context(color_scheme=scheme, base_url=site.url)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto("/maps/crime?at=51.5155,-0.0922,13")
    await page.locator("#map").hover(position={"x": 5, "y": 5})
    await page.wait_for_selector(".map.is-live")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    assert await page.evaluate(RUN) == []
