"""Runs of an archive: each month of each dataset, its pages and its manifest, put on the bus."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from time import monotonic
from typing import Protocol, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from faststream.nats import NatsBroker

from services.fetcher.archive import Archive, Member
from services.fetcher.archive_store import ArchiveStore
from services.fetcher.chunks import Chunk, chunks
from services.fetcher.plan import check_forces
from services.fetcher.store import Run, Store
from shared.archive import SOURCE
from shared.bus import publish, retry_delay, unhandled
from shared.errors import PermanentError, TransientError
from shared.events import MonthFetched, Page, PageFetched, run_id
from shared.logs import get_logger
from shared.metrics import pages_published
from shared.model import Dataset, SliceKind, format_month
from shared.tracing import Span

log = get_logger()
Result = TypeVar("Result")

MOST_WAITING = 64
"""Pages on the bus that the loader has not staged: some 25 MB. More would only fill its disk."""
LOOK_EVERY = 8
"""Pages between two looks at the loader's queue."""
LOOK_AGAIN = 0.2
PATIENCE = 600.0
"""Seconds that the database or the bus may be away. Called again, the command goes on where it stopped."""


@dataclass(frozen=True)
class Scope:
    """What is wanted of an archive; None is all that it has."""

    months: tuple[date, ...] | None = None
    datasets: tuple[Dataset, ...] | None = None
    forces: tuple[str, ...] | None = None
    accept_loss: bool = False

    def order_id(self, archive: Archive) -> UUID:
        """The same for the same content and wish: what runs are named after, beside dataset and month."""
        forces = "*" if self.forces is None else "+".join(self.forces)
        return uuid5(NAMESPACE_URL, f"archive/{archive.identity}/{forces}/{self.accept_loss}")


class Say(Protocol):
    """Tells whoever watches."""

    def __call__(self, event: str, **facts: object) -> None: ...


class ArchiveRuns:
    """Puts an archive's members on the bus, one after the other."""

    def __init__(
        self, archive: Archive, store: ArchiveStore, run_store: Store, broker: NatsBroker, say: Say
    ) -> None:
        self.archive, self.store, self.run_store = archive, store, run_store
        self.broker, self.say = broker, say
        self.published = 0
        self.done, self.wanted = 0, 0
        """Bytes of unpacked members, for those who watch."""

    async def run(self, scope: Scope, name: str) -> int:
        """Bring every month that is wanted on the bus; how many runs failed.

        Raises:
            PermanentError: the archive or the wish is refused as a whole.
            TransientError: a server was away for too long.
        """
        known = await self.patiently(self.store.forces)
        check_forces(scope.forces or (), known)
        members = self.archive.choose(scope.months, scope.datasets, scope.forces)
        check_forces([member.force for member in members], known)
        order = scope.order_id(self.archive)
        months = [(key, list(of_key)) for key, of_key in groupby(members, lambda m: (m.month, m.dataset))]
        runs = []
        for (month, dataset), of_month in months:
            first = run_id(order, dataset, month)
            run, state = await self.patiently(partial(self.store.attempt, first))
            self.say("run", run=str(run), dataset=dataset, month=format_month(month), files=len(of_month))
            if state in (None, "fetching"):
                runs.append((Run(run, dataset, month, scope.forces, scope.accept_loss, SOURCE), of_month))
        self.wanted = sum(member.size for _, of_month in runs for member in of_month)
        self.say("ignored", files=self.archive.ignored)
        return sum([not await self.bring(order, run, of_month, name) for run, of_month in runs])

    async def bring(self, order: UUID, run: Run, members: Sequence[Member], name: str) -> bool:
        """One month; False if it fails."""
        with Span("run", apart=True, attributes={"crimemaps.run_id": str(run.id)}):
            return await self.bring_all(order, run, members, name)

    async def bring_all(self, order: UUID, run: Run, members: Sequence[Member], name: str) -> bool:
        """The same, in the trace of the run."""
        forces = [member.force for member in members]
        await self.patiently(lambda: self.store.begin(order, run, forces, name))
        try:
            held = await self.patiently(lambda: self.store.pages(run.id))
            for member in members:
                if member.force not in held:
                    await self.bring_member(run, member, held)
                self.done += member.size
                self.say_progress()
            await self.patiently(lambda: self.complete(run))
        except PermanentError as error:
            reason = str(error)
            await self.patiently(lambda: self.run_store.fail_run(run.id, reason))
            log.error("run.failed", run=str(run.id), reason=reason)
            return False
        log.info("run.fetched", run=str(run.id), dataset=run.dataset, month=str(run.month))
        return True

    async def bring_member(self, run: Run, member: Member, held: dict[str, str]) -> None:
        """The pages of a member. The last one's slice has the member's name: it tells that all are there."""
        pieces = chunks(self.archive, member)
        number = 0
        while piece := await asyncio.to_thread(next, pieces, None):
            page = Page(
                slice_id=member.force if piece.is_last else f"{member.force}.{number}",
                sha256=hashlib.sha256(piece.body).hexdigest(),
                records=piece.records,
            )
            number += 1
            if page.slice_id not in held:
                await self.bring_page(run, member, page, piece)
            elif held[page.slice_id] != page.sha256:
                raise PermanentError("begun by a version that cut pages otherwise: call it again")

    async def bring_page(self, run: Run, member: Member, page: Page, piece: Chunk) -> None:
        """One page, on the bus and then in the database."""
        event = PageFetched(
            run_id=run.id,
            slice_id=page.slice_id,
            dataset=run.dataset,
            month=run.month,
            kind=SliceKind.MEMBER,
            force=member.force,
            source=SOURCE,
            sha256=page.sha256,
            records=page.records,
        )
        body = piece.packed()
        await self.wait_for_loader()
        await self.patiently(lambda: publish(self.broker, event, body))
        pages_published.labels(run.dataset).inc()
        if piece.is_last:
            await self.patiently(
                lambda: self.run_store.finish_slice(run.id, page.slice_id, page.sha256, page.records)
            )
        else:
            await self.patiently(lambda: self.store.add_page(run.id, member.force, page))

    async def wait_for_loader(self) -> None:
        """Go on when the loader has few pages left to stage."""
        if self.published % LOOK_EVERY == 0:
            while (waiting := await self.patiently(self.unstaged)) > MOST_WAITING:
                self.say_progress(f"{waiting} pages wait for the loader")
                await asyncio.sleep(LOOK_AGAIN)
        self.published += 1

    async def unstaged(self) -> int:
        """Pages that the loader has not staged."""
        return await unhandled(self.broker, "loader-pages")

    async def complete(self, run: Run) -> None:
        """Publish the manifest of a run that has all its pages."""
        async with self.run_store.complete_run(run.id) as complete:
            if complete is not None:
                _, pages = complete
                manifest = MonthFetched(
                    run_id=run.id,
                    dataset=run.dataset,
                    month=run.month,
                    source=SOURCE,
                    forces=run.forces,
                    accept_loss=run.accept_loss,
                    release=None,
                    pages=pages,
                )
                await publish(self.broker, manifest)

    def say_progress(self, waiting: str = "") -> None:
        """How far it is, and what it waits for."""
        self.say("progress", bytes=self.done, of=self.wanted, waiting=waiting)

    async def patiently(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it again until the database or the bus is back, but not for ever."""
        deadline, tries = monotonic() + PATIENCE, 0
        while True:
            try:
                return await work()
            except TransientError as problem:
                if monotonic() > deadline:
                    raise
                self.say_progress(str(problem))
                await asyncio.sleep(retry_delay(tries))
                tries += 1
