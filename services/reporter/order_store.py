"""Orders in the database: taken once, claimed fairly, answered once."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from services.reporter.together import Together
from shared.db import read_sql, translate_errors
from shared.events import PartnerEvent, ReportFailed, ReportRendered, report_id
from shared.trace_context import traceparent

ANSWERS: dict[str, type[ReportRendered] | type[ReportFailed]] = {
    "rendered": ReportRendered,
    "failed": ReportFailed,
}


@dataclass(frozen=True)
class NewOrder:
    """An order that may be kept; with a failure it is answered at once."""

    partner: str
    id: str
    fingerprint: str
    body: bytes
    failure: ReportFailed | None = None
    traceparent: str | None = field(default_factory=traceparent)
    """The trace that it is taken in."""

    def row(self, secret: UUID) -> tuple[object, ...]:
        """As `insert_orders` wants it."""
        answer = self.failure.model_dump_json() if self.failure else None
        made = report_id(secret, self.id)
        return self.partner, self.id, made, self.fingerprint, self.body, answer, self.traceparent


@dataclass(frozen=True)
class Claimed:
    """An order that is ours for a while."""

    partner: str
    id: str
    report_id: UUID
    body: bytes
    tries: int
    traceparent: str | None = None
    """The trace that it was ordered in."""


@dataclass(frozen=True)
class Known:
    """An order that came before; `answer` is None while it waits."""

    fingerprint: str
    answer: PartnerEvent | None


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


class OrderStore:
    """The queue of orders, and their answers."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        # Ten thousand orders in a row are some hundred statements.
        self.together = Together(self.take_all)

    async def take(self, order: NewOrder) -> bool | None:
        """Keep an order: whether it is new; None if nobody of the partner's name may order."""
        return await self.together(order)

    async def is_known(self, partner: str) -> bool:
        """Whether somebody of that name may order."""
        return partner in await self.secrets([partner])

    async def secrets(self, partners: list[str]) -> dict[str, UUID]:
        """What report ids are made with, by partner; without those who may not order."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("select_secrets"), partners)
        return {row["name"]: row["secret"] for row in rows}

    async def take_all(self, orders: list[NewOrder]) -> list[bool | None]:
        """Keep those that are new; what is said of each is what `take` says."""
        secrets = await self.secrets(sorted({order.partner for order in orders}))
        first: dict[tuple[str, str], NewOrder] = {}
        for order in orders:
            if order.partner in secrets:
                first.setdefault((order.partner, order.id), order)
        rows = [order.row(secrets[order.partner]) for order in first.values()]
        async with translate_errors():
            kept = await self.pool.fetch(sql("insert_orders"), *zip(*rows, strict=True)) if rows else []
        new = {(row["partner"], row["id"]) for row in kept}
        return [
            (key in new and first[key] is order) if (key := (order.partner, order.id)) in first else None
            for order in orders
        ]

    async def known(self, partner: str, order: str) -> Known:
        """An order whose id is known, with its answer."""
        async with translate_errors():
            row = await self.pool.fetchrow(sql("select_order"), partner, order)
        if row is None:
            raise LookupError(f"no order {order} of {partner}")
        return Known(row["fingerprint"], answer_of(partner, row) if row["answer"] else None)

    async def claim(self, seconds: float) -> Claimed | None:
        """The next order in fair turn, ours for so long; None if nobody waits."""
        async with translate_errors():
            row = await self.pool.fetchrow(sql("claim_order"), seconds)
            while row is None and await self.pool.fetchval(sql("is_waiting")):
                row = await self.pool.fetchrow(sql("claim_order"), seconds)
        return Claimed(**dict(row)) if row else None

    async def finish(
        self, claimed: Claimed, answer: ReportRendered | ReportFailed, figures: bytes | None = None
    ) -> bool:
        """Record the answer to an order; False if it is not ours any more."""
        async with translate_errors():
            row = await self.pool.fetchrow(
                sql("finish_order"),
                answer.partner, answer.id, answer.subject.rpartition(".")[2], answer.model_dump_json(),
                figures.decode() if figures is not None else None, claimed.tries,
            )  # fmt: skip
        return row is not None

    async def hold(self, claimed: Claimed, seconds: float) -> bool:
        """Nobody takes an order for so long from now, us included; False if it is not ours any more."""
        async with translate_errors():
            row = await self.pool.fetchrow(
                sql("hold_order"), claimed.partner, claimed.id, seconds, claimed.tries
            )
        return row is not None

    async def unpublished(self, seconds: float) -> list[tuple[PartnerEvent, str | None]]:
        """Answers recorded so long ago, and perhaps never published, each with the trace of its order."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("select_unpublished"), seconds)
        return [(answer_of(row["partner"], row), row["traceparent"]) for row in rows]

    async def mark_published(self, answer: ReportRendered | ReportFailed) -> None:
        """The stream has the answer."""
        async with translate_errors():
            await self.pool.execute(sql("mark_published"), answer.partner, answer.id)


def answer_of(partner: str, row: asyncpg.Record) -> PartnerEvent:
    """The event of an answered order."""
    return ANSWERS[row["state"]].model_validate_json(row["answer"]).model_copy(update={"partner": partner})
