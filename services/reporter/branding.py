"""A partner's name, logo, colour and contact lines, checked so that they cannot alter the rest of a report.

HTML is no matter here: templates escape it, it is text like any other.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.reporter.letters import drawable
from services.reporter.logos import read_logo
from services.reporter.problems import OrderError, explain

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

Line = Annotated[str, Field(min_length=1, max_length=100)]


class Branding(BaseModel):
    """Branding as an order gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    logo: Annotated[str | None, Field(description="base64 of a PNG or SVG, at most 500,000 bytes")] = None
    colour: Annotated[
        str | None, Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="a colour such as '#12436d'")
    ] = None
    contact: Annotated[tuple[Line, ...], Field(max_length=6)] = ()


@dataclass(frozen=True)
class Brand:
    """Branding as a report shows it. The logo is always a PNG of our own making; its size is in pixels."""

    name: str
    colour: str | None
    contact: tuple[str, ...]
    logo_data_uri: str | None
    logo_width: int | None
    logo_height: int | None


def read_branding(raw: object) -> Brand:
    """Check the `branding` of an order, as read from JSON.

    Raises:
        OrderError: the first thing that is wrong with it.
    """
    try:
        branding = Branding.model_validate(raw)
    except ValidationError as error:
        raise explain(error, {"branding": Branding}, within=("branding",)) from error
    return make_brand(branding)


def make_brand(branding: Branding) -> Brand:
    """Check what the shape of branding does not tell, and decode the logo.

    Raises:
        OrderError: the first thing that is wrong with it.
    """
    logo = read_logo(branding.logo) if branding.logo is not None else None
    return Brand(
        name=clean_text("branding.name", branding.name),
        colour=readable_colour(branding.colour) if branding.colour else None,
        contact=tuple(
            clean_text(f"branding.contact[{number}]", line) for number, line in enumerate(branding.contact)
        ),
        logo_data_uri=logo.data_uri if logo else None,
        logo_width=logo.width if logo else None,
        logo_height=logo.height if logo else None,
    )


def clean_text(field: str, text: str) -> str:
    """One line in any language, composed (NFC) and without white space around it.

    Raises:
        OrderError: a character that is invisible, breaks the line or turns the direction of what follows.
    """
    text = unicodedata.normalize("NFC", text).strip()
    for place, char in enumerate(text, start=1):
        if not is_drawn(char):
            raise OrderError(field, f"character {place} is {name_of(char)}: write one line of visible text")
        if char not in JOINERS | FLAG_TAGS and ord(char) not in drawable():
            raise OrderError(field, f"character {place}, {name_of(char)}, is in none of the report's fonts")
    if re.search(f"[{''.join(JOINERS)}]{{2}}", text):
        raise OrderError(field, "has invisible characters one after the other")
    if marks_in_a_row(text) > MAX_MARKS:
        raise OrderError(field, f"has more than {MAX_MARKS} marks on one letter")
    if not any(unicodedata.category(char)[0] in "LNPS" for char in text):
        raise OrderError(field, "has no visible character")
    return text


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


def readable_colour(colour: str) -> str:
    """A colour in which everybody can read text on white, in lower case.

    Raises:
        OrderError: too light.
    """
    ratio = contrast_to_white(colour)
    if ratio < LEAST_CONTRAST:
        # Cut, not rounded: 4.499 must not be shown as enough.
        raise OrderError(
            "branding.colour",
            f"{colour} has a contrast of {int(ratio * 100) / 100}:1 against white; "
            f"{LEAST_CONTRAST}:1 is needed so that everybody can read it: take a darker one",
        )
    return colour.lower()


def contrast_to_white(colour: str) -> float:
    """WCAG contrast ratio, 1 (white) to 21 (black)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
