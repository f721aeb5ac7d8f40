"""A source that answers what the sample police API never would."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple


class Answer(NamedTuple):
    """What is sent for one request."""

    body: bytes
    status: int = 200
    headers: str = ""
    """Lines that each end with CR LF."""
    after: asyncio.Event | None = None
    """What it waits for."""


SENSIBLE = {
    "crime-last-updated": Answer(b'{"date":"2018-12-01"}'),
    "crimes-street-dates": Answer(b'[{"date":"2018-12","stop-and-search":[]}]'),
    "crimes-street/all-crime": Answer(b'[{"month":"2018-12"}]'),
    "stops-force": Answer(b"[]"),
}


class OddSource:
    """Gives each of its answers once, by route, and sensible ones afterwards."""

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        self.answers = {route: list(several) for route, several in answers.items()}
        self.asked: Counter[str] = Counter()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """On a port of its own, whose URL stands in for that of the police API."""
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        lengths = [int(line.split(":")[1]) for line in lines if line.startswith("content-length:")]
        await reader.readexactly(sum(lengths))
        route = head.split()[1].decode().removeprefix("/api/").partition("?")[0]
        self.asked[route] += 1
        waiting = self.answers.get(route)
        body, status, headers, after = waiting.pop(0) if waiting else SENSIBLE[route]
        if after is not None:
            await after.wait()
        length = f"Content-Length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\n{length}{headers}\r\n".encode() + body)
        writer.close()
