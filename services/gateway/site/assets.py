"""Style sheets, scripts and fonts: read once, packed once, kept by browsers for a year.

Their addresses carry a digest of the whole folder, so that files may name each other, and a new version has
new addresses.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "web" / "static"
MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
PACKED = {".pdf", ".woff2"}
"""Kinds that gzip makes no smaller."""


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: `packed` with gzip, None where that is no use."""

    media_type: str
    body: bytes
    packed: bytes | None


@cache
def assets() -> dict[str, Asset]:
    """Every file by its path in the folder."""
    return {
        path.relative_to(FOLDER).as_posix(): read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }


def read(path: Path) -> Asset:
    """One file."""
    body = path.read_bytes()
    packed = None if path.suffix in PACKED else gzip.compress(body, 9, mtime=0)
    return Asset(MEDIA_TYPES[path.suffix], body, packed)


@cache
def digest() -> str:
    """Names the content of all files."""
    hashed = hashlib.sha256()
    for name, asset in assets().items():
        hashed.update(f"{name}\0{len(asset.body)}\0".encode() + asset.body)
    return hashed.hexdigest()[:16]


def address(name: str) -> str:
    """Where a file is.

    Raises:
        KeyError: there is none.
    """
    if name not in assets():
        raise KeyError(name)
    return f"/static/{digest()}/{name}"
