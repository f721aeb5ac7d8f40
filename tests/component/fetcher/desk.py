"""A fetcher as a process of its own, and what a test sees of it: runs, slices, pages, manifests."""

import csv
import hashlib
import json
import lzma
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import zstandard

from deploy.local.police_api.archive import DEFAULT_SAMPLE
from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.process import Process
from shared.bus import event_from_headers
from shared.events import IngestRequested, MonthFetched, PageFetched, run_id
from shared.model import Dataset, SliceKind, format_month, parse_month
from tests.bus import Bus, provisioned
from tests.pipeline import connected, eventually, running, service

CITY = "city-of-london"
FAST = {
    "requests_per_second": 200,
    "watch_seconds": 0,
    "tick_seconds": 0.2,
    "first_wait": 0.05,
    "longest_wait": 1,
}
KINDS = {Dataset.STREET: "street", Dataset.OUTCOMES: "outcomes", Dataset.STOPS: "stop-and-search"}

Record = dict[str, Any]


@dataclass
class Desk:
    """One fetcher at work, seen from outside."""

    api: SamplePoliceApi
    bus: Bus
    pool: asyncpg.Pool
    process: Process

    async def order(
        self,
        month: str,
        *datasets: Dataset,
        forces: Sequence[str] | None = None,
        order_id: UUID | None = None,
    ) -> list[UUID]:
        """Order a month of some datasets, all by default; the ids of the runs that this makes."""
        event = IngestRequested(
            order_id=order_id or uuid4(),
            month=parse_month(month),
            datasets=datasets or tuple(Dataset),
            forces=None if forces is None else tuple(forces),
        )
        await self.bus.publish(event, as_new=order_id is not None)
        return [run_id(event.order_id, dataset, parse_month(month)) for dataset in event.datasets]

    async def fetched(self, run: UUID) -> MonthFetched:
        """The manifest of a run, when it comes; there is only one."""
        row = await self.ended(run)
        assert (row["state"], row["error"]) == ("fetched", "")
        manifests = [event for event in await self.bus.events(MonthFetched) if event.run_id == run]
        assert len(manifests) == 1
        return manifests[0]

    async def ended(self, run: UUID) -> asyncpg.Record:
        """The run, when nothing more happens to it."""

        async def look() -> asyncpg.Record | None:
            row = await self.find(run)
            return row if row and row["state"] in ("fetched", "failed") else None

        found = await eventually(look, f"run {run} ends")
        assert found is not None
        return found

    async def find(self, run: UUID) -> asyncpg.Record | None:
        """The run as it is now; None while its order has not been read."""
        return await self.pool.fetchrow("SELECT * FROM run WHERE id = $1", run)

    async def run(self, run: UUID) -> asyncpg.Record:
        """The run as it is now."""
        row = await self.find(run)
        assert row is not None
        return row

    async def slices(self, run: UUID) -> list[asyncpg.Record]:
        """Its slices as they are now."""
        return list(await self.pool.fetch("SELECT * FROM slice WHERE run_id = $1 ORDER BY id", run))

    async def pages(self, run: UUID) -> dict[str, tuple[PageFetched, bytes]]:
        """The pages of a run on the bus, unpacked, by slice; none comes twice."""
        found: dict[str, tuple[PageFetched, bytes]] = {}
        for message in await self.bus.messages(PageFetched.subject):
            page = event_from_headers(PageFetched, message.headers or {})
            if page.run_id == run:
                assert page.slice_id not in found
                found[page.slice_id] = (page, zstandard.decompress(message.data or b""))
        return found

    async def checked_pages(self, run: UUID) -> dict[str, tuple[PageFetched, bytes]]:
        """The pages of a complete run, after comparing them with its manifest and with themselves."""
        manifest, pages = await self.fetched(run), await self.pages(run)
        assert {page.slice_id for page in manifest.pages} == pages.keys()
        for listed in manifest.pages:
            page, body = pages[listed.slice_id]
            assert page.sha256 == listed.sha256 == hashlib.sha256(body).hexdigest()
            assert page.records == listed.records == len(json.loads(body))
            assert (page.dataset, page.month) == (manifest.dataset, manifest.month)
        return pages

    async def records(self, run: UUID) -> list[Record]:
        """All records of a complete run, those of overlapping tiles once."""
        unique = {}
        for slice_id, (page, body) in (await self.checked_pages(run)).items():
            seen: Counter[str] = Counter()
            for record in json.loads(body):
                text = json.dumps(record, sort_keys=True)
                # Equal records of one answer are several; of two tiles, one on their border.
                key = (slice_id if page.kind is SliceKind.FORCE else "", text, seen[text])
                seen[text] += 1
                unique[key] = record
        return list(unique.values())

    async def nothing_is_left(self) -> None:
        """No message waits, none was given up."""

        async def look() -> bool:
            orders = await self.bus.waiting("WORK", "fetcher-orders")
            return orders + await self.bus.waiting("WORK", "fetcher-slices") == 0

        await eventually(look, "all messages are handled")
        assert (await self.bus.client.jetstream().stream_info("DEAD")).state.messages == 0

    def readiness(self) -> tuple[int, dict[str, str]]:
        """What the fetcher says of itself."""
        assert self.process.port is not None
        try:
            with urllib.request.urlopen(self.process.server.url(self.process.port) + "/readyz") as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    async def requests(self, number: int) -> None:
        """Wait until the source has had so many requests since its counters were cleared."""

        async def look() -> bool:
            return len(self.api.report()["arrivals"]) >= number

        await eventually(look, f"{number} requests")


@asynccontextmanager
async def fetching(
    api: SamplePoliceApi, database_url: str, nats_url: str, folder: Path, **settings: object
) -> AsyncIterator[Desk]:
    """A fetcher from here to the end of the block, with its streams provisioned."""
    process = service("fetcher", folder, database_url, nats_url, source_url=api.url, **{**FAST, **settings})
    async with provisioned(nats_url) as bus, connected(database_url) as pool, running(process):
        yield Desk(api, bus, pool, process)


def csv_rows(dataset: Dataset, month: str | date, *forces: str) -> list[dict[str, str]]:
    """The rows of the sample's files of a month, of all forces by default."""
    text = month if isinstance(month, str) else format_month(month)
    paths = sorted((DEFAULT_SAMPLE / "police" / text).glob(f"*-{KINDS[dataset]}.csv.xz"))
    rows: list[dict[str, str]] = []
    for path in paths:
        force = path.name.removeprefix(f"{text}-").removesuffix(f"-{KINDS[dataset]}.csv.xz")
        if not forces or force in forces:
            content = lzma.decompress(path.read_bytes()).decode("utf-8-sig")
            rows += [{**row, "force": force} for row in csv.DictReader(StringIO(content, newline=""))]
    return rows
