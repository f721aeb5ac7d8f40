"""A backfill that is run again, meets an outage, or breaks."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import asyncpg
import pytest

from services.console.backfill import read_archive
from services.console.endpoints import Target
from services.fetcher.archive_runs import ArchiveRuns, Scope
from services.fetcher.archive_store import ArchiveStore
from services.fetcher.store import Store
from services.loader.handlers import stage_page
from shared.bus import create_broker, event_from_headers
from shared.db import translate_errors
from shared.errors import RequestError
from shared.events import MonthFetched, MonthLoaded, PageFetched
from shared.model import Dataset
from tests.archives import archive_run, load_archive, made, opened, real, zipped
from tests.bus import Bus
from tests.crimemaps import crimemaps
from tests.pipeline import MAX_PAGE_BYTES, eventually, loader_store, waiting_for_a_lock

FILES = real("2018-10", Dataset.STREET, "city-of-london")
KENT = "2018-10/2018-10-kent-street.csv"


async def bring(
    pool: asyncpg.Pool, nats_url: str, files: dict[str, bytes], lost: str = ""
) -> tuple[int, str]:
    """Put an archive on the bus: how many runs failed, and what was waited for meanwhile.

    The answer of the store's method `lost` is lost once.
    """
    waited: list[str] = []

    def say(event: str, **facts: object) -> None:
        waited.append(f"{event} {facts.get('waiting', '')}")

    broker = create_broker(nats_url, stop_timeout=1)
    await broker.connect()
    try:
        store, run_store = Lossy(ArchiveStore(pool), pool, lost), Lossy(Store(pool), pool, lost)
        runs = ArchiveRuns(opened(files), cast(ArchiveStore, store), cast(Store, run_store), broker, say)
        return await runs.run(Scope(), "2018-10.zip"), "; ".join(waited)
    finally:
        await broker.stop()


class Lossy:
    """A store whose connection is cut once, when a method has done its work and not yet answered."""

    def __init__(self, store: object, pool: asyncpg.Pool, method: str) -> None:
        self.store, self.pool, self.method = store, pool, method

    def __getattr__(self, name: str) -> object:
        real_method: Callable[..., Awaitable[object]] = getattr(self.store, name)
        if name != self.method:
            return real_method

        async def lose(*arguments: object) -> object:
            answer = await real_method(*arguments)
            if self.method:
                self.method = ""
                async with translate_errors():
                    await self.pool.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return answer

        return lose


@pytest.mark.parametrize("method", ["forces", "attempt", "begin", "pages", "fail_run"])
async def test_an_outage_at_a_runs_border_is_waited_for(
    bus: Bus, pool: asyncpg.Pool, nats_url: str, method: str
) -> None:
    fails = method == "fail_run"
    failed, waited = await bring(pool, nats_url, {KENT: b"x" if fails else made(Dataset.STREET)}, method)
    assert failed == fails
    assert "terminating connection" in waited
    runs = await pool.fetch("SELECT state FROM run")
    assert [row["state"] for row in runs] == ["failed" if fails else "fetched"]
    assert len(await bus.events(MonthFetched)) == 1 - fails


async def test_a_month_that_was_replaced_since_is_told_and_left(
    bus: Bus, pool: asyncpg.Pool, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    await bring(pool, nats_url, FILES)
    store = loader_store(pool)
    for message in await bus.messages(PageFetched.subject):
        page = event_from_headers(PageFetched, message.headers or {})
        await stage_page(store, page, message.data or b"", MAX_PAGE_BYTES)
    [manifest] = await bus.events(MonthFetched)
    old = await store.load(manifest, patient=False)
    new = await load_archive(store, archive_run({name: body[:-2_000] for name, body in FILES.items()}))
    assert isinstance(old, MonthLoaded)
    assert isinstance(new, MonthLoaded)
    path = tmp_path / "2018-10.zip"
    path.write_bytes(zipped(FILES))
    servers = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
    done = await asyncio.to_thread(crimemaps, "backfill", str(path), "--json", cwd=tmp_path, servers=servers)
    assert done.returncode == 0, done.stderr
    [told] = json.loads(done.stdout)["runs"]
    assert (told["run"], told["state"], told["version"]) == (str(manifest.run_id), "loaded", old.version)
    assert told["reasons"] == [f"replaced since: readers see version {new.version}"]
    assert await pool.fetchval("SELECT version_id FROM current_version") == new.version
    assert await bus.events(MonthFetched) == [manifest]


async def test_a_process_that_breaks_is_no_archive_that_was_read(
    bus: Bus, pool: asyncpg.Pool, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    """What Python does with an error that nobody foresaw: a traceback, and 1."""
    path = tmp_path / "2018-10.zip"
    path.write_bytes(zipped(FILES))
    await pool.execute("ALTER TABLE run DROP COLUMN plan")
    servers = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
    done = await asyncio.to_thread(crimemaps, "backfill", str(path), cwd=tmp_path, servers=servers)
    assert done.returncode == 2
    assert "the archive was not read to its end: asyncpg.exceptions.UndefinedColumnError" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_process_that_is_killed_is_no_archive_that_was_read(
    bus: Bus, pool: asyncpg.Pool, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "2018-10.zip"
    path.write_bytes(zipped(FILES))
    target = Target(database_url, nats_url, "a test")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE force")
        reading = asyncio.create_task(read_archive(target, [str(path)]))
        await eventually(lambda: waiting_for_a_lock(pool), "the process that asks for forces")
        os.kill(child_of(os.getpid()), signal.SIGKILL)
        with pytest.raises(RequestError, match="its process ended with -9; called again, it goes on"):
            await reading


def child_of(pid: int) -> int:
    """The process that reads an archive for this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            command = (path.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and b"services.fetcher.backfill" in command:
            found.append(int(path.parent.name))
    [child] = found
    return child
