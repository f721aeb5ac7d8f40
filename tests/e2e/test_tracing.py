"""One trace from the request for a report to its PDF, and one id in all logs, exported or not."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from deploy.local.process import Process
from tests.collector import collecting
from tests.component.reporter.desk import Desk, open_desk, reporter
from tests.e2e.ingest import SERVICES, ingesting, sample_source
from tests.pipeline import ServiceProgram, eventually, running, service

ORDER = {"postcode": "EC2M 7PY", "tier": "essential"}
PRIVATE = re.compile("ec2m|7p[yz]|51[.]51|0[.]081|[?]", re.IGNORECASE)
"""The postcode, where it is, and what comes after the path of an address."""
THEIRS, THEIR_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ADDRESSES = (
    "/api/v1/postcodes/EC2M7PY",
    "/area/EC2M7PY",
    "/area?q=EC2M+7PY",
    "/api/v1/street-crimes?postcode=EC2M7PY&radius=500&month=2018-10",
    "/api/v1/street-crimes?latitude=51.519&longitude=-0.081&radius=500&month=2018-10",
    "/no/such/address/EC2M7PY?x=51.519",
    "/livez",
)
REPORT = [
    "crimemaps-gateway: POST /api/v1/reports",
    "  crimemaps-gateway: publish report.requested.web",
    "    crimemaps-reporter: process reporter-web",
    "      crimemaps-reporter: report",
    "        crimemaps-reporter: publish report.rendered.web",
    "        crimemaps-reporter: report.figures",
    "        crimemaps-reporter: report.render",
    "          crimemaps-reporter: report.draw",
    "          crimemaps-reporter: report.pdf",
    "        crimemaps-reporter: report.store",
]
MODULES = re.compile("^modules: (.*)$", re.MULTILINE)


@pytest.fixture
async def desk(database_url: str, nats_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_url) as desk:
        yield desk


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """The log lines of a service."""
    text = (folder / f"{name}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def ids(folder: Path, name: str, event: str) -> list[str | None]:
    """The trace ids of the log lines of an event."""
    return [line.get("trace_id") for line in lines(folder, name) if line["event"] == event]


class Shop:
    """The gateway and the reporter as processes, as a customer sees them."""

    def __init__(self, folder: Path, database_url: str, nats_url: str, **settings: object) -> None:
        self.folder = folder
        self.gateway = service("gateway", folder, database_url, nats_url, postcodes_io=False, **settings)
        self.reporter = reporter(folder, database_url, nats_url, **settings)

    @property
    def processes(self) -> tuple[Process, Process]:
        return self.gateway, self.reporter

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.gateway.port}", timeout=30) as client:
            yield client

    async def stop(self) -> float:
        """End both in order, which sends the last spans; the seconds that it took."""
        started = monotonic()
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process in self.processes))
        return monotonic() - started

    def order_ids(self) -> list[str | None]:
        """The trace id of each order, which is the same in all log lines about it."""
        found = ids(self.folder, "gateway", "report.ordered")
        assert ids(self.folder, "reporter", "order.taken") == found
        assert ids(self.folder, "reporter", "report.answered") == found
        return found


async def fetch_report(client: httpx.AsyncClient, **headers: str) -> bytes:
    """Order a report, wait for it, fetch its PDF."""
    ordered = await client.post("/api/v1/reports", json=ORDER, headers=headers)
    assert ordered.status_code == 202, ordered.text
    address = ordered.headers["location"]

    async def look() -> bool:
        return bool((await client.get(address)).json()["state"] == "rendered")

    await eventually(look, "the report")
    return (await client.get(f"{address}.pdf")).raise_for_status().content


async def test_an_ordered_report_is_one_trace_from_the_request_to_the_pdf_and_tells_nobody_where(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    with collecting() as collector:
        shop = Shop(tmp_path, database_url, nats_url, otel_exporter_otlp_endpoint=collector.url)
        async with running(*shop.processes):
            async with shop.client() as client:
                assert (await fetch_report(client)).startswith(b"%PDF")
                await fetch_report(client, traceparent=f"00-{THEIRS}-{THEIR_SPAN}-01")
                # The reporter refuses it, and says the postcode.
                await client.post("/api/v1/reports", json={**ORDER, "postcode": "EC2M 7PZ"})
                for address in ADDRESSES:
                    await client.get(address)
                await client.request("EC2M7PY", "/api/v1/forces")
                await eventually(lambda: is_answered(desk, 3), "three answers")
            await shop.stop()

    first, second, refused = [span for span in collector.named("POST /api/v1/reports") if span.kind == 2]
    assert collector.tree(first.trace_id) == REPORT
    assert (second.trace_id, second.parent) == (THEIRS, THEIR_SPAN)
    assert collector.tree(THEIRS, THEIR_SPAN) == REPORT
    assert collector.tree(refused.trace_id)[3:] == [
        "      crimemaps-reporter: report",
        "        crimemaps-reporter: publish report.failed.web",
        "        crimemaps-reporter: report.figures",
    ]
    assert shop.order_ids() == [first.trace_id, THEIRS, refused.trace_id]

    assert first.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/reports",
        "http.response.status_code": 202,
    }
    [failed] = [span for span in collector.spans if span.is_error]
    assert (failed.name, failed.attributes) == ("report.figures", {"error.type": "PostcodeError"})
    told = collector.counted()
    assert (told["GET"], told["_OTHER"], told["GET /api/v1/street-crimes"]) == (1, 1, 2)
    assert not any("livez" in name for name in told)
    reports = await desk.pool.fetch("SELECT report_id::text AS id, id AS order FROM report")
    secrets = {value for report in reports for value in report.values()}
    for span in collector.spans:
        assert not PRIVATE.search(span.words), span
        assert not any(secret in span.words for secret in secrets), span


async def is_answered(desk: Desk, orders: int) -> bool:
    return bool(await desk.pool.fetchval("SELECT count(*) FROM report WHERE is_published") == orders)


async def test_with_a_collector_that_never_answers_reports_are_made_and_one_line_says_so(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {
            "otel_exporter_otlp_endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "otel_exporter_otlp_timeout": 0.2,
            "otel_bsp_schedule_delay": 20,
        }
        shop = Shop(tmp_path, database_url, nats_url, **settings)
        async with running(*shop.processes):
            async with shop.client() as client:
                for _ in range(3):
                    assert (await fetch_report(client)).startswith(b"%PDF")
            assert await shop.stop() < 10
    assert len(shop.order_ids()) == 3
    for name in ("gateway", "reporter"):
        noted = [line for line in lines(tmp_path, name) if line["level"] != "info"]
        assert [line["event"] for line in noted if line["event"] != "redis.none"] == ["spans.not_sent"]


class Spied(ServiceProgram):
    """A service that says at its end what it has imported."""

    def command(self, port: int) -> list[str]:
        *rest, _, module = super().command(port)
        code = (
            "import atexit, runpy, sys\n"
            "atexit.register(lambda: print('modules:', *sys.modules, file=sys.stderr))\n"
            f"runpy.run_module({module!r}, run_name='__main__')"
        )
        return [*rest, "-c", code]


def spied(process: Process) -> Process:
    assert isinstance(process.server, ServiceProgram)
    process.server = Spied(process.server.name, process.server.environment)
    return process


async def test_off_by_default_nothing_is_imported_for_it_and_one_id_is_in_all_logs_of_an_order(
    desk: Desk, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, database_url, nats_url)
    async with running(*map(spied, shop.processes)):
        async with shop.client() as client:
            await fetch_report(client)
            await fetch_report(client, traceparent=f"00-{THEIRS}-{THEIR_SPAN}-01")
        await shop.stop()
    made, theirs = shop.order_ids()
    assert re.fullmatch("[0-9a-f]{32}", made or "")
    assert theirs == THEIRS
    for name in ("gateway", "reporter"):
        [modules] = MODULES.findall((tmp_path / f"{name}.log").read_text())
        loaded = set(modules.split())
        assert "shared.tracing" in loaded
        assert not {"shared.span_export", "opentelemetry.sdk.trace", "opentelemetry.exporter"} & loaded
        # The gateway's client of Redis imports the part for measures wherever it is installed.
        assert name == "gateway" or "opentelemetry.sdk" not in loaded


async def test_a_run_is_one_trace_from_its_plan_to_the_maps_and_names_that_of_its_order(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    with collecting() as collector, sample_source() as api:
        everywhere = {"otel_exporter_otlp_endpoint": collector.url}
        # What the fetcher's clock begins or completes in a handler's place is not in the trace.
        async with ingesting(
            api, database_url, nats_url, tmp_path, everywhere=everywhere, tick_seconds=60
        ) as ingest:
            runs = await ingest.order("2018-10")
            await ingest.finish(runs)
            for process in ingest.services.values():
                await asyncio.to_thread(process.stop)

    ordered = collector.only("process fetcher-orders")
    began = collector.named("run")
    assert len({span.trace_id for span in began}) == runs == 3
    # The order begins the first run of each dataset.
    assert {link for span in began for link in span.links} == {ordered.trace_id}
    pages = collector.counted()["publish page.fetched"]
    assert pages > runs
    for run in began:
        of_run = [span for span in collector.spans if span.trace_id == run.trace_id]
        names = {span.name for span in of_run}
        assert {"process fetcher-slices", "process loader-pages", "process loader-months"} < names
        assert {"publish month.loaded", "process hexer-months", "publish grid.rebuilt"} < names
        known = {span.id for span in of_run}
        assert [span.name for span in of_run if span.parent not in known] == ["run"]
        told = {span.attributes["crimemaps.run_id"] for span in of_run if span.name.startswith("publish")}
        assert told == {run.attributes["crimemaps.run_id"]}
    swapped, rebuilt = (
        ids(tmp_path, name, event) for name, event in (("loader", "month.swapped"), ("hexer", "grid.rebuilt"))
    )
    assert {*swapped} == {*rebuilt} == {run.trace_id for run in began}
    assert {*SERVICES} == {span.service.removeprefix("crimemaps-") for span in collector.spans}
