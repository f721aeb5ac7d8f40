"""All services on private servers for a soak: ordered, killed, asked, and checked at the end."""

import asyncio
import io
import json
import lzma
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import asyncpg
import httpx
import nats
import psutil
from nats.aio.client import Client
from nats.errors import Error as NatsError

from deploy.local.police_api.archive import DEFAULT_SAMPLE
from deploy.local.process import kill_tree
from deploy.local.servers import VARIABLES, LocalServers
from services.console.processes import ROOT, Services
from shared.db import RETRYABLE, read_sql
from shared.events import DEAD, IngestRequested
from shared.model import format_month
from shared.provision import CONSUMERS, provision
from shared.tasks import end

SAMPLE = DEFAULT_SAMPLE / "police"
CHECKS = Path(__file__).parents[1] / "tests" / "e2e"
"""The checksums of the tests of single failures."""
ACK_WAIT = 3.0
SETTINGS = {
    "ACK_WAIT": str(ACK_WAIT),
    "REQUESTS_PER_SECOND": "200",
    "WATCH_SECONDS": "0",
    "TICK_SECONDS": "0.2",
    "FIRST_WAIT": "0.05",
    "LONGEST_WAIT": "1",
    "REQUEST_TIMEOUT": "5",
    "CATCH_UP_SECONDS": "5",
    "READS_PER_MINUTE": "1000000000",
    "LOG_LEVEL": "warning",
}
"""Services that wait for nothing longer than they must."""
AWAY = (*RETRYABLE, NatsError)
"""What connections say while a server is away."""
PATIENCE, QUERY_SECONDS = 5.0, 60.0
END_SECONDS = 900.0
"""After which a soak that has not come to its end is taken for stuck."""
LOOK_SECONDS = 0.2
LEFT_IN_STAGING = """
SELECT count(*)
FROM verdict AS v
WHERE
    EXISTS (SELECT FROM staging.page AS p WHERE p.run_id = v.run_id)
    OR to_regclass(format('staging.%s_%s', v.dataset, replace(v.run_id::text, '-', ''))) IS NOT NULL
"""
"""Decided runs; what failed runs have staged is kept for some days."""
FAILED_BECAUSE = """
SELECT left(error, 120) AS reason, count(*) AS n FROM run WHERE state = 'failed' GROUP BY 1 ORDER BY 2 DESC
"""
Result = TypeVar("Result")


class Soak:
    """From `async with` on, with the services running; whoever ends by itself is started again."""

    def __init__(self, servers: LocalServers, run_dir: Path, source_url: str) -> None:
        self.servers, self.run_dir = servers, run_dir
        self.environ = {**servers.endpoints.environ(), **SETTINGS, "SOURCE_URL": source_url}
        self.services = Services(run_dir, self.environ, port=0)
        self.ended: Counter[str] = Counter()
        """Services that nobody killed."""
        self.reading: asyncio.subprocess.Process | None = None
        """The process that reads an archive."""
        self.hands = asyncio.Lock()

    async def __aenter__(self) -> Self:
        endpoints = self.servers.endpoints
        await provision(endpoints.nats_url, ack_wait=ACK_WAIT)
        self.pool = await asyncpg.create_pool(
            endpoints.database_url, min_size=0, max_size=4, command_timeout=QUERY_SECONDS
        )
        self.client = await nats.connect(
            endpoints.nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.2, error_cb=ignore
        )
        await self.services.start()
        self.keeper = asyncio.create_task(self.keep_running())
        return self

    async def __aexit__(self, *problem: object) -> None:
        await end(self.keeper)
        self.kill_backfill()
        await self.client.close()
        self.pool.terminate()
        await asyncio.to_thread(self.services.stop)

    async def keep_running(self) -> None:
        """Start again whoever ended because a server was away when it started."""
        while True:
            async with self.hands:
                for service in self.services.members.values():
                    if service.exit_code() is not None:
                        self.ended[service.name] += 1
                        service.start()
            await asyncio.sleep(LOOK_SECONDS)

    async def kill(self, name: str) -> bool:
        """SIGKILL a process and what it started, and start it again; False if it does not run now."""
        if name == "backfill":
            return self.kill_backfill()
        for server in VARIABLES:
            if server == name:
                await asyncio.to_thread(self.servers.restart, server, how="kill")
                return True
        service = self.services.members[name]
        async with self.hands:
            pid = json.loads((self.run_dir / f"{name}.pid").read_text(encoding="utf-8"))["pid"]
            if psutil.pid_exists(pid):
                await asyncio.to_thread(kill_tree, psutil.Process(pid))
            await asyncio.to_thread(service.wait, time.monotonic() + PATIENCE)
            service.start()
        return True

    def kill_backfill(self) -> bool:
        """SIGKILL the process that reads an archive, if one does now; `backfill` calls it again."""
        if self.reading is None or self.reading.returncode is not None:
            return False
        self.reading.kill()
        return True

    async def order(self, months: Sequence[date]) -> None:
        """Order all datasets of some months of the API."""
        order_id = uuid4()
        for month in months:
            send = partial(publish, IngestRequested(order_id=order_id, month=month))
            await persist(partial(self.on_the_bus, send))

    async def backfill(self, months: Sequence[date], name: str) -> None:
        """Read an archive of some months, again and again until the process has come to a good end."""
        path = self.run_dir / f"{name}.zip"
        path.write_bytes(archive_of(months, name))
        servers = {key: self.environ[key] for key in ("DATABASE_URL", "NATS_URL")}
        command = [sys.executable, "-m", "services.fetcher.backfill", str(path)]
        environ = {**servers, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "error"}
        code: int | None = None
        async with asyncio.timeout(END_SECONDS):
            with (self.run_dir / "backfill.log").open("ab") as log:
                while code != 0:
                    self.reading = await asyncio.create_subprocess_exec(
                        *command, stdout=log, stderr=log, env=environ
                    )
                    code = await self.reading.wait()
        path.unlink()

    async def finish(self) -> None:
        """Wait until every run is decided and shown, and the bus is empty.

        Raises:
            TimeoutError: that takes too long.
        """
        await persist(self.is_finished)

    async def is_finished(self) -> bool | None:
        """True, or None as long as it is not, or not known."""
        return (await self.unfinished() == 0 and await self.on_the_bus(waiting) == 0) or None

    async def unfinished(self) -> int | None:
        """Runs that are not decided and months whose read models lag; None while the database is away."""
        return await self.in_the_database(lambda pool: pool.fetchval(read_sql(CHECKS, "count_unfinished")))

    async def in_the_database(self, look: Callable[[asyncpg.Pool], Awaitable[Result]]) -> Result | None:
        """What is found there; None while the database is away."""
        try:
            return await look(self.pool)
        except AWAY:
            return None

    async def on_the_bus(self, look: Callable[[Client], Awaitable[Result]]) -> Result | None:
        """What is found there; None while the bus is away."""
        try:
            return await look(self.client)
        except AWAY:
            return None

    async def ask_gateway(self) -> str:
        """The status of an answer over all months, or that there was none."""
        url = f"{self.services.members['gateway'].url}/api/v1/statistics/street?month=2018-10..2018-12"
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                return str((await client.get(url)).status_code)
        except httpx.HTTPError:
            return "none"

    async def checksums(self) -> dict[tuple[str, str], str]:
        """Of every version that readers see, and of every month of every read model."""
        rows = await persist(lambda: self.in_the_database(fetch("select_checksums")))
        return {(row["model"], row["month"]): row["checksum"] for row in rows}

    async def account(self) -> dict[str, Any]:
        """What became of the runs and messages, and records that nothing explains."""
        proofs = await persist(lambda: self.in_the_database(fetch("select_proofs")))
        verdicts = await persist(lambda: self.in_the_database(lambda pool: pool.fetch(VERDICTS)))
        staged = await persist(lambda: self.in_the_database(lambda pool: pool.fetch(LEFT_IN_STAGING)))
        failed = await persist(lambda: self.in_the_database(lambda pool: pool.fetch(FAILED_BECAUSE)))
        dead = await persist(lambda: self.on_the_bus(dead_letters))
        return {
            "runs": {row["verdict"]: row["n"] for row in verdicts},
            "failed_because": {row["reason"]: row["n"] for row in failed},
            "dead_lettered": dead[0],
            "dead_letters": dead[1:],
            "left_in_staging": staged[0][0],
            "unexplained": sum(not is_explained(row) for row in proofs),
        }


VERDICTS = """
SELECT coalesce(v.verdict, r.state) AS verdict, count(*) AS n
FROM run AS r
LEFT JOIN verdict AS v ON v.run_id = r.id
GROUP BY 1
ORDER BY 1
"""


async def persist(look: Callable[[], Awaitable[Result | None]]) -> Result:
    """What is found when everything is there again.

    Raises:
        TimeoutError: that takes too long.
    """
    async with asyncio.timeout(END_SECONDS):
        while (found := await look()) is None:  # noqa: ASYNC110 nothing here could set an event
            await asyncio.sleep(LOOK_SECONDS)
        return found


def fetch(name: str) -> Callable[[asyncpg.Pool], Awaitable[list[asyncpg.Record]]]:
    """A statement of the tests."""
    return lambda pool: pool.fetch(read_sql(CHECKS, name))


async def ignore(error: Exception) -> None:
    """What the client of the bus tells while the server is away."""
    del error


async def publish(event: IngestRequested, client: Client) -> bool:
    """Put an order on the bus."""
    headers = {"Nats-Msg-Id": event.dedup_id}
    await client.jetstream().publish(event.subject, event.model_dump_json().encode(), headers=headers)
    return True


async def waiting(client: Client) -> int:
    """Messages that are not done."""
    jetstream, number = client.jetstream(), 0
    for durable, consumer in CONSUMERS.items():
        info = await jetstream.consumer_info(consumer.event.stream, durable)
        number += (info.num_pending or 0) + (info.num_ack_pending or 0)
    return number


async def dead_letters(client: Client) -> list[Any]:
    """Their number, and the headers of the first ones."""
    jetstream = client.jetstream()
    state = (await jetstream.stream_info(DEAD)).state
    found: list[Any] = [state.messages]
    last = state.last_seq if state.messages else state.first_seq - 1
    for sequence in range(state.first_seq, last + 1)[:3]:
        message = await jetstream.get_msg(DEAD, sequence)
        found.append(f"{message.subject} {message.headers}")
    return found


def is_explained(row: asyncpg.Record) -> bool:
    """Whether every record that was received is stored or accounted for."""
    came, explained = row["received"] + row["kept_from_previous"], row["duplicates"] + row["out_of_scope"]
    whole = came == row["counted"] + explained + row["kept_aside"]
    return whole and (row["counted"], row["kept_aside"]) == (row["stored"], row["set_aside"])


def archive_of(months: Sequence[date], name: str) -> bytes:
    """The sample's files of some months as the publisher packs them; the name makes it one of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", name)
        for month in months:
            for path in sorted(SAMPLE.glob(f"{format_month(month)}/*.csv.xz")):
                packed.writestr(f"{path.parent.name}/{path.stem}", lzma.decompress(path.read_bytes()))
    return out.getvalue()
