"""Whole months as files in the object store: made, listed, removed when they are replaced.

Bears to be done twice and by two at once: the same edition has the same bytes under the same names, and
is listed when the last of them is stored. What a crash leaves is written over or removed.
"""

import asyncio
from datetime import date
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from services.hexer.download_columns import described
from services.hexer.download_files import MonthFiles
from services.hexer.download_store import Connection, DownloadStore, Position, State
from shared.downloads import BUCKET, LAYOUT, Manifest, ending_of, folder_of, part_name
from shared.errors import CrimeMapsError, TransientError
from shared.logs import get_logger
from shared.metrics import download_seconds, downloads_missing
from shared.model import Dataset, format_month, parse_month
from shared.objects import delete_object, object_names, put_object

if TYPE_CHECKING:
    from faststream.nats import NatsBroker

log = get_logger()
TIDY_SECONDS = 3600.0
"""Looking through the whole store takes seconds."""


class DownloadError(AssertionError):
    """The files do not hold the records of the version: a bug, never shown to readers."""


class Downloads:
    """Makes the files of months."""

    def __init__(self, broker: "NatsBroker", store: DownloadStore, *, keep_hours: float) -> None:
        self.broker, self.store, self.keep_hours = broker, store, keep_hours
        self.tidied_at: float | None = None

    async def build(self, dataset: Dataset, month: date) -> Manifest | None:
        """Bring a month's files to the version that readers of records see; None where it is not loaded.

        Raises:
            TransientError: a server is away, or the month was replaced meanwhile.
        """
        started = perf_counter()
        async with self.store.building(dataset, month) as connection:
            state = await self.store.state(connection, dataset, month)
            if state is None:
                return None
            manifest = await self.store.held(connection, dataset, month, state.edition)
            if manifest is None:
                manifest = await self.write(connection, dataset, month, state)
                seconds = perf_counter() - started
                download_seconds.labels(dataset).observe(seconds)
                log.info(
                    "download.built", dataset=dataset, month=str(month), edition=state.edition,
                    rows=manifest.rows, seconds=round(seconds, 1),
                )  # fmt: skip
            await self.store.publish(connection, dataset, month, manifest)
        return manifest

    async def write(self, connection: Connection, dataset: Dataset, month: date, state: State) -> Manifest:
        """Store all parts of both files."""
        files, after = MonthFiles(dataset), Position()
        folder = folder_of(dataset, month, state.edition)
        stored = dict.fromkeys(files.growing, 0)
        more = True
        while more:
            batch = await self.store.batch(connection, dataset, month, state.version, after)
            last = await asyncio.to_thread(files.add, batch)
            if last is None:
                more = False
                await asyncio.to_thread(files.close)
            else:
                after = Position.of(last)
            for ending, file in files.growing.items():
                for part in file.take(rest=not more):
                    await put_object(self.broker, BUCKET, part_name(folder, ending, stored[ending]), part)
                    stored[ending] += 1
        await self.check(connection, dataset, month, state, files.rows)
        return Manifest(
            dataset=dataset,
            month=format_month(month),
            edition=state.edition,
            data_version=state.version,
            mapping_version=state.mapping_version,
            layout=LAYOUT,
            reconciliation=state.reconciliation,
            source=state.source,
            release=format_month(state.release) if state.release else None,
            created_at=state.loaded_at,
            rows=files.rows,
            columns=described(dataset),
            files=files.described(f"{dataset}-{format_month(month)}"),
        )

    async def check(
        self, connection: Connection, dataset: Dataset, month: date, state: State, rows: int
    ) -> None:
        """Every record must be in the files, and all of them of one state."""
        if await self.store.state(connection, dataset, month) != state:
            raise TransientError(f"{dataset} {format_month(month)} was replaced while its files were made")
        if rows != state.stored:
            raise DownloadError(f"{rows} records were written, the version has {state.stored}")

    async def catch_up(self) -> None:
        """Make what is missing, newest month first, and remove what was replaced."""
        missing = await self.store.missing()
        downloads_missing.set(len(missing))
        for dataset, month in missing:
            try:
                await self.build(dataset, month)
            except (CrimeMapsError, DownloadError) as error:
                log.warning("download.postponed", dataset=dataset, month=str(month), reason=str(error))
            else:
                downloads_missing.dec()
        expired = await self.store.expire(self.keep_hours)
        if expired or self.tidied_at is None or monotonic() - self.tidied_at >= TIDY_SECONDS:
            await self.tidy()

    async def tidy(self) -> None:
        """Remove objects that belong to nothing on the list, and off the list what has lost an object.

        Put off while files are being made: theirs are on no list yet.
        """
        async with self.store.removing() as connection:
            if connection is None:
                return
            present = await object_names(self.broker, BUCKET)
            needed: set[str] = set()
            for manifest in await self.store.manifests(connection):
                names = objects_of(manifest)
                needed |= names
                if lost := names - present:
                    dataset, month = Dataset(manifest.dataset), parse_month(manifest.month)
                    log.error("download.lost", dataset=dataset, month=manifest.month, objects=len(lost))
                    await self.store.forget(connection, dataset, month, manifest.edition)
            for name in sorted(present - needed):
                await delete_object(self.broker, BUCKET, name)
            self.tidied_at = monotonic()


def objects_of(manifest: Manifest) -> set[str]:
    """The names of all objects of an edition."""
    folder = folder_of(manifest.dataset, parse_month(manifest.month), manifest.edition)
    return {
        part_name(folder, ending_of(file), number) for file in manifest.files for number in range(file.parts)
    }
