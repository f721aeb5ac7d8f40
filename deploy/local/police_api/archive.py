"""The CSV files of the data.police.uk archive, wherever they are: plain, xz, or inside a tar."""

import lzma
import re
import sys
import tarfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

DEFAULT_SAMPLE = Path(__file__).parent.parent / "sample"
"""The bundled sample: see its README."""

Kind = Literal["street", "outcomes", "stop-and-search"]

FILE_NAME = re.compile(r"(\d{4}-\d\d)-([a-z-]+)-(street|outcomes|stop-and-search)\.csv(?:\.xz)?$")
REPUBLISHED = "republished"


class Key(NamedTuple):
    """What one file holds."""

    month: str
    kind: str
    force: str


class Place(NamedTuple):
    """Where one file is: in a file of its own, or a member of a tar."""

    path: Path
    member: str | None


class Archive:
    """All files named `YYYY-MM-FORCE-KIND.csv[.xz]` in files, folders and tars.

    Those in a folder or tar whose name begins with `republished` belong to the revised release only.

    Raises:
        FileNotFoundError: a path does not exist, or there is no such file in any of them.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._first: dict[Key, Place] = {}
        self._republished: dict[Key, Place] = {}
        for path in paths:
            for place in places(path):
                self._add(place)
        if not self._first:
            raise FileNotFoundError(
                f"no YYYY-MM-FORCE-street.csv or the like in {[str(path) for path in paths]}"
            )
        self.months = sorted({key.month for key in self._first})

    def forces(self, month: str, kind: Kind) -> list[str]:
        """The forces that published this kind for this month."""
        return sorted(key.force for key in self._first if key.month == month and key.kind == kind)

    def read(self, month: str, kind: Kind, *, revised: bool) -> Iterator[tuple[str, str]]:
        """The files of one kind and month, as (force, text) by force."""
        files = {**self._first, **self._republished} if revised else self._first
        wanted = {place: key.force for key, place in files.items() if key[:2] == (month, kind)}
        contents = [(wanted[place], data) for place, data in read_all(wanted)]
        for force, data in sorted(contents):
            yield force, data.decode("utf-8-sig")

    def _add(self, place: Place) -> None:
        name = place.member or str(place.path)
        match = FILE_NAME.search(name)
        if match is None:
            return
        key = Key(match[1], match[3], match[2])
        is_republished = any(part.startswith(REPUBLISHED) for part in place.path.parts[-4:])
        files = self._republished if is_republished else self._first
        if key in files:
            print(f"{name}: ignored, {files[key].path} has the same force and month", file=sys.stderr)
        else:
            files[key] = place


def places(path: Path) -> Iterator[Place]:
    """Every file below a path, and every member of its tars."""
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if ".tar" in file.suffixes:
            with tarfile.open(file) as tar:
                yield from (Place(file, name) for name in sorted(tar.getnames()))
        elif file.is_file():
            yield Place(file, None)


def read_all(wanted: Collection[Place]) -> Iterator[tuple[Place, bytes]]:
    """The content of the files, with one pass through each tar."""
    for place in wanted:
        if place.member is None:
            data = place.path.read_bytes()
            yield place, lzma.decompress(data) if place.path.suffix == ".xz" else data
    for path in {place.path for place in wanted if place.member is not None}:
        with tarfile.open(path) as tar:
            for member in tar:
                place = Place(path, member.name)
                if place in wanted and (content := tar.extractfile(member)) is not None:
                    yield place, content.read()
