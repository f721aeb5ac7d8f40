"""Pages of text: their numbers and tables are those of the code."""

import json
import re

import pytest
from pydantic import ValidationError

from services.gateway.reference import LIMITATIONS
from services.gateway.settings import GatewaySettings
from services.gateway.site import assets
from services.gateway.site.design import ENOUGH_FOR_MARKS, ENOUGH_FOR_TEXT, TEXTS, colours, contrast, pairs
from services.gateway.site.words import month
from services.gateway.statistics import FEWEST_PEOPLE, MOST_PERSONAL
from shared import ons, reference
from shared.db import READER, open_pool
from shared.hexgrid import EDGES_M
from shared.rates import MATURE_AFTER_MONTHS
from shared.tiers import MONTHS, RADIUS_M
from tests.component.gateway.server import Client, gateway
from tests.pages import Page, text_of


async def page(client: Client, address: str) -> Page:
    answer = await client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return Page.of(answer.text)


async def test_the_methodology_has_the_numbers_of_the_code(client: Client) -> None:
    shown = await page(client, "/methodology")
    text = text_of(shown.root)
    for words in LIMITATIONS.values():
        assert words in text
    edges = shown.texts("div[@aria-label='Levels of hexagons']//tbody//th")
    assert edges == [f"{edge:,} m" for edge in EDGES_M]
    assert f"at most {RADIUS_M} metres" in text
    for tier, months in MONTHS.items():
        assert f"{tier.capitalize()}: {f'{months} months' if months else 'every month that is held'}" in text
    assert f"Crimes of the newest {MATURE_AFTER_MONTHS} months" in text
    assert f"At most {MOST_PERSONAL} characteristics" in text
    assert f"fewer than {FEWEST_PEOPLE} stops" in text
    assert f"Mapping of outcomes: version {reference.MAPPING_VERSION}." in text
    assert ons.bundled().title in text


async def test_the_methodology_has_the_whole_mapping(client: Client) -> None:
    shown = await page(client, "/methodology")
    listed = shown.texts("table[@id='mapping']//li")
    street = [name for one in reference.street_outcomes() for name in one.names]
    stops = [one.raw for one in reference.stop_outcomes() if isinstance(one.raw, str) and one.raw]
    assert len(listed) == len(street) + len(reference.stop_outcomes())
    assert {*street, *stops} < set(listed)
    heads = shown.texts("table[@id='mapping']//th/code")
    assert heads == [group.group for group in reference.outcome_groups()]
    rows = shown.find("div[@aria-label='Categories of street crime']//tbody/tr")
    assert len(rows) == len(reference.categories())
    for row, category in zip(rows, reference.categories(), strict=True):
        assert category.name in text_of(row)
        assert month(category.since) in text_of(row)
    issues = (await client.get("/api/v1/coverage")).json()["known_issues"]
    assert len(shown.find("div[@aria-label='Known issues']//tbody/tr")) == len(issues)


async def test_the_contents_lead_to_every_section(client: Client) -> None:
    shown = await page(client, "/methodology")
    links = [one.get("href") for one in shown.find("nav[@class='contents']//a")]
    sections = [f"#{one.get('id')}" for one in shown.find("div[@class='text-body']/h2")]
    assert links == sections


async def test_the_licence_names_all_that_is_vendored(client: Client) -> None:
    shown = await page(client, "/licence")
    manifest = json.loads((assets.FOLDER / "vendor" / "manifest.json").read_bytes())
    rows = shown.find("div[@aria-label='Software of others']//tbody/tr")
    assert [text_of(next(row.iter("th"))) for row in rows] == [one["name"] for one in manifest]
    for row in rows:
        [link] = [one.get("href") for one in row.iter("a")]
        assert len((await client.get(str(link))).text) > 1000
    assert "Open Government Licence v3.0" in text_of(shown.root)


@pytest.mark.parametrize("path", ["/accessibility", "/privacy"])
async def test_the_operator_is_named_with_an_address_where_there_is_one(
    client: Client, database_url: str, nats_url: str, path: str
) -> None:
    assert "ask the operator" in text_of((await page(client, path)).root).replace("tell", "ask")
    settings = GatewaySettings(
        database_url=database_url, nats_url=nats_url, contact_email="maps@force.example"
    )
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as own:
        shown = await page(own, path)
        assert shown.texts("a[@href='mailto:maps@force.example']") == ["maps@force.example"]


def test_what_is_no_address_is_refused_and_an_empty_one_is_none() -> None:
    given = GatewaySettings(
        database_url="postgresql://localhost/x", nats_url="nats://localhost", contact_email=""
    )
    assert given.contact_email is None
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate({**given.model_dump(), "contact_email": "nobody"})


async def test_the_privacy_page_says_what_the_gateway_does(client: Client) -> None:
    shown = text_of((await page(client, "/privacy")).root)
    assert "looked up by the server at postcodes.io" in shown
    assert "counted by internet address" not in shown  # no Redis here
    for path in ("/", "/privacy", "/data/coverage"):
        assert "set-cookie" not in (await client.get(path)).headers


async def test_the_design_shows_every_token(client: Client) -> None:
    shown = await page(client, "/design")
    text = text_of(shown.root)
    light, dark = colours()
    assert set(dark) == set(light)
    listed = shown.texts("ul[@class='swatches']//code")
    assert listed == [*light, *dark]
    fills = [one.get("fill") for one in shown.find("ul[@class='swatches']//{*}rect")]
    assert fills == [*light.values(), *dark.values()]
    for name in ("--text-xs", "--text-xxl", "--space-1", "--space-16"):
        assert name in text


def test_contrasts_are_those_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#ffffff") == 4.48
    assert contrast("#ffffff", "#777777") == 4.48


def test_all_text_can_be_read() -> None:
    for scheme in colours():
        assert len(pairs(scheme)) > len(TEXTS)
        for pair in pairs(scheme):
            assert pair.contrast >= ENOUGH_FOR_TEXT, (pair.text, pair.on, pair.contrast)


def test_a_mark_that_is_pale_has_an_edge_that_is_not() -> None:
    rules = assets.assets()["css/charts.css"].body.decode()
    edged = re.search(r"([^}]+)\{\s*stroke: var\(--strong-rule\)", rules.partition("Pale marks")[2])
    assert edged
    fills = dict(re.findall(r"\.(fill-[\w-]+) \{ fill: var\(--([\w-]+)\)", rules))
    assert len(fills) > 12
    for scheme in colours():
        assert contrast(scheme["strong-rule"], scheme["paper"]) >= ENOUGH_FOR_MARKS
        for mark, colour in fills.items():
            assert contrast(scheme[colour], scheme["paper"]) >= ENOUGH_FOR_MARKS or f".{mark}," in edged[1]
