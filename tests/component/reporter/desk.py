"""A partner's side of the queue, and a database with three real months."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from nats.aio.client import Client

from deploy.local.process import Process
from services.hexer.store import Store as Hexer
from shared.model import Dataset
from shared.provision import provision_partner
from tests.builders import sample_run
from tests.bus import Bus, provisioned
from tests.pipeline import connected, eventually, loaded, loader_store, service

POSTCODES = {
    "EC2M 7PY": (51.51906, -0.08138, "E", None),
    "EC2V 5AA": (51.51537, -0.09246, "E", None),
    "M1 1AE": (53.47700, -2.23500, "E", None),
    "EC1A 1AA": (51.52000, -0.09700, "E", "2011-06-01"),
}
"""Latitude, longitude, country, end."""


async def load_months(pool: asyncpg.Pool, *months: str) -> None:
    """Months of the City of London as readers see them, and a few postcodes."""
    for month in months:
        run = sample_run(Dataset.STREET, month)
        await loaded(loader_store(pool), run)
        await Hexer(pool).rebuild(Dataset.STREET, run.month)


async def load_postcodes(pool: asyncpg.Pool) -> None:
    await pool.executemany(
        "INSERT INTO postcode VALUES ($1, $2, $3, $4, $5::text::date)",
        [
            (postcode, round(lat * 1e6), round(lon * 1e6), country, end)
            for postcode, (lat, lon, country, end) in POSTCODES.items()
        ],
    )
    await pool.execute("INSERT INTO postcode_edition (source, rows) VALUES ('a test edition', 4)")


@dataclass
class Partner:
    """Orders and hears answers, with nothing but NATS."""

    name: str
    client: Client

    async def order(self, order_id: str | None, body: dict[str, Any] | bytes) -> None:
        if isinstance(body, dict):
            body = json.dumps({"id": order_id, **body} if order_id is not None else body).encode()
        await self.client.jetstream().publish(f"report.requested.{self.name}", body)

    async def answers(self) -> list[dict[str, Any]]:
        """All answers so far, oldest first."""
        found = []
        jetstream = self.client.jetstream()
        state = (await jetstream.stream_info("FACTS")).state
        for sequence in range(max(1, state.first_seq), state.last_seq + 1):
            message = await jetstream.get_msg("FACTS", sequence)
            kind, _, partner = str(message.subject).removeprefix("report.").partition(".")
            if partner == self.name:
                found.append({"kind": kind, **json.loads(message.data or b"")})
        return found

    async def answers_to(self, order_id: str | None, number: int = 1) -> list[dict[str, Any]]:
        """So many answers to an order, when they have come."""

        async def look() -> list[dict[str, Any]]:
            found = [answer for answer in await self.answers() if answer["id"] == order_id]
            return found if len(found) >= number else []

        return await eventually(look, f"{number} answers to {order_id}")

    async def pdf(self, answer: dict[str, Any]) -> bytes:
        store = await self.client.jetstream().object_store(answer["bucket"])
        return (await store.get(answer["object"])).data or b""


@dataclass
class Desk:
    """What a test of the reporter needs."""

    pool: asyncpg.Pool
    bus: Bus

    async def partner(self, name: str) -> Partner:
        """A partner as the operator adds one."""
        await self.pool.execute("INSERT INTO partner (name) VALUES ($1) ON CONFLICT DO NOTHING", name)
        await provision_partner(self.bus.client.jetstream(), name)
        return Partner(name, self.bus.client)


@asynccontextmanager
async def open_desk(database_url: str, nats_url: str) -> AsyncIterator[Desk]:
    """Three months, some postcodes, a provisioned bus."""
    async with connected(database_url) as pool, provisioned(nats_url) as bus:
        await load_months(pool, "2018-10", "2018-11", "2018-12")
        await load_postcodes(pool)
        yield Desk(pool, bus)


def reporter(folder: Path, database_url: str, nats_url: str, **settings: object) -> Process:
    """A reporter that asks nobody on the internet."""
    given = {"postcodes_io": "false", "public_url": "https://example.org", "lease_seconds": 2, **settings}
    return service("reporter", folder, database_url, nats_url, **given)
