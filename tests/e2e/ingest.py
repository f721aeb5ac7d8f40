"""Fetcher, loader and hexer as real processes, and what is left when they have nothing more to do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
from nats.errors import Error as NatsError

from deploy.local.police_api.archive import DEFAULT_SAMPLE
from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.process import Process
from shared.db import read_sql
from shared.events import IngestRequested
from shared.model import Dataset, month_range
from shared.provision import CONSUMERS
from tests.builders import sample_file
from tests.bus import Bus, provisioned
from tests.pipeline import connected, eventually, running, service

MONTHS = ("2018-10", "2018-11", "2018-12")
CITY = "city-of-london"
SERVICES = ("fetcher", "loader", "hexer")
IMPATIENT = {
    "requests_per_second": 200,
    "watch_seconds": 0,
    "tick_seconds": 0.2,
    "first_wait": 0.05,
    "longest_wait": 1,
    "request_timeout": 5,
}
"""Settings of a fetcher that waits for nothing longer than it must."""
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, NatsError, OSError, TimeoutError)
"""What a test's own connections say while a server restarts."""

Checksums = dict[tuple[str, str], str]
Result = TypeVar("Result")


def sample_source() -> SamplePoliceApi:
    """Three months of a city and the railways; areas of more than 1,500 crimes are too large."""
    files = [
        sample_file(month, kind, force)
        for month in MONTHS
        for kind, force in (("street", CITY), ("street", "btp"), ("stop-and-search", CITY))
    ]
    return SamplePoliceApi([*files, DEFAULT_SAMPLE / "republished"], rate=0, cap=1500, latency=0.02, hang=0.1)


@dataclass
class Ingest:
    """The three services at work, seen from outside."""

    bus: Bus
    pool: asyncpg.Pool
    services: dict[str, Process]

    async def order(self, *months: str) -> int:
        """Order all datasets of these months; the number of runs that this makes."""
        order_id = uuid4()
        for month in month_range(",".join(months)):
            await self.bus.publish(IngestRequested(order_id=order_id, month=month))
        return len(months) * len(Dataset)

    async def reaches(self, statement: str, number: int) -> None:
        """Wait until a statement counts as many."""

        async def look() -> bool:
            return bool(await self.pool.fetchval(statement) >= number)

        await eventually(patient(look), f"{number} from {statement}")

    async def kill(self, name: str) -> None:
        """`kill -9` a service and start it again."""
        await asyncio.to_thread(self.services[name].kill)
        await asyncio.to_thread(self.services[name].start)

    async def finish(self, runs: int) -> None:
        """Wait until so many runs are decided and shown and the bus is empty; nothing was given up."""

        async def look() -> bool:
            state = await self.pool.fetchrow(sql("count_unfinished"))
            assert state is not None
            if (state["unfinished"], state["runs"]) != (0, runs):
                return False
            waiting = [
                await self.bus.waiting(consumer.event.stream, durable)
                for durable, consumer in CONSUMERS.items()
            ]
            return sum(waiting) == 0

        await eventually(patient(look), f"{runs} runs are finished", 90)
        assert (await self.bus.client.jetstream().stream_info("DEAD")).state.messages == 0
        assert [service.failure() for service in self.services.values()] == [None] * len(self.services)
        await self.prove()

    async def prove(self) -> None:
        """Every record that was received is stored or explained, and nothing is left in between."""
        for row in await self.pool.fetch(sql("select_proofs")):
            explained = row["duplicates"] + row["out_of_scope"] + row["kept_aside"]
            assert row["received"] + row["kept_from_previous"] == row["counted"] + explained, dict(row)
            assert (row["counted"], row["kept_aside"]) == (row["stored"], row["set_aside"])
        staged = "SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'"
        assert await self.pool.fetchval(staged) == 1 + len(Dataset)
        assert await self.pool.fetchval("SELECT count(*) FROM staging.page") == 0

    async def checksums(self) -> Checksums:
        """Of every version, and of every month of every read model."""
        return {
            (row["model"], row["month"]): row["checksum"]
            for row in await self.pool.fetch(sql("select_checksums"))
        }

    async def verdicts(self) -> list[dict[str, Any]]:
        """All verdicts, the oldest first."""
        rows = await self.pool.fetch("SELECT * FROM verdict ORDER BY decided_at")
        return [dict(row) for row in rows]


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


def patient(look: Callable[[], Awaitable[Result]]) -> Callable[[], Awaitable[Result | None]]:
    """The same, that finds nothing while a server is away."""

    async def look_again() -> Result | None:
        try:
            return await look()
        except AWAY:
            return None

    return look_again


@asynccontextmanager
async def ingesting(
    api: SamplePoliceApi,
    database_url: str,
    nats_url: str,
    folder: Path,
    *,
    users: Mapping[str, str] | None = None,
    logins: Mapping[str, str] | None = None,
    everywhere: Mapping[str, object] | None = None,
    **fetcher: object,
) -> AsyncIterator[Ingest]:
    """The services from here to the end of the block, idle at first.

    `users`: where each service logs in to the bus, `logins`: to the database, if not as the test does;
    `everywhere`: settings of all.
    """
    own = {"fetcher": {"source_url": api.url, **IMPATIENT, **fetcher}}
    urls = users or dict.fromkeys(SERVICES, nats_url)
    databases = logins or dict.fromkeys(SERVICES, database_url)
    services = {
        name: service(name, folder, databases[name], urls[name], **(everywhere or {}), **own.get(name, {}))
        for name in SERVICES
    }
    async with (
        provisioned(nats_url) as bus,
        connected(database_url) as pool,
        running(*services.values()),
    ):
        yield Ingest(bus, pool, services)
