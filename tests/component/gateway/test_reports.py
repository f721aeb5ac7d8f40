"""Reports over HTTP: ordered, followed, fetched, verified."""

import base64
import csv
import json
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.gateway.openapi_schemas import MADE
from services.gateway.report_csv import figures_csv
from services.gateway.report_orders import FIELDS
from services.gateway.report_status import follow
from services.gateway.report_store import ReportStore
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from services.reporter.shapes import Figures, Location, canonical
from shared.events import report_id
from shared.model import Dataset
from shared.tiers import Tier
from tests.bus import provisioned
from tests.component.gateway.country import DECEMBER, NOVEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.desk import PDF, Desk, both
from tests.component.gateway.server import Cable, Client, gateway, get

REPORTS = "/api/v1/reports"
ORDERED = {"postcode": "ec2m7py", "tier": "standard"}
STREET = Dataset.STREET


@pytest.fixture
async def desk(pool: asyncpg.Pool, nats_url: str) -> AsyncIterator[Desk]:
    async with provisioned(nats_url) as bus:
        yield Desk(pool, bus)


@pytest.fixture
async def figures(desk: Desk, country: Country) -> Figures:
    """Figures of two loaded months, counted by the reporter itself."""
    for month in (OCTOBER, NOVEMBER):
        await country.load(STREET, month, ROWS)
    return await desk.figures()


async def post(client: Client, order: Any, status: int = 202, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post(REPORTS, json=order, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def orders(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(message.data or b"") for message in await desk.bus.messages("report.requested.web")]


async def test_an_order_is_known_as_soon_as_it_is_accepted(client: Client, desk: Desk) -> None:
    accepted, order = await both(client.post(REPORTS, json=ORDERED), desk.take_next())
    assert accepted.status_code == 202
    assert (order["postcode"], order["tier"], order["language"]) == ("EC2M 7PY", "standard", "en")
    secret = await desk.orders.secret("web")
    assert secret is not None
    assert accepted.headers["location"] == f"{REPORTS}/{report_id(secret, order['id'])}"
    status = await get(client, accepted.headers["location"])
    assert accepted.json() == status
    assert (status["state"], status["id"]) == ("queued", accepted.headers["location"].rpartition("/")[2])
    assert set(status["links"]) == {"self", "events"}
    assert status["ordered_at"]
    assert status["verification"] is status["report"] is status["problem"] is None


async def test_an_order_that_nobody_takes_in_is_accepted_and_kept(client: Client, desk: Desk) -> None:
    accepted = await post(client, {**ORDERED, "branding": {"name": "Zoë & Söhne", "contact": ["a", "b"]}})
    assert accepted["state"] == "queued"
    (order,) = await orders(desk)
    assert order["branding"] == {"name": "Zoë & Söhne", "contact": ["a", "b"]}


async def test_the_same_order_with_the_same_key_is_one_order(client: Client, desk: Desk) -> None:
    key = "-my.key_1"
    first, order = await both(post(client, ORDERED, key=key), desk.take_next())
    same = {"tier": "standard", "postcode": " EC2M 7PY ", "branding": None, "language": "en"}
    again, repeated = await both(post(client, same, key=key), desk.take_next())
    assert again == first
    assert repeated == order
    assert await desk.pool.fetchval("SELECT count(*) FROM report") == 1
    (other, _), (no_key, _) = [
        await both(post(client, ORDERED | change, key=key), desk.take_next())
        for change, key in (({"tier": "premium"}, key), ({}, None))
    ]
    assert len({first["id"], other["id"], no_key["id"]}) == 3
    assert len(order["id"]) == 64


BAD = [
    (b"{", "body", "JSON"),
    (b'"x"', "body", "JSON object"),
    (b"[" * 100_000, "body", "JSON"),
    (b'{"postcode": "\xff"}', "body", "JSON"),
    (b'{"tier": "standard"}', "postcode", "EC2M 7PY"),
    (b'{"postcode": "SW1A", "tier": "standard"}', "postcode", "SW1A"),
    (b'{"postcode": 7, "tier": "standard"}', "postcode", "must be text"),
    (b'{"postcode": "EC2M 7PY"}', "tier", "premium"),
    (b'{"postcode": "EC2M 7PY", "tier": "gold"}', "tier", "essential, professional, standard, premium"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "brandign": {}}', "brandign", "branding"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "branding": "x"}', "branding", "object"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "branding": {"a": [[]]}}', "branding.a", "text"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "language": 1}', "language", "must be text"),
    (b'{"postcode": "EC2M 7PY", "tier": "standard", "language": "%s"}' % (b"e" * 99), "language", "en"),
]


@pytest.mark.parametrize(("body", "field", "names"), BAD)
async def test_a_bad_order_is_told_what_is_valid(
    client: Client, desk: Desk, body: bytes, field: str, names: str
) -> None:
    answer = await client.post(REPORTS, content=body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert problem["parameter"] == field
    assert names in problem["detail"]
    assert len(problem["detail"]) < 300
    assert await orders(desk) == []


async def test_a_tier_that_is_none_lists_those_that_are(client: Client, desk: Desk) -> None:
    problem = await post(client, ORDERED | {"tier": "gold"}, 400)
    assert problem["valid"] == ["essential", "professional", "standard", "premium"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "ä"])
async def test_a_bad_key_is_refused(client: Client, desk: Desk, key: str) -> None:
    answer = await client.post(REPORTS, json=ORDERED, headers=[(b"Idempotency-Key", key.encode())])
    assert (answer.status_code, answer.json()["parameter"]) == (400, "Idempotency-Key")


async def test_an_order_of_more_than_a_megabyte_is_too_large(client: Client, desk: Desk) -> None:
    large = ORDERED | {"branding": {"logo": "A" * 1_000_000}}
    problem = await post(client, large, 413)
    assert (problem["title"], problem["status"]) == ("The request is too large", 413)
    assert "1 MB" in problem["detail"]
    nearly = ORDERED | {"branding": {"logo": "A" * 998_900}}
    await both(post(client, nearly), desk.take_next())


async def test_addresses_without_a_report_say_so(client: Client, desk: Desk) -> None:
    unknown = str(uuid4())
    for path in (REPORTS, "/r"):
        for ending in ("", ".json", ".csv"):
            if path == REPORTS or ending:
                problem = await get(client, f"{path}/{unknown}{ending}", 404)
                assert f"{unknown} is unknown" in problem["detail"]
                problem = await get(client, f"{path}/12{ending}", 404)
                assert "8-4-4-4-12" in problem["detail"]
    assert "is unknown" in (await get(client, f"{REPORTS}/{unknown}.pdf", 404))["detail"]
    assert "is unknown" in (await get(client, f"{REPORTS}/{unknown}/events", 404))["detail"]
    await get(client, f"{REPORTS}/{unknown}", 400, report_id="x")


async def test_a_waiting_report_has_no_files_and_a_failed_one_says_why(client: Client, desk: Desk) -> None:
    waiting = await desk.order("1")
    for ending in ("pdf", "json", "csv"):
        problem = await get(client, f"{REPORTS}/{waiting}.{ending}", 404)
        assert "the report is queued" in problem["detail"]
    assert "waiting for its turn" in (await client.get(f"/r/{waiting}")).text
    failed = await desk.refuse("2", code="invalid-order", detail="logo: <b>", field="logo", valid=("png",))
    status = await get(client, f"{REPORTS}/{failed}")
    assert status["state"] == "failed"
    assert status["problem"] == {
        "code": "invalid-order", "detail": "logo: <b>", "field": "logo", "valid": ["png"],
    }  # fmt: skip
    assert status["answered_at"]
    assert "logo: &lt;b&gt;" in (await client.get(f"/r/{failed}")).text


async def test_a_rendered_report_gives_exactly_what_was_rendered(
    client: Client, desk: Desk, figures: Figures
) -> None:
    report = await desk.render("1", figures)
    status = await get(client, f"{REPORTS}/{report}")
    about = status["report"]
    assert await get(client, f"{REPORTS}/{str(report).upper()}") == status
    assert (status["state"], about["postcode"], about["pages"]) == ("rendered", "EC2R 8AH", 7)
    assert (about["first_month"], about["last_month"], about["radius_m"]) == ("2017-12", "2018-11", 500)
    pdf = await client.get(status["links"]["pdf"])
    assert pdf.content == PDF
    assert sha256(pdf.content).hexdigest() == about["sha256"]
    assert (pdf.headers["content-type"], len(PDF)) == ("application/pdf", about["bytes"])
    assert pdf.headers["content-disposition"] == 'inline; filename="neighbourhood-report-EC2R-8AH.pdf"'
    assert "content-encoding" not in pdf.headers
    for path in (status["links"]["json"], f"/r/{report}.json"):
        answer = await client.get(path)
        assert answer.content == canonical(figures)
        assert sha256(answer.content).hexdigest() == about["figures_sha256"]
    for path in (*(status["links"][name] for name in ("pdf", "json", "csv")), f"/r/{report}.csv"):
        answer = await client.get(path)
        assert "immutable" in answer.headers["cache-control"]
        again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_pdf_of_another_partner_is_in_its_own_store(
    client: Client, desk: Desk, figures: Figures
) -> None:
    report = await desk.render("1", figures, "acme")
    status = await get(client, f"{REPORTS}/{report}")
    assert set(status["links"]) == {"self", "events", "page", "json", "csv"}
    assert status["verification"]["state"] == "current"
    assert "acme" not in json.dumps(status)
    problem = await get(client, f"{REPORTS}/{report}.pdf", 404)
    assert "partner's own store" in problem["detail"]
    assert ".pdf" not in (await client.get(f"/r/{report}")).text


async def test_a_pdf_that_is_not_kept_or_is_another_is_not_given(
    client: Client, desk: Desk, figures: Figures
) -> None:
    gone, other = [await desk.render(number, figures) for number in ("1", "2")]
    store = await desk.bus.client.jetstream().object_store("reports-web")
    await store.delete("1.pdf")
    await store.put("2.pdf", b"%PDF another")
    for report in (gone, other):
        problem = await get(client, f"{REPORTS}/{report}.pdf", 404)
        assert "order it again" in problem["detail"]


def measures(text: str) -> dict[tuple[str, str, str], str]:
    """The rows of a CSV by section, key and measure."""
    rows = list(csv.DictReader(text.splitlines()))
    found = {(row["section"], row["key"], row["measure"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found


async def test_the_csv_has_every_number_of_the_json(client: Client, desk: Desk, figures: Figures) -> None:
    report = await desk.render("1", figures)
    answer = await client.get(f"{REPORTS}/{report}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = measures(answer.text)
    given = (await client.get(f"{REPORTS}/{report}.json")).json()
    assert given["crimes"] == 14  # 3 at CITY and 4 at BANK in each of two months; STATION is 680 m away
    assert rows["report", "", "crimes"] == str(given["crimes"])
    for category in given["categories"]:
        for measure in ("crimes", "share", "area_share", "area_pp", "country_pp"):
            number = category[measure]
            assert rows["categories", category["slug"], measure] == ("" if number is None else str(number))
    for month in given["months"]:
        crimes = "" if month["crimes"] is None else str(month["crimes"])
        assert rows["months", month["month"], "crimes"] == crimes
    for cohort in given["cohorts"]:
        for group, n in cohort["groups"].items():
            assert rows["cohorts", cohort["month"], f"groups.{group}"] == str(n)
    shown = [float(value) for value in rows.values() if re.fullmatch(r"-?[\d.]+", value)]
    assert sorted(shown) == numbers(given)
    assert len(shown) > 100


def numbers(given: Any) -> list[float]:
    """Every number in a JSON value, sorted."""
    if isinstance(given, dict):
        return sorted(n for value in given.values() for n in numbers(value))
    if isinstance(given, list):
        return sorted(n for value in given for n in numbers(value))
    return [float(given)] if isinstance(given, int | float) and not isinstance(given, bool) else []


def test_no_text_in_the_csv_is_taken_for_a_formula() -> None:
    locations = [{"name": name, "crimes": -1} for name in ("=1+1", "+1", "-1", "@x", 'On "or", near', "\t=1")]
    rows = list(csv.reader(figures_csv({"locations": locations, "note": "=cmd"}).splitlines()))
    assert [row[2] for row in rows[1:7]] == ["'=1+1", "'+1", "'-1", "'@x", 'On "or", near', "'\t=1"]
    assert {row[4] for row in rows[1:7]} == {"-1"}
    assert rows[7] == ["report", "", "", "note", "'=cmd"]


async def test_figures_are_current_until_a_month_is_replaced(
    client: Client, desk: Desk, figures: Figures, country: Country
) -> None:
    report = await desk.render("1", figures)
    before = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert before == {
        "state": "current", "superseded_months": [], "rules_changed": False, "newer_months": [],
    }  # fmt: skip
    assert "These figures are current" in (await client.get(f"/r/{report}")).text
    await country.load(STREET, DECEMBER, ROWS)
    newer = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (newer["state"], newer["newer_months"]) == ("current", ["2018-12"])
    replaced = await country.load(STREET, OCTOBER, ROWS[:5])
    added = await country.load(STREET, OCTOBER.replace(month=9), ROWS[:5])
    after = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert after["state"] == "superseded"
    old = {month.month: month.version for month in figures.months}
    assert [
        (month["month"], month["version"], month["current_version"]) for month in after["superseded_months"]
    ] == [("2018-09", None, added), ("2018-10", old["2018-10"], replaced)]
    page = (await client.get(f"/r/{report}")).text
    assert "These figures have been superseded" in page
    assert "October 2018: other data since" in page
    assert "September 2018: the first data since" in page


async def test_a_month_that_is_loaded_and_not_counted_yet_supersedes_nothing(
    client: Client, desk: Desk, figures: Figures, country: Country
) -> None:
    report = await desk.render("1", figures)
    await country.load(STREET, OCTOBER, ROWS[:5], cells=False)
    assert (await get(client, f"{REPORTS}/{report}"))["verification"]["state"] == "current"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE grid SET mapping_version = mapping_version + 1 WHERE dataset = 'street'",
        'UPDATE report SET figures = replace(figures, \'"revision":"\', \'"revision":"0\')',
    ],
)
async def test_figures_counted_by_other_rules_are_never_called_current(
    client: Client, desk: Desk, figures: Figures, pool: asyncpg.Pool, change: str
) -> None:
    report = await desk.render("1", figures)
    await pool.execute(change)
    verification = (await get(client, f"{REPORTS}/{report}"))["verification"]
    assert (verification["state"], verification["rules_changed"]) == ("superseded", True)
    assert "what they are counted by" in (await client.get(f"/r/{report}")).text


async def test_every_tier_is_current_on_the_data_that_it_was_made_of(
    client: Client, desk: Desk, figures: Figures
) -> None:
    for tier in Tier:
        report = await desk.render(tier, await desk.figures(tier))
        status = await get(client, f"{REPORTS}/{report}")
        assert (status["report"]["tier"], status["verification"]["state"]) == (tier, "current")


async def test_hostile_text_on_the_page_is_text(client: Client, desk: Desk, figures: Figures) -> None:
    hostile = "</td><script>alert(1)</script><img src=x onerror=y> ${x} {{ 7*7 }} &amp; \"'"
    hostile_figures = msgspec.structs.replace(
        figures, force_name=hostile, locations=[Location(hostile, 3)], outcome_groups={"none": hostile}
    )
    report = await desk.render("1", hostile_figures)
    page = (await client.get(f"/r/{report}")).text
    assert page.count("alert(1)") == page.count("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert "<script" not in page
    assert "<img" not in page
    assert "{{ 7*7 }} &amp;amp;" in page
    unknown = await client.get("/r/%3Cscript%3E" + "x" * 50)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<script" not in unknown.text
    assert "No report with this number" in unknown.text


async def test_the_page_shows_what_the_paper_shows(client: Client, desk: Desk, figures: Figures) -> None:
    report = await desk.render("1", figures)
    answer = await client.get(f"/r/{report}")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    (style,) = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    allowed = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{allowed}';" in policy
    assert "src=" not in answer.text
    assert "style=" not in answer.text
    status = await get(client, f"{REPORTS}/{report}")
    for shown in (
        str(report), "EC2R 8AH", "December 2017 to November 2018", "500 metres", figures.revision,
        status["report"]["figures_sha256"], status["links"]["pdf"], f"/r/{report}.json", f"/r/{report}.csv",
    ):  # fmt: skip
        assert shown in answer.text
    for row in figures.categories:
        assert f'<th scope="row">{row.name}</th><td class="n">{row.crimes:,}</td>' in answer.text
    assert answer.text.count('<td class="n">\N{EN DASH}</td>') >= 10  # months without data


async def events(client: Client, report: UUID) -> AsyncIterator[tuple[str, Any]]:
    """The events about a report, as they come."""
    async with client.stream("GET", f"{REPORTS}/{report}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in answer.headers
        name = ""
        async for line in answer.aiter_lines():
            kind, _, value = line.partition(": ")
            if kind == "event":
                name = value
            elif kind == "data":
                yield name, json.loads(value)


async def test_listeners_hear_each_change_until_the_answer(
    client: Client, desk: Desk, figures: Figures
) -> None:
    report = await desk.order("1")
    heard = []
    async for name, status in events(client, report):
        heard.append(name)
        assert status["state"] == name
        if name == "queued":
            assert await desk.orders.claim(60)
        elif name == "rendering":
            await desk.answer("1", report, figures)
    assert heard == ["queued", "rendering", "rendered"]
    assert status == await get(client, f"{REPORTS}/{report}")
    headers = {"Last-Event-ID": "rendered"}
    assert (await client.get(f"{REPORTS}/{report}/events", headers=headers)).status_code == 204


async def test_a_long_wait_is_kept_alive_and_ends(desk: Desk) -> None:
    store = ReportStore(Store(desk.pool, query_timeout=10))
    report = await store.find(await desk.order("1"))
    assert report is not None

    async def same() -> Any:
        return report

    stream = follow(report, same, poll=0, keep_alive=0)
    first = await anext(stream)
    assert first.startswith(b"id: queued\nevent: queued\ndata: {")
    assert [await anext(stream) for _ in range(3)] == [b": still queued\n\n"] * 3
    await stream.aclose()
    assert [event async for event in follow(report, same, longest=0)] == [first]


async def test_a_lost_bus_is_named_and_found_again(
    database_url: str, pool: asyncpg.Pool, desk: Desk, nats_url: str
) -> None:
    cable = Cable(nats_url)
    await cable.mend()
    cable.cut()
    settings = GatewaySettings(database_url=database_url, nats_url=cable.url)
    async with gateway(settings, pool) as client:
        for _ in range(2):
            down = await get(client, "/readyz", 503)
            assert down["database"] == "ok"
            assert down["bus"].startswith("no NATS server at ")
            problem = await post(client, ORDERED, 503)
            assert problem["detail"].startswith("no NATS server at ")
            await cable.mend()
            assert await get(client, "/readyz") == {"database": "ok", "bus": "ok"}
            await both(post(client, ORDERED), desk.take_next())
            cable.cut()


def test_the_described_order_is_the_one_that_is_read() -> None:
    assert list(MADE["ReportOrder"]["properties"]) == FIELDS
