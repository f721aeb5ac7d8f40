"""Which characters the fonts of reports can draw."""

from functools import cache
from pathlib import Path
from unicodedata import bidirectional

from fontTools.ttLib import TTFont

RIGHT_TO_LEFT, END = "\N{RIGHT-TO-LEFT EMBEDDING}", "\N{POP DIRECTIONAL FORMATTING}"
FONTS = ("Inter-Regular.otf", "NotoEmoji-Regular.ttf", "NotoSansArabic-Regular.ttf", "DejaVuSans.ttf")


@cache
def drawable() -> frozenset[int]:
    """Code points that at least one of the fonts has; read once a process."""
    folder = Path(__file__).parent / "fonts"
    return frozenset(code for name in FONTS for code in TTFont(folder / name, lazy=True).getBestCmap())


def isolated(text: str) -> str:
    """Text that runs in the direction of its first letter, whatever stands around it."""
    first = next((kind for kind in map(bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return text if first == "L" else f"{RIGHT_TO_LEFT}{text}{END}"
