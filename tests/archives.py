"""Bulk archives made of the sample's real files, as the publisher packs them."""

import csv
import hashlib
import io
import lzma
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from services.fetcher.archive import Archive, Member
from services.fetcher.chunks import chunks
from services.loader.handlers import stage_page
from services.loader.store import Store
from shared.archive import COLUMNS, SOURCE
from shared.events import MonthFetched, MonthLoaded, MonthRejected, Page, PageFetched
from shared.model import Dataset, SliceKind
from tests.builders import KINDS, sample_file
from tests.pipeline import MAX_PAGE_BYTES

Files = Mapping[str, bytes]


def real(month: str, dataset: Dataset, *forces: str) -> dict[str, bytes]:
    """Files of the sample as published, by the name of their member."""
    kind = KINDS[dataset]
    return {
        f"{month}/{month}-{force}-{kind}.csv": lzma.decompress(sample_file(month, kind, force).read_bytes())
        for force in forces
    }


def made(dataset: Dataset, *rows: Iterable[str]) -> bytes:
    """A file with these rows."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([COLUMNS[dataset], *rows])
    return out.getvalue().encode()


def zipped(files: Files, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as packed:
        for name, body in files.items():
            packed.writestr(name, body)
    return out.getvalue()


def opened(files: Files) -> Archive:
    """The same, open."""
    return Archive(io.BytesIO(zipped(files)))


def rows_in(files: Files) -> list[dict[str, str]]:
    """All rows, read with nothing but the standard library, with the force of their file's name."""
    found = []
    for name, body in files.items():
        force = name.partition("/")[2][8:].rsplit("-street", 1)[0].rsplit("-outcomes", 1)[0]
        force = force.rsplit("-stop-and-search", 1)[0]
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
        found += [{**row, "force": force} for row in reader]
    return found


@dataclass(frozen=True)
class ArchiveRun:
    """The pages of one month of one dataset, as the fetcher announces them."""

    id: UUID
    dataset: Dataset
    month: date
    pages: tuple[tuple[PageFetched, bytes], ...]
    forces: tuple[str, ...] | None

    @property
    def manifest(self) -> MonthFetched:
        """The event that all pages are there."""
        return MonthFetched(
            run_id=self.id,
            dataset=self.dataset,
            month=self.month,
            source=SOURCE,
            forces=self.forces,
            accept_loss=False,
            release=None,
            pages=tuple(
                Page(slice_id=page.slice_id, sha256=page.sha256, records=page.records)
                for page, _ in self.pages
            ),
        )


def archive_run(files: Files, forces: tuple[str, ...] | None = None) -> ArchiveRun:
    """A run of files that are all of one month and dataset."""
    archive, run = opened(files), uuid4()
    first = archive.members[0]
    pages = tuple(page for member in archive.members for page in pages_of(archive, member, run))
    return ArchiveRun(run, first.dataset, first.month, pages, forces)


def pages_of(archive: Archive, member: Member, run: UUID) -> list[tuple[PageFetched, bytes]]:
    """The pages of a member."""
    found = []
    for number, piece in enumerate(chunks(archive, member)):
        page = PageFetched(
            run_id=run,
            slice_id=f"{member.force}.{number}",
            dataset=member.dataset,
            month=member.month,
            kind=SliceKind.MEMBER,
            force=member.force,
            source=SOURCE,
            sha256=hashlib.sha256(piece.body).hexdigest(),
            records=piece.records,
        )
        found.append((page, piece.packed()))
    return found


async def stage_archive(store: Store, run: ArchiveRun) -> None:
    """Stage all pages of a run."""
    for page, body in run.pages:
        await stage_page(store, page, body, MAX_PAGE_BYTES)


async def load_archive(store: Store, run: ArchiveRun) -> MonthLoaded | MonthRejected:
    """Stage a run and decide it."""
    await stage_archive(store, run)
    return await store.load(run.manifest, patient=False)
