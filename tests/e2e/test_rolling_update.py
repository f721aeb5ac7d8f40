"""An update replaces the processes one by one: no request fails, and no message is lost."""

import asyncio
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.process import Process
from shared.provision import provision
from shared.tasks import end
from tests.e2e.ingest import MONTHS, Checksums, ingesting
from tests.pipeline import eventually, running, service

DRAIN_SECONDS = 5
PROBE_SECONDS = 0.2
CLIENTS = 8
PATHS = ("/api/v1/forces", "/api/v1/coverage", "/", "/data", "/api", "/api/v1/openapi.json")
SLICES = "SELECT count(*) FROM slice WHERE state = 'fetched'"


class Balancer:
    """Hands requests to whoever is ready, over connections that it keeps.

    It knows `/readyz` and nothing else, and a request that fails is not sent again.
    """

    def __init__(self) -> None:
        self.backends: dict[str, httpx.AsyncClient] = {}
        self.ready: list[str] = []
        self.turn = 0

    def add(self, process: Process) -> str:
        """Let it know one more; it is used when it is ready."""
        assert process.port is not None
        url = process.server.url(process.port)
        self.backends[url] = httpx.AsyncClient(base_url=url, timeout=10, verify=False)
        return url

    async def probe(self) -> None:
        """Look again and again who is ready, each time over a new connection, as Kubernetes does."""
        while True:
            known = tuple(self.backends)
            found = await asyncio.gather(*(asyncio.to_thread(is_ready, url) for url in known))
            self.ready = [url for url, ready in zip(known, found, strict=True) if ready]
            await asyncio.sleep(PROBE_SECONDS)

    async def get(self, path: str) -> httpx.Response:
        """The answer of whose turn it is."""
        self.turn += 1
        return await self.backends[self.ready[self.turn % len(self.ready)]].get(path)

    async def close(self) -> None:
        for client in self.backends.values():
            await client.aclose()


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Load:
    """Clients that ask without a pause; every answer is counted, and everything that is none."""

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.results: Counter[int | str] = Counter()

    async def ask(self, first: int) -> None:
        """One client."""
        number = first
        while True:
            number += 1
            try:
                self.results[(await self.balancer.get(PATHS[number % len(PATHS)])).status_code] += 1
            except (httpx.HTTPError, LookupError, ZeroDivisionError) as error:
                self.results[repr(error)] += 1

    async def goes_on(self) -> None:
        """Wait until a hundred more requests are answered."""
        goal = self.results.total() + 100

        async def look() -> bool:
            return self.results.total() >= goal

        await eventually(look, "requests are answered")


@asynccontextmanager
async def loaded(balancer: Balancer) -> AsyncIterator[Load]:
    """The clients at work from here to the end of the block."""
    load = Load(balancer)
    probing = asyncio.create_task(balancer.probe())

    async def somebody() -> bool:
        return bool(balancer.ready)

    await eventually(somebody, "a gateway is ready")
    clients = [asyncio.create_task(load.ask(number)) for number in range(CLIENTS)]
    try:
        yield load
    finally:
        await end(probing, *clients)
        await balancer.close()


@pytest.mark.timeout(180)
async def test_gateways_replaced_one_after_the_other_under_load_lose_no_request(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    await provision(nats_url)
    gateways = [
        service(f"gateway{number}", tmp_path, database_url, nats_url, drain_seconds=DRAIN_SECONDS)
        for number in range(4)
    ]
    old, new = gateways[:2], gateways[2:]
    balancer = Balancer()
    try:
        async with running(*old):
            addresses = [balancer.add(gateway) for gateway in old]
            async with loaded(balancer) as load:
                await load.goes_on()
                for leaving, coming in zip(old, new, strict=True):
                    await asyncio.to_thread(coming.start)
                    await eventually(partial(knows, balancer, balancer.add(coming)), "the new one is used")
                    await load.goes_on()
                    await asyncio.to_thread(leaving.stop)
                    await load.goes_on()
                assert not set(addresses) & set(balancer.ready)
                assert set(load.results) == {200}, load.results
    finally:
        for gateway in new:
            await asyncio.to_thread(gateway.kill)


async def knows(balancer: Balancer, url: str) -> bool:
    """Whether the balancer has found it ready."""
    return url in balancer.ready


async def test_loaders_replaced_in_the_middle_of_an_ingest_leave_the_same_and_give_nothing_up(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path, reference: Checksums
) -> None:
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        runs = await ingest.order(*MONTHS)
        for number, moment in enumerate((20, 80, 140), start=2):
            await ingest.reaches(SLICES, moment)
            coming = service(f"loader{number}", tmp_path, database_url, nats_url)
            leaving, ingest.services["loader"] = ingest.services["loader"], coming
            await asyncio.to_thread(coming.start)
            await asyncio.to_thread(leaving.stop)
        try:
            await ingest.finish(runs)
            assert await ingest.checksums() == reference
        finally:
            await asyncio.to_thread(coming.kill)
