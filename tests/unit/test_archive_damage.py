"""Archives that are damaged, cannot be read, or have a directory of absurd size."""

import errno
import io
import struct

import pytest

from services.fetcher import archive as limits
from services.fetcher.archive import Archive
from services.fetcher.chunks import chunks
from shared.errors import PermanentError
from shared.model import Dataset
from tests.archives import made, real, zipped

KENT = "2018-10/2018-10-kent-street.csv"


def test_a_file_whose_beginning_is_missing_is_refused() -> None:
    whole = zipped(real("2018-10", Dataset.STREET, "city-of-london"))
    with pytest.raises(PermanentError, match="its beginning is missing, and with it 2018-10/2018-10-city"):
        Archive(io.BytesIO(whole[1_000:]))


def test_a_patch_packed_as_a_member_is_refused_when_it_is_read() -> None:
    data = bytearray(zipped({KENT: made(Dataset.STREET)}))
    data[data.index(b"PK\x01\x02") + 8] |= 0x20
    archive = Archive(io.BytesIO(bytes(data)))
    with pytest.raises(PermanentError, match="is packed in a way that is not taken: compressed patched data"):
        list(chunks(archive, archive.members[0]))


class Failing(io.BytesIO):
    """A file whose disk fails once the directory is read."""

    failed = False

    def read(self, size: int | None = -1) -> bytes:
        if self.failed:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_a_file_that_cannot_be_read_any_more_is_refused() -> None:
    file = Failing(zipped({KENT: made(Dataset.STREET)}))
    archive = Archive(file)
    file.failed = True
    with pytest.raises(PermanentError, match=f"{KENT} cannot be read: .*Input/output error"):
        list(chunks(archive, archive.members[0]))


def test_a_file_that_cannot_be_read_at_all_is_refused() -> None:
    file = Failing()
    file.failed = True
    with pytest.raises(PermanentError, match=r"the file cannot be read: .*Input/output error"):
        Archive(file)


class Told(io.BytesIO):
    """A file that keeps how much was read of it at once."""

    most = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.most = max(self.most, len(found))
        return found


@pytest.mark.parametrize("zip64", [False, True])
def test_a_directory_of_absurd_size_is_refused_before_it_is_read(zip64: bool) -> None:
    count = 66_000 if zip64 else 60_000
    name = "x" * (limits.MAX_DIRECTORY_BYTES // count)
    entry = bytearray(zipped({name: b""}))
    start, end = entry.index(b"PK\x01\x02"), entry.index(b"PK\x05\x06")
    directory = bytes(entry[start:end]) * count
    last = bytearray(entry[end:])
    if zip64:
        record = struct.pack(
            "<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), start
        )
        record += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
        last[8:16], last[16:20] = b"\xff" * 8, b"\xff" * 4
        last = bytearray(record) + last
    else:
        last[8:12] = struct.pack("<HH", count, count)
        last[12:16] = struct.pack("<L", len(directory))
    file = Told(bytes(entry[:start]) + directory + bytes(last))
    with pytest.raises(PermanentError, match=f"directory has {len(directory):,} bytes, at most 8,388,608"):
        Archive(file)
    assert file.most < 70_000
