"""What a bulk archive of data.police.uk holds: its directory, judged before anything is unpacked."""

import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, cast

from services.fetcher.plan import describe_months
from shared.archive import MEMBER_KINDS
from shared.errors import PermanentError
from shared.model import Dataset, parse_month

MEMBER_NAME = re.compile(
    r"(?:.*/)?(?P<month>\d{4}-\d\d)/(?P=month)-(?P<force>[a-z-]+)-(?P<kind>street|outcomes|stop-and-search)\.csv"
)
MB = 1 << 20
MAX_MEMBERS = 50_000
"""The largest archive published has some 10,000: 77 months of 45 forces in three files."""
MAX_DIRECTORY_BYTES = 8 * MB
"""That of 50,000 members is smaller. Unpacked it takes some ten times as much memory."""
MAX_MEMBER_BYTES = 256 * MB
"""The largest file is some 25 MB: a month of the Metropolitan Police."""
MAX_TOTAL_BYTES = 65_536 * MB
"""The largest archive unpacks to some 16,000 MB."""
MAX_RATIO = 100
"""Real files are packed 4 to 20 times smaller, also where half their rows are twins."""
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
ZIP_START = b"PK\x03\x04"


@dataclass(frozen=True)
class Member:
    """The rows of one force, month and dataset."""

    name: str
    dataset: Dataset
    month: date
    force: str
    size: int
    """Bytes when unpacked."""


class Archive:
    """An open archive. Reading it only touches its directory and the members that are asked for."""

    def __init__(self, file: BinaryIO) -> None:
        """Read and judge the directory.

        Raises:
            PermanentError: no zip file, or none that is safe to unpack.
        """
        self.zip = open_zip(file)
        entries = self.zip.infolist()
        refuse_dangers(entries)
        self.identity = identity_of(entries)
        self.members = tuple(sorted(read_members(entries), key=place_in_order))
        self.ignored = sum(not entry.is_dir() for entry in entries) - len(self.members)
        """Files that are none of ours."""

    @property
    def months(self) -> list[date]:
        """The months that it has anything of, oldest first."""
        return sorted({member.month for member in self.members})

    def choose(
        self,
        months: Sequence[date] | None,
        datasets: Sequence[Dataset] | None,
        forces: Sequence[str] | None,
    ) -> list[Member]:
        """The members that are asked for; None asks for all there are.

        Raises:
            PermanentError: it lacks a month or dataset that was named, or has nothing of the forces.
        """
        if missing := sorted(set(months or ()) - set(self.months)):
            raise PermanentError(f"the archive has nothing of {describe_months(missing)}; {self.describe()}")
        chosen = [
            member
            for member in self.members
            if (months is None or member.month in months)
            and (datasets is None or member.dataset in datasets)
            and (forces is None or member.force in forces)
        ]
        held = {member.dataset for member in chosen}
        if lacking := [dataset for dataset in datasets or () if dataset not in held]:
            raise PermanentError(
                f"the archive has no file of {', '.join(lacking)} for what was asked; {self.describe()}"
            )
        if not chosen:
            raise PermanentError(f"the archive has no file of what was asked; {self.describe()}")
        return chosen

    def describe(self) -> str:
        """Months, datasets and forces in words."""
        datasets = [dataset for dataset in Dataset if any(one.dataset is dataset for one in self.members)]
        forces = sorted({member.force for member in self.members})
        if not self.members:
            return "it has no file YYYY-MM/YYYY-MM-<force>-<street|outcomes|stop-and-search>.csv"
        return f"it has {describe_months(self.months)}, {', '.join(datasets)}, of {', '.join(forces)}"


def place_in_order(member: Member) -> tuple[date, Dataset, str]:
    """Month by month, of each all of a dataset."""
    return member.month, member.dataset, member.force


class Bounded(io.RawIOBase):
    """A file of which not more is read at once than the largest directory has.

    `zipfile` reads a directory in one piece and unpacks it before anybody can judge it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Without a size: to the end, as `zipfile` reads the last 64 KB."""
        if size > MAX_DIRECTORY_BYTES:
            raise PermanentError(
                f"the archive's directory has {size:,} bytes, at most {MAX_DIRECTORY_BYTES:,} are taken"
            )
        return self.file.read(size)


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """The zip file, its directory read."""
    try:
        return zipfile.ZipFile(cast("BinaryIO", Bounded(file)))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        if starts_like_a_zip(file):
            raise PermanentError(
                f"the zip file is cut or damaged, its directory cannot be read: {error}"
            ) from error
        raise PermanentError("not a zip file") from error


def starts_like_a_zip(file: BinaryIO) -> bool:
    """Whether it begins as zip files do."""
    try:
        file.seek(0)
        return file.read(len(ZIP_START)) == ZIP_START
    except OSError as error:
        raise PermanentError(f"the file cannot be read: {error}") from error


def refuse_dangers(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse what would unpack to absurd sizes, and names and packings that no published archive has."""
    if len(entries) > MAX_MEMBERS:
        raise PermanentError(f"the archive has {len(entries):,} members, at most {MAX_MEMBERS:,} are taken")
    for entry in entries:
        refuse_entry(entry)
    total, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if total > MAX_TOTAL_BYTES:
        raise PermanentError(
            f"the archive unpacks to {total // MB:,} MB, at most {MAX_TOTAL_BYTES // MB:,} MB are taken"
        )
    if total > MAX_RATIO * max(packed, 1):
        raise PermanentError(f"the archive unpacks to more than {MAX_RATIO} times its size")


def refuse_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse one member."""
    name = entry.filename
    if ".." in name.split("/") or name.startswith("/") or "\\" in name:
        raise PermanentError(f"the archive has a member {name!r}: a name that leaves its folder")
    if entry.header_offset < 0:
        raise PermanentError(f"the zip file is cut: its beginning is missing, and with it {name}")
    if entry.flag_bits & ENCRYPTED:
        raise PermanentError(f"{name} is encrypted")
    if entry.compress_type not in PACKED:
        raise PermanentError(f"{name} is packed in a way that is not taken: only stored and deflated are")
    if entry.file_size > MAX_MEMBER_BYTES:
        raise PermanentError(
            f"{name} unpacks to {entry.file_size // MB:,} MB, at most {MAX_MEMBER_BYTES // MB} MB are taken"
        )
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise PermanentError(
            f"{name} unpacks to {entry.file_size / max(entry.compress_size, 1):.0f} times its size, "
            f"at most {MAX_RATIO} times is taken"
        )


def identity_of(entries: Iterable[zipfile.ZipInfo]) -> str:
    """Names the content, wherever the archive is: SHA-256 over names, sizes and checksums."""
    lines = sorted(f"{e.filename}\t{e.file_size}\t{e.CRC:08x}" for e in entries)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_members(entries: Iterable[zipfile.ZipInfo]) -> Iterable[Member]:
    """The members whose names we know; others are none of ours."""
    taken: dict[tuple[str, ...], str] = {}
    for entry in entries:
        match = MEMBER_NAME.fullmatch(entry.filename)
        if match is None:
            continue
        key = match.group("month", "force", "kind")
        if key in taken:
            raise PermanentError(f"the same force and month twice: {taken[key]} and {entry.filename}")
        taken[key] = entry.filename
        try:
            month = parse_month(match["month"])
        except ValueError as error:
            raise PermanentError(f"{entry.filename}: {error}") from error
        yield Member(entry.filename, MEMBER_KINDS[match["kind"]], month, match["force"], entry.file_size)
