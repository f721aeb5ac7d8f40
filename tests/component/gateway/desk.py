"""Stands where a reporter stands: takes orders in and answers them, with real figures and no real PDF."""

import asyncio
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from services.reporter.order_store import Claimed, NewOrder, OrderStore
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.shapes import Figures, canonical
from shared.areas import ForceAreas
from shared.events import ReportFailed, ReportRendered, report_id
from shared.provision import bucket_of
from shared.tiers import Tier
from tests.bus import Bus
from tests.component.gateway.country import BANK

PDF = b"%PDF-1.7 not really\n%%EOF\n"


@dataclass
class Desk:
    """Writes as the reporter does, by the reporter's own statements."""

    pool: asyncpg.Pool
    bus: Bus

    @property
    def orders(self) -> OrderStore:
        return OrderStore(self.pool)

    async def order(self, number: str, partner: str = "web") -> UUID:
        """An order that waits; its report's id."""
        await self.pool.execute("INSERT INTO partner (name) VALUES ($1) ON CONFLICT DO NOTHING", partner)
        assert await self.orders.take(NewOrder(partner, number, "", b"{}"))
        return report_id(await self.secret(partner), number)

    async def secret(self, partner: str = "web") -> UUID:
        """What the partner's report ids are made with."""
        return (await self.orders.secrets([partner]))[partner]

    async def take_next(self) -> dict[str, Any]:
        """The next order on the bus, taken in; its body."""
        jetstream = self.bus.client.jetstream()
        waiting = await jetstream.pull_subscribe_bind("reporter-web", "WEB_ORDERS")
        (message,) = await waiting.fetch(1, timeout=20)
        order: dict[str, Any] = json.loads(message.data)
        await self.orders.take(NewOrder("web", order["id"], "", message.data))
        await message.ack_sync()
        return order

    async def untaken(self) -> list[dict[str, Any]]:
        """The website's orders on the bus, oldest first."""
        jetstream = self.bus.client.jetstream()
        state = (await jetstream.stream_info("WEB_ORDERS")).state
        numbers = range(state.first_seq, state.last_seq + 1) if state.messages else ()
        return [json.loads((await jetstream.get_msg("WEB_ORDERS", number)).data or b"") for number in numbers]

    async def figures(self, tier: Tier = Tier.ESSENTIAL) -> Figures:
        """Figures of what is loaded around the Bank of England."""
        lon, lat = BANK[1] or (0, 0)
        counts, _ = await CountsStore(self.pool, ForceAreas.load()).read("EC2R 8AH", lat, lon, "a test", tier)
        return work_out(counts)

    async def render(self, number: str, figures: Figures, partner: str = "web", pdf: bytes = PDF) -> UUID:
        """An order and its report."""
        report = await self.order(number, partner)
        await self.answer(number, report, figures, partner, pdf)
        return report

    async def claimed(self, number: str, partner: str = "web") -> Claimed:
        """An order as the reporter that has claimed it knows it."""
        row = await self.pool.fetchrow(
            "SELECT report_id, body, tries FROM report WHERE partner = $1 AND id = $2", partner, number
        )
        assert row is not None
        return Claimed(partner, number, row["report_id"], row["body"], row["tries"])

    async def answer(
        self, number: str, report: UUID, figures: Figures, partner: str = "web", pdf: bytes = PDF
    ) -> None:
        """The report of an order that waits."""
        text = canonical(figures)
        rendered = ReportRendered(
            partner=partner,
            id=number,
            report_id=report,
            bucket=bucket_of(partner),
            object=f"{number}.pdf",
            sha256=sha256(pdf).hexdigest(),
            bytes=len(pdf),
            pages=7,
            figures_sha256=sha256(text).hexdigest(),
            revision=figures.revision,
        )
        if partner == "web":
            store = await self.bus.client.jetstream().object_store(bucket_of(partner))
            await store.put(rendered.object, pdf)
        assert await self.orders.finish(await self.claimed(number, partner), rendered, text)

    async def refuse(self, number: str, **problem: Any) -> UUID:
        """An order and its failure."""
        report = await self.order(number)
        assert await self.orders.finish(
            await self.claimed(number), ReportFailed(partner="web", id=number, **problem)
        )
        return report


async def both(first: Any, second: Any) -> tuple[Any, Any]:
    """Two things that wait for each other."""
    one, two = await asyncio.gather(first, second)
    return one, two
