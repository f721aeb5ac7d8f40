"""Whether the words and the colour of somebody's brand can stand on a report. Pure."""

import re
import unicodedata
from collections.abc import Container

LEAST_CONTRAST = 4.5
"""Against white: WCAG 2.2, success criterion 1.4.3."""
JOINERS = frozenset("\u200c\u200d\u200e\u200f\u061c")
"""Invisible, but needed by emoji, by Persian and Indian scripts, and next to right-to-left words."""
FLAG_TAGS = frozenset(map(chr, range(0xE0020, 0xE0080)))
"""They make the flags of England, Scotland and Wales."""
NOT_TEXT = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories without a picture: controls, line breaks, invisible and private characters."""
MAX_MARKS = 4
"""Marks on one letter: more would be drawn over the lines above."""


def text_fault(text: str, drawable: Container[int] | None = None) -> str | None:
    """Why a line cannot be printed, None if it can: invisible, breaking or turning characters.

    `drawable` are the characters that the fonts have, None where nobody has looked.
    """
    for place, char in enumerate(text, start=1):
        if not is_drawn(char):
            return f"character {place} is {name_of(char)}: write one line of visible text"
        if drawable is not None and char not in JOINERS | FLAG_TAGS and ord(char) not in drawable:
            return f"character {place}, {name_of(char)}, is in none of the report's fonts"
    if re.search(f"[{''.join(JOINERS)}]{{2}}", text):
        return "has invisible characters one after the other"
    if marks_in_a_row(text) > MAX_MARKS:
        return f"has more than {MAX_MARKS} marks on one letter"
    if not any(unicodedata.category(char)[0] in "LNPS" for char in text):
        return "has no visible character"
    return None


def is_drawn(char: str) -> bool:
    """Whether a character has a picture, or is needed to draw another."""
    return char in JOINERS or char in FLAG_TAGS or unicodedata.category(char) not in NOT_TEXT


def name_of(char: str) -> str:
    """Such as `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip()


def marks_in_a_row(text: str) -> int:
    """The longest run of combining marks."""
    longest = run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        longest = max(longest, run)
    return longest


def colour_fault(colour: str) -> str | None:
    """Why not everybody could read text of a colour such as `#12436d` on white, None if all can."""
    ratio = contrast_to_white(colour)
    if ratio >= LEAST_CONTRAST:
        return None
    # Cut, not rounded: 4.499 must not be shown as enough.
    return (
        f"{colour} has a contrast of {int(ratio * 100) / 100}:1 against white; "
        f"{LEAST_CONTRAST}:1 is needed so that everybody can read it: take a darker one"
    )


def contrast_to_white(colour: str) -> float:
    """WCAG contrast ratio, 1 (white) to 21 (black)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
