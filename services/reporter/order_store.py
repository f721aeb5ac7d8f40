"""Orders in the database: taken once, claimed fairly, answered once."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from shared.db import read_sql, translate_errors
from shared.events import PartnerEvent, ReportFailed, ReportRendered, report_id
from shared.trace_context import traceparent

ANSWERS: dict[str, type[ReportRendered] | type[ReportFailed]] = {
    "rendered": ReportRendered,
    "failed": ReportFailed,
}


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

    async def secret(self, partner: str) -> UUID | None:
        """What a partner's report ids are made with; None if nobody of that name may order."""
        async with translate_errors():
            secret: UUID | None = await self.pool.fetchval(sql("select_secret"), partner)
        return secret

    async def take(
        self,
        partner: str,
        secret: UUID,
        order: str,
        fingerprint: str,
        body: bytes,
        failure: ReportFailed | None = None,
    ) -> bool:
        """Keep a new order, or one that fails at once; False if its id is known."""
        answer = failure.model_dump_json() if failure else None
        async with translate_errors():
            row = await self.pool.fetchrow(
                sql("insert_order"),
                partner, order, report_id(secret, order), fingerprint, body, answer, traceparent(),
            )  # fmt: skip
        return row is not None

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
