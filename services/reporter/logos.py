"""Logos: whatever a partner sends, a report gets a PNG of our own making."""

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache

from services.reporter.problems import OrderError
from services.reporter.rasters import FIELD, redraw
from services.reporter.svg import draw_svg

MAX_BYTES = 500_000
PNG = b"\x89PNG\r\n\x1a\n"
OTHERS = {b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP", b"%PDF": "PDF"}
"""By their first bytes, so that a renamed file is called by its name."""


@dataclass(frozen=True)
class Logo:
    """A PNG without metadata; its size is in pixels."""

    png: bytes
    width: int
    height: int

    @property
    def data_uri(self) -> str:
        """For the `src` of an image."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


@lru_cache(maxsize=16)
def read_logo(text: str) -> Logo:
    """Decode a PNG or SVG given as base64; kept, for a partner's orders all have the same.

    Raises:
        OrderError: too big, neither PNG nor SVG, broken, or an SVG with more than drawing in it.
    """
    content = decode(text)
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if content.startswith(PNG):
        return Logo(*redraw(content))
    if start.startswith(b"<"):
        return Logo(*redraw(draw_svg(content)))
    kind = next((name for magic, name in OTHERS.items() if content.startswith(magic)), None)
    raise OrderError(FIELD, f"is {f'a {kind}' if kind else 'no image'}, not a PNG or SVG", ["PNG", "SVG"])


def decode(text: str) -> bytes:
    """The bytes behind base64, if there are not too many."""
    size = len(text) * 3 // 4 - text[-2:].count("=")
    if size > MAX_BYTES:
        raise OrderError(FIELD, f"has {size:,} bytes; {MAX_BYTES:,} are allowed")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise OrderError(FIELD, "is not base64: write it in one piece, without line breaks") from error
