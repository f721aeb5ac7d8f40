"""Which characters the fonts of reports can draw."""

import re
from functools import cache
from pathlib import Path
from unicodedata import bidirectional

from fontTools.ttLib import TTFont

RIGHT_TO_LEFT, END = "\N{RIGHT-TO-LEFT EMBEDDING}", "\N{POP DIRECTIONAL FORMATTING}"
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT EMBEDDING}"
NUMBER = re.compile(r"\+?\d[\d ()./-]*\d")
"""Also one of several groups, such as 020 7946 0000, which would else run from right to left."""
FONTS = ("Inter-Regular.otf", "NotoEmoji-Regular.ttf", "NotoSansArabic-Regular.ttf", "DejaVuSans.ttf")


@cache
def drawable() -> frozenset[int]:
    """Code points that at least one of the fonts has; read once a process."""
    folder = Path(__file__).parent / "fonts"
    return frozenset(code for name in FONTS for code in TTFont(folder / name, lazy=True).getBestCmap())


def isolated(text: str) -> str:
    """Text that runs in the direction of its first letter, whatever stands around it."""
    first = next((kind for kind in map(bidirectional, text) if kind in ("L", "R", "AL")), "L")
    if first == "L":
        return text
    return f"{RIGHT_TO_LEFT}{NUMBER.sub(lambda number: f'{LEFT_TO_RIGHT}{number[0]}{END}', text)}{END}"
