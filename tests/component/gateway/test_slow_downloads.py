"""Downloads by clients that take their time: so many at once, and none for ever."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import httpx
import msgspec
import pytest

from services.gateway.routes import download_files
from services.gateway.settings import GatewaySettings
from shared.db import READER, open_pool
from shared.downloads import BUCKET, LAYOUT, PART_BYTES, File, Manifest, folder_of, part_name
from shared.model import Dataset
from tests.bus import provisioned
from tests.component.gateway.country import OCTOBER, ROWS, Country
from tests.component.gateway.server import Client, gateway
from tests.pipeline import eventually

FILE = "/api/v1/downloads/street/2018-10.csv.gz"
PARTS = 8
"""As many as no system keeps for a client that reads nothing."""
Start = Callable[[int], AbstractAsyncContextManager[Client]]


@pytest.fixture
async def data(pool: asyncpg.Pool, country: Country, nats_url: str) -> AsyncIterator[bytes]:
    """The bytes of a large file of a month."""
    version = await country.load(Dataset.STREET, OCTOBER, ROWS)
    data = random.Random(1).randbytes(PARTS * PART_BYTES - 1)
    sha256 = hashlib.sha256(data).hexdigest()
    file = File("csv", "street.csv.gz", "application/gzip", len(data), sha256, PARTS, PART_BYTES)
    edition, now = f"{version}.0.{LAYOUT}", datetime.now(UTC)
    manifest = Manifest("street", "2018-10", edition, version, 0, LAYOUT, "api", None, now, 1, [], [file])
    await pool.execute(
        "INSERT INTO download (dataset, month, edition, version_id, manifest) VALUES ($1, $2, $3, $4, $5)",
        Dataset.STREET, OCTOBER, edition, version, msgspec.json.encode(manifest).decode(),
    )  # fmt: skip
    async with provisioned(nats_url) as bus:
        store = await bus.client.jetstream().object_store(BUCKET)
        folder = folder_of("street", OCTOBER, edition)
        for number in range(PARTS):
            part = data[number * PART_BYTES : (number + 1) * PART_BYTES]
            await store.put(part_name(folder, "csv.gz", number), part)
        yield data


@pytest.fixture
def start(database_url: str, nats_url: str) -> Start:
    """Starts a gateway that sends so many files at once."""

    @asynccontextmanager
    async def start(most: int) -> AsyncIterator[Client]:
        settings = GatewaySettings(database_url=database_url, nats_url=nats_url, max_downloads=most)
        async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
            yield client

    return start


async def is_free(client: Client) -> bool:
    """Whether there is a place for one more."""
    answer = await client.get(FILE, headers={"Range": "bytes=0-9"})
    assert answer.status_code in (206, 503)
    return answer.status_code == 206


async def taken(answer: httpx.Response) -> tuple[bytes, bool]:
    """What comes, and whether that is all."""
    got = bytearray()
    try:
        async for piece in answer.aiter_raw():
            got += piece
    except httpx.RemoteProtocolError:
        return bytes(got), False
    return bytes(got), True


async def test_so_many_files_are_sent_at_once_and_the_next_is_told_to_come_again(
    start: Start, data: bytes
) -> None:
    async with start(2) as client, AsyncExitStack() as slow:
        answers = [await slow.enter_async_context(client.stream("GET", FILE)) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        refused = await client.get(FILE)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.headers["content-type"] == "application/problem+json"
        assert "2 files are being sent" in refused.json()["detail"]
        # What needs no part of a file needs no place.
        assert (await client.head(FILE)).status_code == 200
        held = {"If-None-Match": answers[0].headers["etag"]}
        assert (await client.get(FILE, headers=held)).status_code == 304
        assert (await client.get(FILE.removesuffix(".csv.gz"))).status_code == 200
        # The slow lose nothing.
        assert await answers[0].aread() == data
        await eventually(lambda: is_free(client), "a place is free")
        await answers[1].aclose()
        assert [(await client.get(FILE)).content == data for _ in range(3)] == [True] * 3


async def test_who_goes_away_leaves_the_place_to_others(start: Start, data: bytes) -> None:
    async with start(1) as client:
        host, port = client.base_url.host, client.base_url.port
        for taken in (0, 1, 300_000):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {FILE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await writer.drain()
            if taken:
                await reader.readexactly(taken)
            writer.transport.abort()
            await eventually(lambda: is_free(client), "a place is free")


async def test_who_takes_nothing_is_cut_off(
    start: Start, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_files, "PATIENCE", 0.3)
    async with start(1) as client, client.stream("GET", FILE) as answer:
        await eventually(lambda: is_free(client), "the place is free")
        got, is_whole = await taken(answer)
        assert not is_whole
        assert 0 < len(got) < len(data)
        assert data.startswith(got)
        tag = answer.headers["etag"]
        monkeypatch.undo()
        rest = await client.get(FILE, headers={"Range": f"bytes={len(got)}-", "If-Range": tag})
        assert got + rest.content == data
