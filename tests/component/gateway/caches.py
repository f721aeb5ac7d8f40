"""Caches of a test's own: one that can be killed, and one that takes connections and says nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from deploy.local.cache import Cache as CacheServer
from deploy.local.process import Process
from services.gateway.cache import RedisServer


@contextmanager
def own_redis(folder: Path) -> Iterator[Process]:
    """A server that the test may kill; `url_of` says where it is, also after another start."""
    server = CacheServer.under(folder, "secret")
    server.prepare()
    process = Process(server, folder)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def url_of(process: Process) -> str:
    assert process.port is not None
    return process.server.url(process.port)


class Silent:
    """Takes connections, reads what they say, never answers."""

    def __init__(self) -> None:
        self.connections = 0
        self.url = ""

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while await reader.read(65536):
            pass
        writer.close()


@asynccontextmanager
async def silent_redis() -> AsyncIterator[Silent]:
    """A server that hangs."""
    silent = Silent()
    server = await asyncio.start_server(silent.hear, "127.0.0.1", 0)
    silent.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield silent
    finally:
        server.close()


@asynccontextmanager
async def redis_door(url: str | None, *, patience: float = 20) -> AsyncIterator[RedisServer]:
    """The door of one replica; patient, since a busy machine is no outage."""
    door = RedisServer(url, timeout=patience)
    try:
        yield door
    finally:
        await door.close()
