"""The gateway on a port of its own, and a way to its database that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import uvicorn

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings

Client = httpx.AsyncClient


@asynccontextmanager
async def gateway(settings: GatewaySettings, pool: asyncpg.Pool) -> AsyncIterator[Client]:
    """The gateway on a port of its own, and a client for it."""
    config = uvicorn.Config(
        create_app(settings, pool), host="127.0.0.1", port=0, log_config=None, proxy_headers=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    server.should_exit = True
    await task


class Cable:
    """A way to a server that can be cut and mended."""

    def __init__(self, url: str) -> None:
        self.target = urlsplit(url)
        self.server: asyncio.Server | None = None
        self.port = 0
        self.ends: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        """The address of the near end."""
        credentials, _, _ = self.target.netloc.rpartition("@")
        return self.target._replace(netloc=f"{credentials}@127.0.0.1:{self.port}").geturl()

    async def mend(self) -> None:
        """Let connections through; always on the same port."""
        self.server = await asyncio.start_server(self.connect, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        assert self.server is not None
        self.server.close()
        for end in self.ends:
            end.transport.abort()
        self.ends.clear()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a near end to a far one."""
        far_reader, far_writer = await asyncio.open_connection(self.target.hostname, self.target.port)
        self.ends += [writer, far_writer]
        with suppress(OSError):
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one end to the other."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def get(client: Client, path: str, status: int = 200, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()
