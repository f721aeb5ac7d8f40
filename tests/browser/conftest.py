"""Fixtures: a real browser, and the sample behind a gateway."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.component.gateway.sample import Served, served_sample

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader",
)  # fmt: skip
"""Nothing of the browser's own goes to the network."""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a screen."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("Chromium is not installed: pages are not looked at in a browser")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield opened
        await opened.close()


@pytest.fixture
async def site(database_url: str, nats_url: str) -> AsyncIterator[Served]:
    """The sample, served."""
    async with served_sample(database_url, nats_url) as served:
        yield served
