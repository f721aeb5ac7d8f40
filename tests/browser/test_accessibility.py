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


async def faults_of(page: Page, address: str) -> list[str]:
    """What is wrong with a page at the width of a phone and of a desk."""
    faults = []
    for width in (360, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(address)
        await page.wait_for_load_state("networkidle")
        found = await page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            faults.append(f"{found} px wide on a screen of {width} px")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found_by_axe: list[str] = await page.evaluate(RUN)
    return faults + found_by_axe


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
