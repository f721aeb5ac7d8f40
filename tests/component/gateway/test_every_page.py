"""Every page that a link leads to: it is there, has its parts, judges nothing, loads nothing of others."""

import re
from itertools import pairwise
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from services.gateway.app import PAGES
from tests.component.gateway.sample import served_sample
from tests.component.gateway.server import Client
from tests.pages import Page, text_of
from tests.words import judged_in, shown_on

START = ("/", "/design", "/licence", "/accessibility", "/privacy", "/methodology", "/data/queue")
MOST = 400
OF_A_KIND = 3
"""Addresses that differ in values only are of one kind, of which so many are asked for."""
DATA = ("application/json", "application/geo+json", "text/csv", "text/plain", "image/svg+xml")
"""Answers that are read as text; what is static is looked at in the sources."""
NOT_LINKED = {"/maps", "/area", "/maps/crime/parts", "/maps/stop-and-search/parts"}
"""Those lead on to others, and parts of maps are fetched by scripts."""


def kind(address: str) -> tuple[str, ...]:
    """A path with numbers left out, and the names of its parameters."""
    parts = urlsplit(address)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return re.sub("[0-9]+", "0", parts.path), *names


def links(page: Page, address: str) -> set[str]:
    """All on this site that a page leads to or is made of."""
    given = [one.get("href") or one.get("src") or one.get("data-src") for one in page.root.iter()]
    found = (urljoin(address, one) for one in given if one and not one.startswith(("mailto:", "data:")))
    return {one.partition("#")[0] for one in found if one.startswith("/")}


def check(page: Page, address: str, policy: str) -> None:
    """What every page has."""
    root = page.root
    assert root.get("lang") == "en-GB", address
    assert len(page.find("h1")) == 1, address
    assert len(page.find("main")) == 1, address
    [title] = page.texts("head/title")
    assert title.removesuffix("CrimeMapsUK").strip(" \N{EN DASH}"), address
    assert [one for one in root.iter() if "style" in one.attrib] == [], address
    assert [one for one in root.iter() if any(name.startswith("on") for name in one.attrib)] == [], address
    assert page.find("style") == [], address
    scripts = [one for one in page.find("script") if one.get("type") != "application/json"]
    assert all(one.get("src") for one in scripts), address
    assert "default-src 'none'" in policy, address
    assert "unsafe-inline" not in policy, address
    levels = [int(one.tag[1]) for one in page.find("main//*") if re.fullmatch("h[1-6]", str(one.tag))]
    assert all(after <= before + 1 for before, after in pairwise(levels)), address
    names = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(names) == len(set(names)), (address, [name for name in names if names.count(name) > 1])
    for one in page.find("main//a"):
        href = one.get("href") or ""
        assert not href.startswith("#") or href[1:] in names, (address, href)
        assert text_of(one) or one.get("aria-label"), (address, href)


async def crawl(client: Client) -> dict[str, int]:
    """Ask for all that can be reached; the status of each."""
    waiting, asked = list(START), dict.fromkeys(START, 0)
    kinds: dict[tuple[str, ...], int] = {}
    while waiting:
        address = waiting.pop(0)
        answer = await client.get(address, headers={"Accept": "text/html, */*;q=0.8"})
        asked[address] = answer.status_code
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if media_type in DATA and not address.startswith("/static/"):
            assert judged_in(answer.text) == [], address
        if media_type != "text/html":
            continue
        page = Page.of(answer.text)
        assert judged_in(*shown_on(page)) == [], address
        if answer.status_code == 200 and "/embed" not in address and not address.startswith("/r/"):
            check(page, address, answer.headers["content-security-policy"])
        for link in sorted(links(page, address) - set(asked)):
            kinds[kind(link)] = kinds.get(kind(link), 0) + 1
            if kinds[kind(link)] <= OF_A_KIND and len(asked) < MOST:
                asked[link] = 0
                waiting.append(link)
    return asked


async def test_every_link_of_every_page_leads_somewhere(database_url: str, nats_url: str) -> None:
    async with served_sample(database_url, nats_url) as served:
        asked = await crawl(served.client)
    broken = {address: status for address, status in asked.items() if status not in (200, 302, 303, 307)}
    assert broken == {}
    pages = {path for handler in PAGES for path in handler.paths if "{" not in path}
    assert pages - {urlsplit(address).path for address in asked} <= NOT_LINKED


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/no-such-page", 404, "There is no such thing"),
        ("GET", "/data/no-such-page", 404, "There is no such thing"),
        ("POST", "/data/coverage", 405, "This method is not allowed here"),
        ("DELETE", "/", 405, "This method is not allowed here"),
    ],
)
async def test_people_are_told_on_a_page_what_went_wrong(
    client: Client, method: str, path: str, status: int, words: str
) -> None:
    answer = await client.request(method, path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    page = Page.of(answer.text)
    assert page.texts("h1") == [words]
    check(page, path, answer.headers["content-security-policy"])
    plain = await client.request(method, path, headers={"Accept": "application/json"})
    assert (plain.status_code, plain.headers["content-type"]) == (status, "application/problem+json")
