"""Reports ordered on a page without a script: the form, what it refuses, the page of an order."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx import Response

from services.gateway.settings import GatewaySettings
from services.gateway.site.assets import address
from shared.area_figures.shapes import Figures
from shared.db import READER, open_pool
from shared.postcode_store import WHOLE_ROWS
from tests.component.gateway.desk import Desk, both
from tests.component.gateway.server import Client, gateway
from tests.component.reporter.desk import load_months, load_postcodes, reporter
from tests.pages import Page
from tests.pipeline import eventually, running

ORDER = {"postcode": "ec2m 7py", "tier": "standard", "name": "", "colour": "", "contact": "", "key": "k-1"}
BRAND = {"name": "Zoë & Søhne", "colour": "#5B3F8C", "contact": "1 Bow Lane\n\n 020 7946 0000 "}
OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@asynccontextmanager
async def serving(database_url: str, nats_url: str, **settings: Any) -> AsyncIterator[Client]:
    settings = {"postcodes_io": False, **settings}
    given = GatewaySettings(database_url=database_url, nats_url=nats_url, **settings)
    async with open_pool(database_url, role=READER) as reader, gateway(given, reader) as client:
        yield client


@pytest.fixture
async def client(pool: asyncpg.Pool, desk: Desk, database_url: str, nats_url: str) -> AsyncIterator[Client]:
    await load_months(pool, "2018-10")
    await load_postcodes(pool)
    async with serving(database_url, nats_url) as client:
        yield client


async def send(client: Client, order: dict[str, str], headers: dict[str, str] = OWN) -> Response:
    return await client.post("/reports", data=order, headers=headers)


async def shown(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def test_an_order_leads_to_its_page_which_leads_to_the_report(
    client: Client, desk: Desk, figures: Figures
) -> None:
    accepted, order = await both(send(client, ORDER | BRAND), desk.take_next())
    assert accepted.status_code == 303
    assert (order["postcode"], order["tier"]) == ("EC2M 7PY", "standard")
    assert order["branding"] == {
        "name": "Zoë & Søhne", "colour": "#5B3F8C", "contact": ["1 Bow Lane", "020 7946 0000"],
    }  # fmt: skip
    there = accepted.headers["location"]
    text = await shown(client, there)
    assert "Your report waits for its turn" in text
    assert "http-equiv" not in text
    report = there.rpartition("/")[2]
    [waiting] = Page.of(text).find("p[@role='status']")
    assert waiting.get("data-events") == f"/api/v1/reports/{report}/events"
    await desk.answer(order["id"], report, figures)
    text = await shown(client, there)
    assert "Your report is ready" in text
    assert f'href="/api/v1/reports/{report}.pdf"' in text
    assert f'href="/r/{report}"' in text
    assert (await client.get(f"/api/v1/reports/{report}.pdf")).status_code == 200
    assert "These figures are current" in (await client.get(f"/r/{report}")).text


async def test_the_same_form_sent_twice_is_one_order(client: Client, desk: Desk) -> None:
    first, order = await both(send(client, ORDER), desk.take_next())
    again, repeated = await both(send(client, ORDER), desk.take_next())
    assert first.headers["location"] == again.headers["location"]
    assert order == repeated
    keys = [
        re.findall('name="key" value="([^"]+)"', await shown(client, "/reports?key=mine")) for _ in range(2)
    ]
    assert keys[0] != keys[1]
    assert ["mine"] not in keys


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://other.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_no_other_site_orders_with_the_browsers_of_its_visitors(
    client: Client, desk: Desk, headers: dict[str, str]
) -> None:
    answer = await send(client, ORDER, headers | {"Accept": "text/html"})
    assert answer.status_code == 403
    assert "This order was not taken" in answer.text
    assert await desk.untaken() == []


async def test_a_browser_that_tells_only_the_origin_may_order(client: Client, desk: Desk) -> None:
    own = {"Origin": str(client.base_url).rstrip("/")}
    accepted, _ = await both(send(client, ORDER, own), desk.take_next())
    assert accepted.status_code == 303


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"postcode": "EC2M"}, "postcode", "only the first part of a postcode"),
        ({"postcode": ""}, "postcode", "as in EC2M 7PY"),
        ({"postcode": "EC1A 1AA"}, "postcode", "has not been in use since"),
        ({"postcode": "ZE1 0AA"}, "postcode", "is in Scotland"),
        ({"tier": "gold"}, "tier", "is none of essential"),
        ({**BRAND, "colour": "#ffee00"}, "colour", "4.5:1 is needed"),
        ({**BRAND, "colour": "red"}, "colour", "Write a colour as #12436d"),
        ({**BRAND, "name": ""}, "name", "A brand needs a name"),
        ({**BRAND, "name": "a\u202eb"}, "name", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ({**BRAND, "contact": "\n".join("1234567")}, "contact", "There may be 6 lines"),
        ({**BRAND, "contact": "x" * 101}, "contact", "101 characters; 100 are allowed"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_ordered(
    client: Client, desk: Desk, change: dict[str, str], field: str, told: str
) -> None:
    answer = await send(client, ORDER | change)
    assert answer.status_code == 400
    page = Page.of(answer.text)
    [fault] = page.texts(f"p[@id='fault-{field}']")
    assert told in fault
    if change.get("name"):
        assert page.find("input[@id='name']")[0].get("value") == change["name"]
    assert await desk.untaken() == []


async def test_what_the_loaded_postcodes_lack_is_told_while_nobody_else_can_be_asked(
    client: Client, desk: Desk, database_url: str, nats_url: str
) -> None:
    del client  # its postcodes are asked, where postcodes.io is known and does not answer
    await desk.pool.execute("UPDATE postcode_edition SET rows = $1", WHOLE_ROWS)
    away = {"postcodes_io": True, "postcodes_io_url": "http://127.0.0.1:9", "postcodes_io_tries": 1}
    async with serving(database_url, nats_url, **away) as asked:
        answer = await send(asked, ORDER | {"postcode": "EC2M 7PZ"})
    assert answer.status_code == 400
    [fault] = Page.of(answer.text).texts("p[@id='fault-postcode']")
    assert "EC2M 7PZ is not in the loaded postcodes (a test edition)" in fault
    assert await desk.untaken() == []


async def test_the_preview_shows_the_figures_and_the_brand(client: Client) -> None:
    area = (await client.get("/area/EC2M7PY.json")).json()
    text = await shown(client, "/reports?postcode=EC2M7PY&name=%3Cb%3E%26&colour=%235b3f8c&contact=a%0Ab")
    assert f"<dd>{area['crimes']:,}<small>" in text
    first = area["categories"][0]
    assert f'<th scope="row">{first["name"]}</th><td class="n">{first["crimes"]:,}</td>' in text
    assert 'fill="#5b3f8c">&lt;b&gt;&amp;</text>' in text
    assert "<b>" not in text
    assert "style=" not in text
    refused = await shown(client, "/reports?postcode=M1+1AE", 404)
    assert "has published no street crimes" in refused


async def test_where_orders_are_not_taken_the_page_says_so(
    client: Client, desk: Desk, database_url: str, nats_url: str
) -> None:
    for settings, told, status in (
        ({"take_reports": False}, "No reporter runs on this installation", 501),
        ({"reports_need_key": True}, "Orders need a key here", 401),
    ):
        async with serving(database_url, nats_url, **settings) as closed:
            text = await shown(closed, "/reports?postcode=EC2M7PY")
            assert told in text
            assert 'method="post"' not in text
            assert 'href="/area/EC2M7PY"' in text
            assert (await send(closed, ORDER)).status_code == status
    assert await desk.untaken() == []


async def test_the_page_of_an_order_says_what_became_of_it(client: Client, desk: Desk) -> None:
    failed = await desk.refuse("1", code="postcode-unknown", detail="<b> is not known")
    text = await shown(client, f"/reports/{failed}")
    assert "There is no report" in text
    assert "&lt;b&gt; is not known" in text
    unknown = "00000000-0000-0000-0000-000000000000"
    for name in (unknown, "%3Cscript%3E"):
        assert "No order with this number is known" in await shown(client, f"/reports/{name}", 404)


async def test_an_order_that_no_reporter_takes_in_is_kept_and_its_page_says_so(
    client: Client, desk: Desk
) -> None:
    accepted = await send(client, ORDER)
    assert accepted.status_code == 303
    assert "Your report waits for its turn" in await shown(client, accepted.headers["location"])
    assert len(await desk.untaken()) == 1


async def test_a_reporter_makes_what_was_ordered_on_the_page(
    client: Client, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    area = (await client.get("/area/EC2M7PY.json?tier=standard")).json()
    async with running(reporter(tmp_path, database_url, nats_url)):
        accepted = await send(client, ORDER | BRAND)
        there = accepted.headers["location"]

        async def ready() -> str:
            text = (await client.get(there)).text
            return text if "Your report is ready" in text else ""

        text = await eventually(ready, "the report")
    [link] = re.findall('href="([^"]+[.]pdf)"', text)
    assert (await client.get(link)).content.startswith(b"%PDF-")
    assert f"<dd>{area['crimes']:,}<small>" in text
    figures = (await client.get(link.replace(".pdf", ".json"))).json()
    assert figures == area


async def test_there_is_a_sample_to_look_at(client: Client) -> None:
    sample = address("sample-report.pdf")
    assert f'href="{sample}"' in await shown(client, "/reports")
    answer = await client.get(sample)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert len(answer.content) < 400_000
