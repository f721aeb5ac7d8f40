"""Orders are taken in: kept in the database, or answered at once."""

from typing import TYPE_CHECKING

from services.reporter.order_store import NewOrder
from services.reporter.orders import MAX_BYTES, fingerprint_of, id_of, read_order
from services.reporter.problems import OrderError, failed, failure_of
from shared.bus import publish
from shared.events import ReportFailed
from shared.logs import get_logger

if TYPE_CHECKING:
    from services.reporter.reports import Reports

log = get_logger()


class Intake:
    """Where orders come in. Bears the same order twice."""

    def __init__(self, reports: "Reports") -> None:
        self.reports, self.broker, self.orders = reports, reports.broker, reports.orders

    async def take(self, partner: str, body: bytes, sequence: int) -> None:
        """Keep an order, or answer it: again if it is known, with what is wrong if it cannot be read.

        `sequence` is the number of its message in the stream.
        """
        order = id_of(body)
        if order is None:
            await self.answer_nameless(partner, body, sequence)
            return
        failure = failure_to_read(partner, order, body) if len(body) > MAX_BYTES else None
        kept = b"" if failure else body
        fingerprint = fingerprint_of(body)
        is_new = await self.orders.take(NewOrder(partner, order, fingerprint, kept, failure))
        if is_new is None:
            await publish(self.broker, stranger(partner, order, sequence))
        elif not is_new:
            await self.answer_again(partner, order, fingerprint, sequence)
        elif failure:
            await self.reports.publish(failure)
        else:
            # What is in it is looked at in its turn: a logo takes a while, and others wait.
            log.info("order.taken", partner=partner, order=order)
            self.reports.woken.set()

    async def answer_nameless(self, partner: str, body: bytes, sequence: int) -> None:
        """Say what is wrong with what has no id, by which it could be kept."""
        if await self.orders.is_known(partner):
            answer = failure_to_read(partner, None, body, sequence)
        else:
            answer = stranger(partner, None, sequence)
        if answer:
            await publish(self.broker, answer)

    async def answer_again(self, partner: str, order: str, fingerprint: str, sequence: int) -> None:
        """The same order twice: the same answer again. Another order with its id: refused."""
        known = await self.orders.known(partner, order)
        if known.fingerprint != fingerprint:
            text = f"id: '{order}' was used for another order; a new order needs a new id"
            await publish(self.broker, failed(partner, order, "id-taken", text, sequence, field="id"))
        elif known.answer is not None:
            await publish(self.broker, known.answer.model_copy(update={"repeated": sequence}))


def failure_to_read(partner: str, order: str | None, body: bytes, sequence: int = 0) -> ReportFailed | None:
    """What is wrong with an order; None if it can be read."""
    try:
        read_order(body)
    except OrderError as error:
        return failure_of(partner, order, error, sequence)
    return None


def stranger(partner: str, order: str | None, sequence: int) -> ReportFailed:
    """The answer to somebody who may not order."""
    text = f"no partner '{partner}' is known here: the operator adds one by `crimemaps partners add`"
    return failed(partner, order, "unknown-partner", text, sequence)
