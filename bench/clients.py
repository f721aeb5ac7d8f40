"""Five hundred clients for a minute on two replicas, of which one is killed in the middle."""

import asyncio
import math
import os
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from statistics import quantiles
from time import perf_counter

import asyncpg
import httpx
import psutil

from bench.http_load import read_body
from bench.load import connected, load_month
from bench.national_month import RawPage
from bench.report import report
from bench.stack import Stack, fresh_stack
from services.hexer.store import Store as Hexer
from shared.model import Dataset, format_month

CLIENTS, SECONDS = 500, 60.0
WARM_UP, KILL_AFTER = 25.0, 45.0
PLACES = 300
ZOOMS = range(8, 13)
KINDS = {"tile": 70, "statistics": 15, "search": 15}
"""Of a hundred requests."""


@dataclass
class Seen:
    """What all clients saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    statuses: Counter[int] = field(default_factory=Counter)
    retried: int = 0
    failed: int = 0


def bench_clients(pages: list[RawPage], month: date, _repeats: int) -> None:
    """A national month, two gateways, all clients from this process."""
    with fresh_stack() as stack:
        asyncio.run(measure(stack, pages, month))


async def measure(stack: Stack, pages: list[RawPage], month: date) -> None:
    """Load, then let the clients loose."""
    addresses, places = await fill(stack, pages, month)
    async with AsyncExitStack() as running:
        pids, ports = [], []
        for _ in range(2):
            gateway = stack.service("gateway", READS_PER_MINUTE="1000000000")
            pids.append(await running.enter_async_context(gateway))
            ports.append(stack.ports["gateway"])
        addresses["tile"] = await tile_addresses(ports[0], places)
        seen, started = Seen(), perf_counter()
        clients = [
            asyncio.create_task(client(random.Random(n), ports, addresses, seen, started + SECONDS))
            for n in range(CLIENTS)
        ]
        await asyncio.sleep(WARM_UP)
        before = [megabytes(pid) for pid in pids]
        await asyncio.sleep(KILL_AFTER - WARM_UP)
        after = [megabytes(pid) for pid in pids]
        os.kill(pids[0], signal.SIGKILL)
        await asyncio.gather(*clients)
        after_kill = megabytes(pids[1])
    requests = sum(map(len, seen.seconds.values()))
    report(
        "clients",
        clients=CLIENTS,
        seconds=SECONDS,
        requests=requests,
        requests_per_second=requests / SECONDS,
        statuses={str(status): n for status, n in sorted(seen.statuses.items())},
        retried=seen.retried,
        failed=seen.failed,
        megabytes_after_25_s=before,
        megabytes_after_45_s=after,
        megabytes_of_the_other_at_the_end=after_kill,
        **{f"{kind}_p{p}_ms": 1000 * quantiles(took, n=100)[p - 1]
           for kind, took in seen.seconds.items() for p in (50, 99)},
    )  # fmt: skip


async def fill(
    stack: Stack, pages: list[RawPage], month: date
) -> tuple[dict[str, list[str]], list[asyncpg.Record]]:
    """A counted month; addresses by kind, and some places."""
    async with stack.service("loader"), connected(stack) as broker:
        connection = await stack.connect()
        await load_month(broker, connection, pages, month)
    async with asyncpg.create_pool(stack.endpoints.database_url, min_size=1, max_size=2) as pool:
        await Hexer(pool).rebuild(Dataset.STREET, month)
    await connection.execute("VACUUM ANALYZE")
    rows = await connection.fetch(
        "SELECT lon_e6 / 1e6::float8 AS lon, lat_e6 / 1e6::float8 AS lat FROM map_point"
    )
    await connection.close()
    places = random.Random(7).sample(rows, PLACES)
    when = format_month(month)
    addresses = {
        "statistics": [
            f"/api/v1/statistics/street?month={when}&by={by}&force={force}"
            for by in ("category", "outcome_group", "category,outcome")
            for force in ("kent", "metropolitan", "dorset", "kent,essex")
        ],
        "search": [
            f"/api/v1/street-crimes?month={when}&latitude={row['lat']:.5f}&longitude={row['lon']:.5f}&limit=100"
            for row in places
        ],
    }
    return addresses, places


async def tile_addresses(port: int, places: list[asyncpg.Record]) -> list[str]:
    """The tiles around some places."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        tile_json = (await client.get("/tiles/street.json")).raise_for_status().json()
    template = "/tiles" + tile_json["tiles"][0].partition("/tiles")[2]
    found = []
    for n, row in enumerate(places):
        zoom = ZOOMS[n % len(ZOOMS)]
        x, y = tile_at(zoom, row["lon"], row["lat"])
        found.append(template.format(z=zoom, x=x, y=y))
    return found


def tile_at(zoom: int, lon: float, lat: float) -> tuple[int, int]:
    """Column and row in Web Mercator."""
    sine = math.sin(math.radians(lat))
    y = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    return int((lon + 180) / 360 * 2**zoom), int(y * 2**zoom)


async def client(
    chance: random.Random, ports: list[int], addresses: dict[str, list[str]], seen: Seen, ends: float
) -> None:
    """One request after the other on one connection; what breaks off is asked again of the other replica."""
    port = chance.choice(ports)
    connection = None
    while perf_counter() < ends:
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        path = chance.choice(addresses[kind])
        started = perf_counter()
        try:
            connection = connection or await asyncio.open_connection("127.0.0.1", port)
            status = await ask(connection, path)
        except (OSError, asyncio.IncompleteReadError):
            seen.retried += 1
            port = ports[1 - ports.index(port)]
            try:
                connection = await asyncio.open_connection("127.0.0.1", port)
                status = await ask(connection, path)
            except (OSError, asyncio.IncompleteReadError):
                seen.failed += 1
                connection = None
                continue
        seen.seconds[kind].append(perf_counter() - started)
        seen.statuses[status] += 1
    if connection:
        connection[1].close()


async def ask(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str) -> int:
    """The status of an answer that was read whole."""
    reader, writer = connection
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if status != 204:
        await read_body(reader, head)
    return status


def megabytes(pid: int) -> float:
    """Memory that a process holds now."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6
