"""Runs from the order to the manifest: planned, begun, carried on after a crash, completed."""

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import date
from uuid import UUID

import zstandard
from faststream.nats import NatsBroker

from services.fetcher.plan import (
    Slice,
    check_forces,
    check_month,
    everybody,
    halves,
    plan_slices,
    publishers,
)
from services.fetcher.police_api import PoliceApi, TooLargeError
from services.fetcher.store import Run, Store, Work
from services.fetcher.tiles import Points, Tile
from shared.areas import ForceAreas
from shared.bus import is_idle, publish
from shared.errors import PermanentError, TransientError
from shared.events import IngestRequested, MonthFetched, PageFetched, SliceRequested
from shared.logs import get_logger
from shared.metrics import pages_published, tile_splits
from shared.model import Dataset, format_month
from shared.tracing import Span

log = get_logger()


class ReleaseChangedError(Exception):
    """A run's pages may be of two releases."""


class Runs:
    """What the handlers, the start and the clock of the fetcher do."""

    def __init__(
        self,
        store: Store,
        api: PoliceApi,
        broker: NatsBroker,
        prior: Points,
        areas: ForceAreas,
        *,
        target: int,
        patience: float,
    ) -> None:
        self.store, self.api, self.broker = store, api, broker
        self.prior, self.areas, self.target, self.patience = prior, areas, target, patience
        self.beginning = asyncio.Lock()
        self.is_behind = True
        """Slices may wait that nobody was asked for: after a start, or when the bus took no request."""

    async def order(self, order: IngestRequested) -> None:
        """Queue what an order asks for; without a month, all that the source has and we have not."""
        if order.month is not None:
            await self.store.queue_runs(order, order.month)
        else:
            loaded = await self.store.loaded_months()
            for month in sorted(await self.api.months()):
                missing = tuple(dataset for dataset in order.datasets if month not in loaded[dataset])
                if missing:
                    await self.store.queue_runs(order.model_copy(update={"datasets": missing}), month)
        await self.advance()

    async def advance(self) -> None:
        """Begin the next run of every dataset that is idle."""
        async with self.beginning:
            for dataset in Dataset:
                while run := await self.store.next_run(dataset):
                    if await self.begin(run):
                        break

    async def begin(self, run: Run) -> bool:
        """Plan a run and ask for its slices; False if it cannot be fetched at all.

        A run is a trace: what begins it may be an order of many, or the end of another run.
        """
        with Span("run", apart=True, attributes={"crimemaps.run_id": str(run.id)}):
            return await self.plan_and_request(run)

    async def plan_and_request(self, run: Run) -> bool:
        """The same, in the trace of the run."""
        try:
            slices, plan, release = await self.plan(run)
        except PermanentError as error:
            await self.store.fail_run(run.id, str(error))
            log.error("run.failed", run=str(run.id), reason=str(error))
            return False
        except TransientError as error:
            await self.store.note_run(run.id, str(error))
            raise
        await self.store.start_run(run, slices, plan, release)
        log.info(
            "run.started",
            run=str(run.id),
            dataset=run.dataset,
            month=str(run.month),
            slices=len(slices),
            plan=plan,
        )
        await self.request((run.id, piece.id) for piece in slices)
        return True

    async def plan(self, run: Run) -> tuple[list[Slice], str, date]:
        """The slices of a run, where the plan came from, and the release that it belongs to."""
        months = await self.api.months()
        check_month(run.month, list(months))
        listed = await self.api.forces()
        await self.store.add_forces((force.id, force.name) for force in listed)
        names = [force.id for force in listed]
        check_forces(run.forces or (), everybody(names))
        release = await self.api.newest_month()
        if run.dataset is Dataset.STOPS:
            held = await self.store.loaded_forces(run.dataset, run.month)
            asked = within(publishers(run.month, months, names, held), run.forces)
            if not asked:
                raise PermanentError(f"none of these forces published stops in {format_month(run.month)}")
            return plan_slices(run.dataset, asked, None, None, self.target), "forces", release
        knowledge = await self.store.knowledge(run.dataset, run.month, self.prior)
        areas = None if run.forces is None else self.rectangles(run.forces)
        slices = plan_slices(run.dataset, within(everybody(names), run.forces), areas, knowledge, self.target)
        return slices, knowledge.source, release

    def rectangles(self, forces: tuple[str, ...]) -> list[Tile]:
        """What to fetch for some forces only."""
        try:
            return list(self.areas.bounds(forces))
        except ValueError as error:
            raise PermanentError(str(error)) from error

    async def request(self, slices: Iterable[tuple[UUID, str]]) -> None:
        """Ask ourselves, through the bus, for slices; what it does not take is asked for at the next tick."""
        try:
            for run, slice_id in slices:
                await publish(self.broker, SliceRequested(run_id=run, slice_id=slice_id))
        except TransientError:
            self.is_behind = True
            raise

    async def fetch(self, request: SliceRequested) -> None:
        """Fetch a slice and put its page on the bus; a slice that is done is left alone."""
        work = await self.store.work(request.run_id, request.slice_id)
        if work is None:
            raise PermanentError(f"no slice {request.slice_id} in run {request.run_id}")
        if work.waiting:
            try:
                await self.fetch_waiting(request, work)
            except PermanentError as error:
                await self.store.fail_run(request.run_id, str(error))
                log.error("run.failed", run=str(request.run_id), reason=str(error))
                await self.advance()
                raise
            except TransientError as error:
                await self.store.note_slice(request.run_id, request.slice_id, str(error))
                raise
        await self.complete(request.run_id)

    async def fetch_waiting(self, request: SliceRequested, work: Work) -> None:
        """The page of one slice, from the source to the bus; two smaller slices if it is too large."""
        try:
            body, records = await self.api.fetch(work.dataset, work.month, work.piece)
        except TooLargeError:
            await self.split(request, work)
            return
        page = PageFetched(
            run_id=request.run_id,
            slice_id=request.slice_id,
            dataset=work.dataset,
            month=work.month,
            kind=work.piece.kind,
            force=work.piece.force,
            source=work.source,
            sha256=hashlib.sha256(body).hexdigest(),
            records=records,
        )
        await publish(self.broker, page, zstandard.ZstdCompressor().compress(body))
        pages_published.labels(work.dataset).inc()
        await self.store.finish_slice(request.run_id, request.slice_id, page.sha256, records)

    async def split(self, request: SliceRequested, work: Work) -> None:
        """Two smaller slices in place of one that is too large."""
        tile_splits.labels(work.dataset).inc()
        pieces = halves(work.piece, await self.store.known_points(work.dataset, work.month, self.prior))
        await self.store.split_slice(request.run_id, request.slice_id, pieces)
        await self.request((request.run_id, piece.id) for piece in pieces)

    async def complete(self, run_id: UUID) -> None:
        """Publish the manifest of a run that has all its pages, and begin the next run."""
        try:
            run = await self.publish_manifest(run_id)
        except ReleaseChangedError as change:
            await self.store.fetch_again(run_id, str(change))
            log.warning("run.repeated", run=str(run_id), reason=str(change))
        else:
            if run is None:
                return
            log.info("run.fetched", run=str(run_id), dataset=run.dataset, month=str(run.month))
        await self.advance()

    async def publish_manifest(self, run_id: UUID) -> Run | None:
        """The run, if it has all its pages and they are of one release."""
        async with self.store.complete_run(run_id) as complete:
            if complete is None:
                return None
            run, pages = complete
            newest = await self.api.newest_month()
            if run.release != newest:
                raise ReleaseChangedError(
                    f"the source published {format_month(newest)} meanwhile: the month is fetched again"
                )
            manifest = MonthFetched(
                run_id=run.id,
                dataset=run.dataset,
                month=run.month,
                source=run.source,
                forces=run.forces,
                accept_loss=run.accept_loss,
                release=run.release,
                pages=pages,
            )
            await publish(self.broker, manifest)
        return run

    async def resume(self) -> None:
        """Ask for every slice that waits.

        Requests that are still on the bus are asked for twice; whoever comes second finds the slice done.
        """
        self.is_behind = False
        try:
            await self.request(await self.store.waiting_slices())
        except TransientError:
            self.is_behind = True
            raise

    async def tick(self) -> None:
        """Finish what a crash between the database and the bus left behind, give up what never ends."""
        if self.is_behind or await is_idle(self.broker, "fetcher-slices"):
            await self.resume()
        for run_id, reason in await self.store.fail_stalled_runs(self.patience):
            log.error("run.failed", run=str(run_id), reason=reason)
        for run_id in await self.store.fetching_runs():
            await self.complete(run_id)
        await self.advance()


def within(forces: tuple[str, ...], wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Those of the forces that an order wants; all of them where it does not say."""
    return forces if wanted is None else tuple(force for force in forces if force in wanted)
