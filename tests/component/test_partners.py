"""Partners: what their accounts allow on a server with the production configuration; quick-start; command."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError

from deploy.local.programs import find_nats
from shared.bus import create_broker, publish
from shared.errors import RequestError
from shared.events import Event, ReportFailed, ReportRendered
from shared.objects import put_object
from shared.partners import account_block, check_name
from shared.provision import bucket_of, provision
from tests.crimemaps import crimemaps
from tests.production import Connection, Production, connect, production_nats, variables
from tests.servers import execute, run

ROOT = Path(__file__).parents[2]
PARTNERS = ("acme", "acme-two")
PDF = os.urandom(300_000)
"""More than two pieces of an object."""
FETCH = b'{"batch": 1, "no_wait": true}'


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """The server, provisioned, with two partners."""
    with production_nats(tmp_path_factory.mktemp("nats"), *PARTNERS) as server:
        yield server


@pytest.fixture
async def services(production: Production) -> AsyncIterator[Client]:
    """Our services' connection."""
    connection = await connect(production.url("CRIMEMAPS"))
    yield connection.client
    await connection.client.close()


@pytest.fixture
async def acme(production: Production) -> AsyncIterator[Connection]:
    """A partner's connection."""
    connection = await connect(production.url("acme"))
    yield connection
    await connection.client.close()


async def tell(production: Production, *events: Event, pdf: tuple[str, str] | None = None) -> None:
    """Play the reporter: put the PDF into a bucket, publish answers."""
    broker = create_broker(production.url("CRIMEMAPS"), stop_timeout=5)
    async with broker:
        if pdf:
            await put_object(broker, *pdf, PDF)
        for event in events:
            await publish(broker, event)


def rendered(partner: str, order: str, sha256: str = hashlib.sha256(PDF).hexdigest()) -> ReportRendered:
    return ReportRendered(
        partner=partner, id=order, report_id=uuid4(), bucket=bucket_of(partner), object=f"{order}.pdf",
        sha256=sha256, bytes=len(PDF), pages=9, figures_sha256="", revision="",
    )  # fmt: skip


async def orders(services: Client) -> dict[str, int]:
    """How many messages wait in the stream of orders, by subject."""
    info = await services.jetstream().stream_info("ORDERS", subjects_filter=">")
    return dict(info.state.subjects or {})


async def test_a_partner_orders_reads_its_answer_and_fetches_its_pdf(
    production: Production, acme: Connection, services: Client
) -> None:
    jetstream = acme.client.jetstream(domain="crimemaps")
    before = (await orders(services)).get("report.requested.acme", 0)
    ack = await jetstream.publish("report.requested.acme", b'{"id": "a1"}')
    assert ack.stream == "ORDERS"
    assert (await orders(services))["report.requested.acme"] == before + 1

    failed = ReportFailed(partner="acme-two", id="b1", code="internal", detail="not for acme")
    await tell(production, failed, rendered("acme", "a1"), pdf=(bucket_of("acme"), "a1.pdf"))
    answers = await jetstream.pull_subscribe_bind("answers-acme", stream="FACTS")
    [message] = await answers.fetch(5, timeout=5)
    assert message.subject == "report.rendered.acme"
    assert json.loads(message.data)["id"] == "a1"
    await message.ack_sync(timeout=5)
    state = await jetstream.consumer_info("FACTS", "answers-acme")
    assert (state.num_ack_pending, state.num_pending) == (0, 0)

    store = await jetstream.object_store(bucket_of("acme"))
    assert (await store.get_info("a1.pdf")).size == len(PDF)
    first = await jetstream.get_msg(f"OBJ_{bucket_of('acme')}", seq=1, direct=True)
    assert first.data == PDF[: len(first.data or b"")]


FORBIDDEN = [
    # another's orders, answers, objects
    "report.requested.acme-two",
    "$JS.API.CONSUMER.MSG.NEXT.FACTS.answers-acme-two",
    "$JS.crimemaps.API.CONSUMER.MSG.NEXT.FACTS.answers-acme-two",
    "$JS.crimemaps.API.CONSUMER.INFO.FACTS.answers-acme-two",
    "$JS.ACK.FACTS.answers-acme-two.1.1.1.1.0",
    "$JS.crimemaps.API.STREAM.INFO.OBJ_reports-acme-two",
    "$JS.crimemaps.API.STREAM.MSG.GET.OBJ_reports-acme-two",
    "$JS.crimemaps.API.DIRECT.GET.OBJ_reports-acme-two",
    "$JS.crimemaps.API.DIRECT.GET.OBJ_reports-acme-two.x",
    # everybody's answers, orders and work
    "$JS.crimemaps.API.STREAM.MSG.GET.FACTS",
    "$JS.crimemaps.API.DIRECT.GET.FACTS",
    "$JS.crimemaps.API.STREAM.MSG.GET.WORK",
    "$JS.crimemaps.API.CONSUMER.MSG.NEXT.WORK.reporter-orders",
    "$JS.ACK.WORK.reporter-orders.1.1.1.1.0",
    "ingest.requested",
    "month.loaded",
    "dead.reporter-orders",
    # answers and objects in our name
    "report.rendered.acme",
    "report.failed.acme",
    "$O.reports-acme.M.x",
    # the streams themselves, and consumers
    *(
        f"{api}.{call}"
        for api in ("$JS.API", "$JS.crimemaps.API")
        for call in (
            "INFO", "STREAM.LIST", "STREAM.NAMES", "STREAM.CREATE.MINE", "STREAM.UPDATE.FACTS",
            "STREAM.DELETE.OBJ_reports-acme", "STREAM.PURGE.OBJ_reports-acme",
            "STREAM.MSG.DELETE.OBJ_reports-acme", "CONSUMER.LIST.FACTS", "CONSUMER.NAMES.FACTS",
            "CONSUMER.CREATE.FACTS.mine", "CONSUMER.DURABLE.CREATE.FACTS.mine",
            "CONSUMER.DELETE.FACTS.answers-acme", "CONSUMER.CREATE.OBJ_reports-acme.mine",
        )
    ),
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
]  # fmt: skip


@pytest.mark.parametrize("subject", FORBIDDEN)
async def test_a_partner_cannot_send_to(subject: str, acme: Connection) -> None:
    await acme.client.publish(subject, FETCH)
    assert f'permissions violation for publish to "{subject}"'.lower() in await acme.problem()


@pytest.mark.parametrize(
    "subject",
    [">", "report.>", "report.requested.*", "report.rendered.acme", "report.rendered.acme-two", "$SYS.>",
     "$JS.>", "$JS.EVENT.>", "$O.reports-acme.>", "_R_.>"],
)  # fmt: skip
async def test_a_partner_cannot_listen_to(subject: str, acme: Connection) -> None:
    await acme.client.subscribe(subject)
    assert f'permissions violation for subscription to "{subject}"'.lower() in await acme.problem()


async def test_a_partner_hears_nothing_of_what_others_are_answered(
    production: Production, acme: Connection
) -> None:
    """Every account has inboxes of its own."""
    inboxes = await acme.client.subscribe("_INBOX.>")
    await acme.client.flush()
    other = await connect(production.url("acme-two"))
    answer = await other.client.request("$JS.crimemaps.API.STREAM.INFO.OBJ_reports-acme-two", timeout=10)
    await other.client.close()
    assert json.loads(answer.data)["config"]["name"] == "OBJ_reports-acme-two"
    await acme.client.request("$JS.crimemaps.API.STREAM.INFO.OBJ_reports-acme", timeout=10)
    heard = await inboxes.next_msg(10)
    assert json.loads(heard.data)["config"]["name"] == "OBJ_reports-acme"
    assert inboxes.pending_msgs == 0


@pytest.mark.parametrize(
    "request_of",
    [
        ("$JS.crimemaps.API.CONSUMER.MSG.NEXT.FACTS.answers-acme", FETCH),
        ("$JS.crimemaps.API.CONSUMER.INFO.FACTS.answers-acme", b""),
        ("$JS.crimemaps.API.STREAM.INFO.OBJ_reports-acme", b""),
        ("$JS.crimemaps.API.STREAM.MSG.GET.OBJ_reports-acme", b'{"seq": 1}'),
        ("$JS.crimemaps.API.DIRECT.GET.OBJ_reports-acme", b'{"seq": 1}'),
    ],
)
@pytest.mark.parametrize(
    "target", ["report.requested.acme-two", "ingest.requested", "$JS.API.STREAM.PURGE.ORDERS"]
)
async def test_a_partner_cannot_have_an_answer_delivered_as_anothers_order(
    target: str, request_of: tuple[str, bytes], production: Production, acme: Connection, services: Client
) -> None:
    """A server lets a client name any reply subject, so only an account of its own keeps a partner in."""
    await tell(production, rendered("acme", uuid4().hex), pdf=(bucket_of("acme"), "x.pdf"))
    subject, body = request_of
    await acme.client.jetstream().publish("report.requested.acme", b"{}")
    before = await orders(services)
    await acme.client.publish(subject, body, reply=target)
    # One connection's requests are served in order, and a stream takes its messages in order.
    inbox = acme.client.new_inbox()
    answers = await acme.client.subscribe(inbox)
    await acme.client.publish(subject, body, reply=inbox)
    await answers.next_msg(10)
    await acme.client.jetstream().publish("report.requested.acme", b"{}")
    after = await orders(services)
    assert after == before | {"report.requested.acme": before.get("report.requested.acme", 0) + 1}
    assert acme.problems.empty()


async def test_a_password_of_another_opens_no_account(production: Production) -> None:
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        await nats.connect(
            production.url("acme-two").replace("//acme-two:", "//acme:"), allow_reconnect=False
        )


async def test_the_quick_start_orders_a_report_and_saves_it(
    production: Production, services: Client, tmp_path: Path
) -> None:
    order = f"quick-{uuid4().hex}"
    process = await quick_start(production, order, tmp_path)
    requested = await order_of(services, order)
    assert requested == {"id": order, "postcode": "EC2M 7PY", "tier": "standard"}
    assert not (tmp_path / f"{order}.pdf").exists()
    answer = rendered("acme", order)
    await tell(production, rendered("acme", "another"), answer, pdf=(answer.bucket, answer.object))
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err) == (0, b"")
    assert str(answer.report_id).encode() in out
    assert (tmp_path / f"{order}.pdf").read_bytes() == PDF


async def test_the_quick_start_tells_why_there_is_no_report(production: Production, tmp_path: Path) -> None:
    order = f"quick-{uuid4().hex}"
    process = await quick_start(production, order, tmp_path)
    await tell(
        production, ReportFailed(partner="acme", id=order, code="postcode-unknown", detail="EC2M 7PY?")
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err.strip()) == (1, b"postcode-unknown: EC2M 7PY?")
    assert not (tmp_path / f"{order}.pdf").exists()


async def test_the_quick_start_keeps_no_pdf_that_is_not_the_one_of_the_answer(
    production: Production, tmp_path: Path
) -> None:
    order = f"quick-{uuid4().hex}"
    process = await quick_start(production, order, tmp_path)
    await tell(production, rendered("acme", order, sha256="0" * 64), pdf=(bucket_of("acme"), f"{order}.pdf"))
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"not the one that was rendered" in err
    assert not (tmp_path / f"{order}.pdf").exists()


async def quick_start(production: Production, order: str, folder: Path) -> asyncio.subprocess.Process:
    """The quick-start as a partner runs it: nothing of ours on its path."""
    return await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "docs" / "partner_quickstart.py"), order, "EC2M 7PY",
        cwd=folder, env={"NATS_URL": production.url("acme"), "PARTNER": "acme"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def order_of(services: Client, order: str) -> dict[str, str]:
    """The order of this id, when it has come to the reporter's consumer."""
    consumer = await services.jetstream().pull_subscribe_bind("reporter-orders", stream="ORDERS")
    while True:
        try:
            [message] = await consumer.fetch(1, timeout=20)
        except NatsTimeoutError:
            pytest.fail(f"order {order} did not come")
        await message.ack()
        body: dict[str, str] = json.loads(message.data)
        if body.get("id") == order:
            assert message.subject == "report.requested.acme"
            return body


def test_the_quick_start_is_short_and_needs_nothing_of_ours() -> None:
    text = (ROOT / "docs" / "partner_quickstart.py").read_text(encoding="utf-8")
    assert text.count("\n") < 80
    imported = {
        line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported - sys.stdlib_module_names == {"nats"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Acme", "'Acme' is no name of a partner: valid are 2 to 32 of a-z 0-9 -, beginning with a letter"),
        ("a", "'a' is no name of a partner"),
        ("1acme", "'1acme' is no name of a partner"),
        ("acme.two", "'acme.two' is no name of a partner"),
        ("acme*", "'acme*' is no name of a partner"),
        ("acme\n", "is no name of a partner"),
        ("a" * 33, "is no name of a partner"),
        ("web", "'web' is taken: console and web order in our own name"),
    ],
)
def test_a_name_that_no_partner_can_have_is_refused(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as refused:
        check_name(name)
    assert said in str(refused.value)
    done = crimemaps("partners", "add", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("crimemaps: ")
    assert "Traceback" not in done.stderr


def test_a_partner_is_added_once_with_its_bucket_consumer_and_account(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    servers = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
    done = crimemaps("partners", "add", "acme-two", cwd=tmp_path, servers=servers)
    assert done.returncode == 2
    assert "python -m shared.provision" in done.stderr
    assert " acme" not in crimemaps("partners", "list", cwd=tmp_path, servers=servers).stdout

    run(provision(nats_url))
    done = crimemaps("partners", "add", "acme-two", cwd=tmp_path, servers=servers)
    assert done.returncode == 0, done
    [line] = [line for line in done.stdout.splitlines() if line.startswith("NATS_PASSWORD_ACME_TWO=")]
    password = line.partition("=")[2]
    assert len(password) > 40
    run(execute(database_url, REPORTS))
    again = crimemaps("partners", "add", "acme-two", cwd=tmp_path, servers=servers)
    assert again.returncode == 0
    assert "already" in again.stdout
    assert "=" not in again.stdout

    listed = crimemaps("partners", "list", cwd=tmp_path, servers=servers).stdout
    [row] = [line.split("│") for line in listed.splitlines() if "acme-two" in line]
    assert [cell.strip() for cell in row if cell.strip()][2:] == ["2", "0", "1"]
    config = crimemaps("partners", "config", cwd=tmp_path, servers=servers).stdout
    assert config.endswith(account_block("acme-two"))
    assert config.count("users:") == 1, "our own partners use the services' account"
    assert password not in config
    assert run(made(nats_url)) == {"report.rendered.acme-two", "report.failed.acme-two"}


REPORTS = """
    INSERT INTO report (partner, id, report_id, fingerprint, body, state, answer) VALUES
    ('acme-two', 'a', gen_random_uuid(), '', '', 'queued', NULL),
    ('acme-two', 'b', gen_random_uuid(), '', '', 'queued', NULL),
    ('acme-two', 'c', gen_random_uuid(), '', '', 'failed', '{}')
"""


async def made(nats_url: str) -> set[str]:
    """What the partner's consumer reads; its bucket is there."""
    client = await nats.connect(nats_url)
    try:
        jetstream = client.jetstream()
        await jetstream.object_store("reports-acme-two")
        consumer = await jetstream.consumer_info("FACTS", "answers-acme-two")
        return set(consumer.config.filter_subjects or ())
    finally:
        await client.close()


def test_the_configuration_without_partners_is_valid(tmp_path: Path) -> None:
    for file in ("nats.conf", "partners.conf"):
        shutil.copy(ROOT / "deploy" / "nats" / file, tmp_path)
    done = subprocess.run(
        [find_nats(), "--config", tmp_path / "nats.conf", "-t"],
        env={"NATS_DATA": str(tmp_path), **variables()}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
