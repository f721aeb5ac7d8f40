"""Private servers and services for a measurement."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil

from deploy.local.programs import POSTGRES_KIND
from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir
from services.console.processes import Services
from shared.migrate import migrate
from shared.provision import provision


class Stack:
    """Migrated servers, and services that are started on them."""

    def __init__(self, servers: LocalServers, run_dir: Path) -> None:
        self.servers = servers
        self.endpoints = servers.endpoints
        self.run_dir = run_dir
        self.started = 0
        self.ports: dict[str, int] = {}
        """Of the service of a name that was started last."""

    @asynccontextmanager
    async def service(self, name: str, **settings: str) -> AsyncIterator[int]:
        """One service process that is ready; gives its pid."""
        self.started += 1
        folder = self.run_dir / f"{name}-{self.started}"
        folder.mkdir()
        services = Services(folder, {**self.endpoints.environ(), **settings}, port=0, names=(name,))
        try:
            await services.start()
            self.ports[name] = services.members[name].port
            yield int(json.loads((folder / f"{name}.pid").read_text(encoding="utf-8"))["pid"])
        finally:
            services.stop()

    def cpu_seconds(self, pids: Sequence[int]) -> float:
        """What the database and some processes have taken of the processors so far."""
        text = (self.servers.var_dir / "run" / "postgres.pid").read_text(encoding="utf-8")
        postgres = psutil.Process(json.loads(text)["pid"])
        ended = postgres.cpu_times()
        seconds = float(ended.children_user + ended.children_system)
        for process in (postgres, *postgres.children(), *map(psutil.Process, pids)):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                seconds += sum(process.cpu_times()[:2])
        return seconds

    async def connect(self) -> asyncpg.Connection:
        """A connection of one's own."""
        return await asyncpg.connect(self.endpoints.database_url)


@contextmanager
def fresh_stack() -> Iterator[Stack]:
    """Empty servers with the schema and the streams."""
    environ = {POSTGRES_KIND: "postgis"}  # which the straightforward ways need
    with temporary_var_dir() as folder, LocalServers(folder, environ=environ, durable=False) as servers:
        asyncio.run(prepare(servers))
        run_dir = folder / "bench"
        run_dir.mkdir()
        yield Stack(servers, run_dir)


async def prepare(servers: LocalServers) -> None:
    """Schema and streams."""
    await migrate(servers.endpoints.database_url)
    await provision(servers.endpoints.nats_url)


def peak_megabytes(pid: int) -> int:
    """Memory that a process held at most, as Linux counts it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    if match is None:
        raise RuntimeError("peak memory is measured on Linux only")
    return int(match[1]) // 1024
