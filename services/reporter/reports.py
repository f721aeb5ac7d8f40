"""Orders become reports: rendered in fair turn, answered once.

An order is in the database before its message is acknowledged, and its answer before it is published. So
whatever is killed when, an order is rendered once or again, its answer published at least once, and there is
one row that says so.
"""

import asyncio
import hashlib
from contextlib import suppress
from time import perf_counter

from faststream.nats import NatsBroker

from services.reporter.basemap import PreparedBasemap
from services.reporter.grounds import Grounds
from services.reporter.order_store import Claimed, OrderStore
from services.reporter.orders import read_order
from services.reporter.problems import failed, failure_of
from services.reporter.rendering import Job, Renderers
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.refusal import Refusal
from shared.area_figures.shapes import Figures, canonical, checksum
from shared.bus import publish
from shared.errors import TransientError
from shared.events import PartnerEvent, ReportFailed, ReportRendered
from shared.logs import get_logger
from shared.metrics import report_seconds, reports_answered
from shared.objects import put_object
from shared.postcode_lookup import NobodyKnowsError, Postcodes, UnconfirmedError
from shared.postcodes import PostcodeError
from shared.provision import bucket_of
from shared.trace_context import read_traceparent
from shared.tracing import Span

log = get_logger()

POLL = 1.0
"""Seconds between two looks for orders that other reporters took in, or let go."""
MOST_TRIES = 20
"""Tries until an outage, or a bug, is answered as a failure: growing waits, an hour in all."""
MOST_LOOK_UPS = 7
"""The same while nobody can be asked where a postcode is: one to three minutes in all. Tries that failed for
another reason count too: whoever ordered has waited as long."""
GIVEN_UP = "the report could not be rendered; it has been logged"
LONGEST_WAIT = 300.0


class Reports:
    """The work of a reporter."""

    def __init__(
        self,
        broker: NatsBroker,
        orders: OrderStore,
        counts: CountsStore,
        postcodes: Postcodes,
        renderers: Renderers,
        grounds: Grounds | None,
        public_url: str,
        lease: float,
    ) -> None:
        """`grounds`: an operator's own maps.

        `lease`: seconds that an order belongs to one reporter unless it says that it is still at work.
        """
        self.broker, self.orders, self.counts, self.postcodes = broker, orders, counts, postcodes
        self.renderers, self.grounds = renderers, grounds
        self.public_url = public_url.rstrip("/")
        self.lease = lease
        self.woken = asyncio.Event()
        self.stopping = False

    async def work(self) -> None:
        """Render one order after the other, until told to stop."""
        while not self.stopping:
            try:
                claimed = await self.orders.claim(self.lease)
            except TransientError as error:
                log.warning("orders.postponed", reason=str(error))
                claimed = None
            except Exception:  # a bug must not end the worker in silence
                log.exception("orders.postponed")
                claimed = None
            if claimed is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), POLL)
                if not self.stopping:
                    self.woken.clear()
            else:
                await self.answer_safely(claimed)

    async def answer_safely(self, claimed: Claimed) -> None:
        """Answer; whatever goes wrong, the lease runs out and the order is tried again."""
        parent, tries = read_traceparent(claimed.traceparent), {"crimemaps.tries": claimed.tries}
        with Span("report", "CONSUMER", parent=parent, attributes=tries):
            try:
                if claimed.tries > MOST_TRIES:  # it has killed every reporter that took it
                    await self.finish(claimed, failed(claimed.partner, claimed.id, "internal", GIVEN_UP))
                else:
                    await self.answer(claimed)
            except Exception:  # a bug must not end the worker in silence
                log.exception("report.failed", partner=claimed.partner, order=claimed.id)

    def stop(self) -> None:
        """Begin no further report."""
        self.stopping = True
        self.woken.set()

    async def answer(self, claimed: Claimed) -> None:
        """Render a claimed order and publish what became of it; after an outage it is tried again."""
        started = perf_counter()
        holding = asyncio.create_task(self.hold(claimed))
        try:
            await self.render(claimed)
        except (Refusal, PostcodeError) as error:
            await self.finish(claimed, failure_of(claimed.partner, claimed.id, error))
        except UnconfirmedError as error:
            unconfirmed = failed(
                claimed.partner, claimed.id, "postcode-unconfirmed", str(error), field="postcode"
            )
            await self.finish(claimed, unconfirmed)
        except NobodyKnowsError as error:
            await self.postpone(claimed, "unavailable", str(error), MOST_LOOK_UPS)
        except TransientError as error:
            await self.postpone(claimed, "unavailable", str(error))
        except Exception:  # a bug must not end the worker, nor be tried for ever
            log.exception("report.failed", partner=claimed.partner, order=claimed.id)
            await self.postpone(claimed, "internal", GIVEN_UP)
        finally:
            holding.cancel()
        report_seconds.observe(perf_counter() - started)

    async def hold(self, claimed: Claimed) -> None:
        """Say again and again that an order is being worked on."""
        while True:
            await asyncio.sleep(self.lease / 3)
            with suppress(TransientError):
                if not await self.orders.hold(claimed, self.lease):
                    return

    async def render(self, claimed: Claimed) -> None:
        """The whole way from an order to its answer."""
        with Span("report.figures"):
            order = await asyncio.to_thread(read_order, claimed.body)
            place = await self.postcodes.find(order.postcode)
            counts, points = await self.counts.read(
                place.postcode, place.latitude, place.longitude, place.source, order.tier
            )
            figures = work_out(counts)
        report_id = str(claimed.report_id)
        job = Job(
            report_id,
            f"{self.public_url}/r/{report_id}",
            figures,
            tuple(points),
            order.brand,
            await self.ground_of(figures),
        )
        pdf = await self.renderers.render(job)
        if not await self.orders.hold(claimed, self.lease):
            return  # it took so long that another has the order, whose PDF must not be replaced
        bucket, name = bucket_of(claimed.partner), f"{claimed.id}.pdf"
        with Span("report.store"):
            await put_object(self.broker, bucket, name, pdf.data)
        rendered = ReportRendered(
            partner=claimed.partner,
            id=claimed.id,
            report_id=claimed.report_id,
            bucket=bucket,
            object=name,
            sha256=hashlib.sha256(pdf.data).hexdigest(),
            bytes=len(pdf.data),
            pages=pdf.pages,
            figures_sha256=checksum(figures),
            revision=figures.revision,
        )
        await self.finish(claimed, rendered, canonical(figures))

    async def ground_of(self, figures: Figures) -> PreparedBasemap | None:
        """The operator's own map around a report; None is the bundled one."""
        if self.grounds is None:
            return None
        with Span("report.basemap"):
            return await self.grounds.around(figures.latitude, figures.longitude, figures.radius_m)

    async def finish(
        self, claimed: Claimed, answer: ReportRendered | ReportFailed, figures: bytes | None = None
    ) -> None:
        """Record the answer, then publish it; who comes second publishes nothing."""
        try:
            if await self.orders.finish(claimed, answer, figures):
                fate = answer.subject.rpartition(".")[2]
                reports_answered.labels(fate).inc()
                await self.publish(answer)
                log.info("report.answered", partner=answer.partner, order=answer.id, fate=fate)
        except TransientError as error:  # what is recorded is published later, what is not is rendered again
            log.warning("answer.postponed", partner=answer.partner, order=answer.id, reason=str(error))

    async def publish(self, answer: PartnerEvent) -> None:
        """Put an answer on the bus and note that it is there."""
        await publish(self.broker, answer)
        assert isinstance(answer, ReportRendered | ReportFailed)
        await self.orders.mark_published(answer)

    async def postpone(self, claimed: Claimed, code: str, reason: str, most: int = MOST_TRIES) -> None:
        """Let an order be tried again; after so many tries it fails with the reason."""
        if claimed.tries >= most:
            await self.finish(claimed, failed(claimed.partner, claimed.id, code, reason))
            return
        log.warning("report.postponed", partner=claimed.partner, order=claimed.id, reason=reason)
        try:
            await self.orders.hold(claimed, min(LONGEST_WAIT, 0.5 * 2**claimed.tries))
        except TransientError as error:  # then the lease runs out
            log.warning("orders.postponed", reason=str(error))

    async def publish_forgotten(self, seconds: float) -> None:
        """Publish, for ever, the answers that a killed reporter recorded and did not publish."""
        while True:
            try:
                for answer, traceparent in await self.orders.unpublished(seconds):
                    with Span("report.publish_again", "CONSUMER", parent=read_traceparent(traceparent)):
                        await self.publish(answer)
            except TransientError as error:
                log.warning("answers.postponed", reason=str(error))
            except Exception:  # a bug must not stop the clock in silence
                log.exception("answers.postponed")
            await asyncio.sleep(seconds)
