"""Which characters the fonts of reports can draw."""

from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = ("Inter-Regular.otf", "NotoEmoji-Regular.ttf", "DejaVuSans.ttf")


@cache
def drawable() -> frozenset[int]:
    """Code points that at least one of the fonts has; read once a process."""
    folder = Path(__file__).parent / "fonts"
    return frozenset(code for name in FONTS for code in TTFont(folder / name, lazy=True).getBestCmap())
