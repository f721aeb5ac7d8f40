"""What the component tests of loader and hexer run: stores without a bus, services with one, a reader."""

import asyncio
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

import services.console
from deploy.local.process import HOST, Process
from services.loader.gate import GateRules
from services.loader.handlers import stage_page
from services.loader.sql_files import PARENTS
from services.loader.store import Store
from shared.areas import ForceAreas
from shared.db import read_sql
from shared.errors import PermanentError
from shared.events import MonthLoaded, MonthRejected
from shared.model import Dataset
from shared.tasks import end
from tests.builders import OCTOBER, RawPage, RawRun

ROOT = Path(__file__).parents[1]
AREAS = ForceAreas.load()
RULES = GateRules(max_loss=0.3, min_records=50, max_set_aside=0.01)
ACK_WAIT = 3.0
MAX_PAGE_BYTES = 64 << 20
DEADLINE = 60.0

Result = TypeVar("Result")


async def eventually(look: Callable[[], Awaitable[Result]], what: str, seconds: float = DEADLINE) -> Result:
    """The first true thing that `look` finds; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def connected(
    database_url: str, size: int = 4, *, role: str | None = None
) -> AsyncIterator[asyncpg.Pool]:
    """A pool that is gone when the test is; `role`: that of a service, else it may do everything."""
    settings = {"role": role} if role else None
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=size, server_settings=settings)
    try:
        yield pool
    finally:
        pool.terminate()


@asynccontextmanager
async def holding(pool: asyncpg.Pool, statement: str) -> AsyncIterator[None]:
    """A transaction that keeps the locks of a statement."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(statement)
        try:
            yield
        finally:
            with suppress(asyncpg.InterfaceError, asyncpg.PostgresError):  # the server may be gone by now
                await transaction.rollback()


async def waiting_for_a_lock(pool: asyncpg.Pool, kind: str = "relation") -> list[int]:
    """The backends of this database that wait for a lock on a table, or for an `advisory` one."""
    rows = await pool.fetch(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1",
        kind,
    )
    return [row["pid"] for row in rows]


async def counts(pool: asyncpg.Pool, statement: str, *values: object) -> dict[Any, int]:
    """The two columns of a statement: what, and how many."""
    return {row[0]: row[1] for row in await pool.fetch(statement, *values)}


async def row_of(pool: asyncpg.Pool, statement: str, *values: object) -> tuple[Any, ...]:
    """The only row of a statement."""
    [row] = await pool.fetch(statement, *values)
    return tuple(row)


def loader_store(pool: asyncpg.Pool, *, keep_versions: int = 1, rules: GateRules = RULES) -> Store:
    """The loader's store as its app makes it."""
    return Store(pool, AREAS, rules, keep_versions=keep_versions)


async def stage(store: Store, run: RawRun, *pages: RawPage) -> None:
    """Stage pages of a run, all of them by default; unreadable ones are recorded as the handler does."""
    for page in pages or run.pages:
        try:
            await stage_page(store, page.announced(run), page.packed, MAX_PAGE_BYTES)
        except PermanentError:
            continue


async def load(store: Store, run: RawRun, **changes: object) -> MonthLoaded | MonthRejected:
    """Stage a run and decide it; `changes` are those of its manifest."""
    await stage(store, run)
    return await store.load(run.manifest(**changes), patient=False)


async def loaded(store: Store, run: RawRun, **changes: object) -> MonthLoaded:
    """The same for a run that the gate must let through."""
    result = await load(store, run, **changes)
    assert isinstance(result, MonthLoaded), result
    return result


@dataclass(frozen=True)
class ServiceProgram:
    """A service as `Process` runs it."""

    name: str
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    user: str | None = None

    def prepare(self) -> None:
        """It has no data folder."""

    def command(self, port: int) -> list[str]:
        settings = {**self.environment, "HTTP_PORT": str(port), "PYTHONPATH": str(ROOT)}
        service = self.name.rstrip("0123456789")
        variables = [f"{name}={value}" for name, value in settings.items()]
        return ["/usr/bin/env", *variables, sys.executable, "-m", f"services.{service}"]

    def is_ready(self, port: int, pid: int) -> bool:
        del pid
        try:
            with urllib.request.urlopen(self.url(port) + "/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def url(self, port: int) -> str:
        return f"http://{HOST}:{port}"


def service(name: str, folder: Path, database_url: str, nats_url: str, **settings: object) -> Process:
    """A service as a process of its own, `python -m services.NAME`, not started yet; logs are in `folder`.

    Digits after the name tell several of a kind apart.
    """
    environment = {
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "ACK_WAIT": str(ACK_WAIT),
        **{key.upper(): str(value) for key, value in settings.items()},
    }
    return Process(ServiceProgram(name, environment), folder)


@asynccontextmanager
async def running(*processes: Process) -> AsyncIterator[None]:
    """Services from here to the end of the block; killed ones may have been started again."""
    try:
        await asyncio.gather(*(asyncio.to_thread(process.start) for process in processes))
        yield
    finally:
        for process in processes:
            await asyncio.to_thread(process.kill)


class Reader:
    """Asks the same again and again, and keeps each different answer."""

    def __init__(self, database_url: str, statement: str, *values: object) -> None:
        self.database_url, self.statement, self.values = database_url, statement, values
        self.answers: set[tuple[Any, ...]] = set()
        self.asked = 0

    async def __aenter__(self) -> "Reader":
        self.task = asyncio.create_task(self.read())
        await self.more()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.more()
        await end(self.task)
        if not self.task.cancelled() and (error := self.task.exception()):
            raise error

    async def read(self) -> None:
        """Until cancelled."""
        connection = await asyncpg.connect(self.database_url)
        try:
            while True:
                rows = await connection.fetch(self.statement, *self.values)
                self.answers.add(tuple(tuple(row.values()) for row in rows))
                self.asked += 1
        finally:
            connection.terminate()

    async def more(self) -> None:
        """Wait until it has asked twenty times more."""
        goal = self.asked + 20

        async def look() -> bool:
            return self.asked >= goal or self.task.done()

        await eventually(look, "a reader that reads")


async def assert_proof_holds(pool: asyncpg.Pool, dataset: Dataset, month: date = OCTOBER) -> asyncpg.Record:
    """The proof of the version that readers see, by the query that `crimemaps proof` shows."""
    statement = read_sql(Path(services.console.__file__).parent, "select_proof")
    proof = await pool.fetchrow(statement.format(parent=PARENTS[dataset]), dataset, month)
    assert proof is not None
    assert proof["received"] + proof["kept_from_previous"] == (
        proof["stored"] + proof["duplicates"] + proof["out_of_scope"] + proof["set_aside"]
    )
    assert proof["counted"] == proof["stored"]
    assert proof["set_aside_kept"] == proof["set_aside"]
    return proof


async def checksum(pool: asyncpg.Pool, dataset: Dataset = Dataset.STREET) -> bytes:
    digest: bytes = await pool.fetchval(
        "SELECT v.checksum FROM version AS v JOIN current_version AS c ON c.version_id = v.id "
        "WHERE c.dataset = $1",
        dataset,
    )
    return digest


READ_MODELS = {
    Dataset.STREET: ("street_cell", "street_point_count", "street_cube"),
    Dataset.STOPS: ("stop_cell", "stop_point_count", "stop_cube"),
    Dataset.OUTCOMES: ("outcome_cube",),
}


async def fingerprint(pool: asyncpg.Pool, dataset: Dataset) -> list[str]:
    """A checksum of each table of the dataset's read models."""
    return [
        await pool.fetchval(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} AS t")
        for table in READ_MODELS[dataset]
    ]
