"""Requests over a number of connections, as cheap for the client as can be: it shares the cores."""

import asyncio
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import NamedTuple

CONNECTIONS = 16


class Load(NamedTuple):
    """The bytes of each answer's body, in the order of the requests, and the seconds that all took."""

    sizes: list[int]
    seconds: float

    @property
    def per_second(self) -> float:
        """Requests."""
        return len(self.sizes) / self.seconds


async def put_load(port: int, paths: Sequence[str]) -> Load:
    """Each path once, the next as soon as a connection is free."""
    waiting = iter(enumerate(paths))
    sizes = [0] * len(paths)
    started = perf_counter()
    await asyncio.gather(*(one_connection(port, waiting, sizes) for _ in range(CONNECTIONS)))
    return Load(sizes, perf_counter() - started)


async def one_connection(port: int, waiting: Iterable[tuple[int, str]], sizes: list[int]) -> None:
    """One request after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for n, path in waiting:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith((b"http/1.1 200", b"http/1.1 204")):
            raise RuntimeError(f"{path}: {head.decode(errors='replace')}")
        sizes[n] = await read_body(reader, head)
    writer.close()


async def read_body(reader: asyncio.StreamReader, head: bytes) -> int:
    """Read a body that has a length or comes in chunks; its size."""
    _, found, rest = head.partition(b"content-length:")
    if found:
        return len(await reader.readexactly(int(rest.split(b"\r\n", 1)[0])))
    size = 0
    while b"chunked" in head:
        length = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(length + 2)
        size += length
        if not length:
            break
    return size
