"""Orders through the queue: one report each, whatever is wrong with them and whoever is killed."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from pypdf import PdfReader

from services.reporter.order_store import NewOrder, OrderStore
from services.reporter.reports import MOST_LOOK_UPS
from shared.events import WebReportRequested
from shared.postcode_store import WHOLE_ROWS
from tests.component.reporter.desk import Desk, open_desk, reporter
from tests.pipeline import eventually, running

STANDARD = {"postcode": "EC2M 7PY", "tier": "standard"}
SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
LINK = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    b'<image href="https://example.org/x.png" width="9" height="9"/></svg>'
)


@pytest.fixture
async def desk(database_url: str, nats_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_url) as desk:
        yield desk


def branded(**branding: object) -> dict[str, object]:
    return {**STANDARD, "branding": {"name": "Acme", **branding}}


def logo(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_an_order_becomes_a_report_that_says_its_figures_and_the_same_order_the_same_answer(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    async with running(reporter(tmp_path, database_url, nats_url)):
        await partner.order("a-1", STANDARD)
        [answer] = await partner.answers_to("a-1")
        pdf = await partner.pdf(answer)
        await partner.order("a-1", STANDARD)
        first, again = await partner.answers_to("a-1", 2)
        await partner.order("a-1", {**STANDARD, "tier": "premium"})
        *_, refused = await partner.answers_to("a-1", 3)
        await partner.order("a-2", STANDARD)
        [other] = await partner.answers_to("a-2")

    assert answer["kind"] == "rendered"
    assert hashlib.sha256(pdf).hexdigest() == answer["sha256"]
    assert {**again, "repeated": 0} == first == answer
    assert again["repeated"] > 0
    assert (refused["kind"], refused["code"], refused["field"]) == ("failed", "id-taken", "id")
    assert other["figures_sha256"] == answer["figures_sha256"]
    assert other["report_id"] != answer["report_id"]

    row = await desk.pool.fetchrow("SELECT * FROM report WHERE id = 'a-1'")
    assert row is not None
    assert (row["state"], row["is_published"], row["body"]) == ("rendered", True, b"")
    assert hashlib.sha256(row["figures"].encode()).hexdigest() == answer["figures_sha256"]
    figures = json.loads(row["figures"])
    reader = PdfReader(BytesIO(pdf))
    assert len(reader.pages) == answer["pages"]
    text = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
    assert f"{figures['crimes']:,} street crimes" in text
    for category in figures["categories"]:
        assert f"{category['name']} {category['crimes']:,} {category['share']:.1f}" in text
    assert answer["report_id"] in text
    assert figures["revision"] in text
    assert (
        f"https://example.org/r/{answer['report_id']}" in text.replace(" ", "") or answer["report_id"] in text
    )


WRONG: list[tuple[dict[str, object], str, str]] = [
    ({"postcode": "EC2M 7PY", "tier": "gold"}, "invalid-order", "tier"),
    ({"postcode": "EC2M 7PY"}, "invalid-order", "tier"),
    ({**STANDARD, "brand": {}}, "invalid-order", "brand"),
    ({**STANDARD, "language": "cy"}, "invalid-order", "language"),
    (branded(name="x" * 10_000), "invalid-order", "10,000"),
    (branded(logo=logo(b"\0" * 600_000)), "invalid-order", "500,000"),
    (branded(logo=logo(b"\0" * 5_000_000)), "invalid-order", "bytes"),
    (branded(logo=logo(b"hello")), "invalid-order", "PNG"),
    (branded(logo=logo(SCRIPT)), "invalid-order", "script"),
    (branded(logo=logo(LINK)), "invalid-order", "branding.logo"),
    (branded(colour="#ffff00"), "invalid-order", "contrast"),
    ({**STANDARD, "postcode": "SW1A"}, "postcode-malformed", "whole postcode"),
    ({**STANDARD, "postcode": "EC2M 7PZ"}, "postcode-unknown", "EC2M 7PZ"),
    ({**STANDARD, "postcode": "EC1A 1AA"}, "postcode-terminated", "2011-06"),
    ({**STANDARD, "postcode": "EH1 1YZ"}, "postcode-outside", "Scotland"),
    ({**STANDARD, "postcode": "M1 1AE"}, "force-not-published", "Greater Manchester"),
]


async def test_every_wrong_order_has_its_own_clear_answer(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    async with running(reporter(tmp_path, database_url, nats_url)):
        for number, (body, _, _) in enumerate(WRONG):
            await partner.order(f"w-{number}", body)
        for number, (_, code, says) in enumerate(WRONG):
            [answer] = await partner.answers_to(f"w-{number}")
            assert (answer["kind"], answer["code"]) == ("failed", code), answer
            assert says in answer["detail"], answer
    assert await desk.bus.messages("dead.reporter-orders") == []
    assert await desk.bus.waiting("ORDERS", "reporter-orders") == 0


AWAY = {"postcodes_io": "true", "postcodes_io_url": "http://127.0.0.1:9", "postcodes_io_tries": 1}
UNKNOWN = {**STANDARD, "postcode": "EC2M 7PZ"}


async def test_a_postcode_that_the_whole_edition_lacks_is_answered_at_once_while_postcodes_io_is_away(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    await desk.pool.execute("UPDATE postcode_edition SET rows = $1", WHOLE_ROWS)
    async with running(reporter(tmp_path, database_url, nats_url, **AWAY)):
        await partner.order("u-1", UNKNOWN)
        [answer] = await partner.answers_to("u-1")
        await desk.pool.execute("UPDATE postcode SET postcode = 'EC2M 7PZ' WHERE postcode = 'EC2M 7PY'")
        await partner.order("u-2", UNKNOWN)
        [later] = await partner.answers_to("u-2")
    assert (answer["code"], answer["field"]) == ("postcode-unconfirmed", "postcode")
    for named in ("EC2M 7PZ", "a test edition", "postcodes.io"):
        assert named in answer["detail"]
    assert await desk.pool.fetchval("SELECT tries FROM report WHERE id = 'u-1'") == 1
    assert later["kind"] == "rendered"


async def test_a_postcode_that_nobody_can_be_asked_about_is_given_up_after_a_few_tries(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    body = json.dumps({"id": "u-3", **UNKNOWN}).encode()
    assert await OrderStore(desk.pool).take(NewOrder("acme", "u-3", "", body))
    await desk.pool.execute("UPDATE report SET tries = $1", MOST_LOOK_UPS - 2)
    async with running(reporter(tmp_path, database_url, nats_url, **AWAY)):

        async def is_put_off() -> bool:
            waits = "SELECT claimed_until > clock_timestamp() + interval '10 s' FROM report WHERE tries = $1"
            return bool(await desk.pool.fetchval(waits, MOST_LOOK_UPS - 1))

        await eventually(is_put_off, "the order waits for its last try")
        assert await partner.answers() == []
        await desk.pool.execute("UPDATE report SET claimed_until = '-infinity'")
        [answer] = await partner.answers_to("u-3")
    assert (answer["kind"], answer["code"]) == ("failed", "unavailable")
    assert (
        "EC2M 7PZ is not among the loaded postcodes, and postcodes.io could not be asked" in answer["detail"]
    )


async def test_what_is_no_order_at_all_is_answered_without_an_id_and_by_a_stranger_too(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    async with running(reporter(tmp_path, database_url, nats_url)):
        await partner.order(None, b"not json")
        [answer] = await partner.answers_to(None)
        assert answer["code"] == "invalid-order"
        assert "JSON" in answer["detail"]
        stranger = type(partner)("stranger", partner.client)
        await stranger.order("s-1", STANDARD)
        [answer] = await stranger.answers_to("s-1")
        assert answer["code"] == "unknown-partner"
        assert await desk.pool.fetchval("SELECT count(*) FROM report") == 0


async def test_a_reporter_that_is_killed_leaves_one_answer_to_each_order(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    orders = [f"k-{number}" for number in range(6)]
    victim = reporter(tmp_path, database_url, nats_url, publish_again_seconds=1)

    async def is_at_work() -> bool:
        return bool(
            await desk.pool.fetchval(
                "SELECT count(*) FROM report WHERE state = 'queued' AND claimed_until > clock_timestamp()"
            )
        )

    async def answered() -> bool:
        return bool(
            await desk.pool.fetchval("SELECT count(*) FROM report WHERE state = 'rendered' AND is_published")
            == len(orders)
        )

    async with running(victim):
        for order in orders:
            await partner.order(order, STANDARD)
        for _ in range(2):
            await eventually(is_at_work, "an order is worked on")
            await asyncio.to_thread(victim.kill)
            await asyncio.to_thread(victim.start)
        await eventually(answered, "all orders are answered", 120)
    answers = [answer for answer in await partner.answers() if not answer["repeated"]]
    assert sorted(answer["id"] for answer in answers) == orders
    assert {answer["kind"] for answer in answers} == {"rendered"}
    assert len({answer["figures_sha256"] for answer in answers}) == 1


async def test_an_answer_that_was_recorded_and_not_published_is_published_later(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    async with running(reporter(tmp_path, database_url, nats_url, publish_again_seconds=0.5)):
        await partner.order("p-1", STANDARD)
        [answer] = await partner.answers_to("p-1")
    await desk.bus.client.jetstream().purge_stream("FACTS")
    await desk.pool.execute("UPDATE report SET is_published = false")
    # The stream drops a second message of the same id for a while: as if it had never come.
    await desk.pool.execute("UPDATE report SET id = 'p-2', answer = replace(answer, '\"p-1\"', '\"p-2\"')")
    async with running(reporter(tmp_path, database_url, nats_url, publish_again_seconds=0.5)):
        [later] = await partner.answers_to("p-2")
    assert {**later, "id": "p-1"} == answer


async def test_ten_thousand_orders_of_one_partner_do_not_keep_another_waiting(desk: Desk) -> None:
    await desk.partner("acme")
    await desk.partner("bolt")
    await desk.pool.execute(
        "INSERT INTO report (partner, id, report_id, fingerprint, body) "
        "SELECT 'acme', 'a-' || n, gen_random_uuid(), '', '' FROM generate_series(1, 10000) AS n"
    )
    await desk.pool.execute(
        "INSERT INTO report (partner, id, report_id, fingerprint, body) "
        "SELECT 'bolt', 'b-' || n, gen_random_uuid(), '', '' FROM generate_series(1, 3) AS n"
    )
    store = OrderStore(desk.pool)
    turns = [claimed.partner for _ in range(8) if (claimed := await store.claim(60))]
    assert turns == ["acme", "bolt"] * 3 + ["acme"] * 2


async def test_two_reporters_never_claim_the_same_order(desk: Desk) -> None:
    await desk.partner("acme")
    await desk.pool.execute(
        "INSERT INTO report (partner, id, report_id, fingerprint, body) "
        "SELECT 'acme', 'a-' || n, gen_random_uuid(), '', '' FROM generate_series(1, 40) AS n"
    )
    store = OrderStore(desk.pool)

    async def claim_all() -> list[str]:
        mine = []
        while claimed := await store.claim(60):
            mine.append(claimed.id)
        return mine

    claims = await asyncio.gather(*(claim_all() for _ in range(4)))
    everything = sorted(order for mine in claims for order in mine)
    assert everything == sorted(f"a-{number}" for number in range(1, 41))


async def test_orders_of_the_website_are_taken_in_beside_those_of_a_partner_that_wait_before_them(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    partner = await desk.partner("acme")
    await desk.partner("web")
    wrong = {**STANDARD, "postcode": "SW1A"}
    for number in range(1000):
        await partner.order(f"many-{number}", wrong)
    web = WebReportRequested(id="one", report_id=uuid4(), postcode="SW1A", tier="standard")
    await desk.bus.send(web.address, web.model_dump_json().encode())
    async with running(reporter(tmp_path, database_url, nats_url)):

        async def all_taken() -> bool:
            return bool(await desk.pool.fetchval("SELECT count(*) = 1001 FROM report"))

        await eventually(all_taken, "all orders are taken in")
    later = (
        "SELECT count(*) FROM report WHERE ordered_at > (SELECT ordered_at FROM report WHERE partner = 'web')"
    )
    assert await desk.pool.fetchval(later) > 0
    assert await desk.pool.fetchval("SELECT count(DISTINCT id) FROM report") == 1001
    assert await desk.bus.waiting("WEB_ORDERS", "reporter-web") == 0


async def test_an_order_that_the_gateway_of_the_version_before_left_on_the_bus_is_the_websites(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    await desk.partner("web")
    await desk.bus.send("report.requested.web", json.dumps({"id": "left-1", **STANDARD}).encode())
    async with running(reporter(tmp_path, database_url, nats_url)):

        async def is_rendered() -> bool:
            made = "SELECT count(*) FROM report WHERE (partner, id, state) = ('web', 'left-1', 'rendered')"
            return bool(await desk.pool.fetchval(made))

        await eventually(is_rendered, "the order is rendered")


async def test_the_same_order_twice_in_one_batch_is_one_order_and_another_with_its_id_is_none(
    desk: Desk,
) -> None:
    await desk.partner("acme")
    orders = OrderStore(desk.pool)
    one, again, other = (NewOrder("acme", "b-1", fingerprint, b"{}") for fingerprint in ("f", "f", "g"))
    beside, ghost = NewOrder("acme", "b-2", "f", b"{}"), NewOrder("ghost", "b-1", "f", b"{}")
    assert await orders.take_all([one, again, other, beside, ghost]) == [True, False, False, True, None]
    assert await orders.take_all([other, beside]) == [False, False]
    rows = await desk.pool.fetch("SELECT id, fingerprint FROM report ORDER BY id")
    assert [tuple(row) for row in rows] == [("b-1", "f"), ("b-2", "f")]
