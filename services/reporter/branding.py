"""A partner's name, logo, colour and contact lines, checked so that they cannot alter the rest of a report.

HTML is no matter here: templates escape it, it is text like any other.
"""

import unicodedata
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.reporter.letters import drawable
from services.reporter.logos import read_logo
from services.reporter.problems import OrderError, explain
from shared.brand_text import colour_fault, text_fault

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
    if fault := text_fault(text, drawable()):
        raise OrderError(field, fault)
    return text


def readable_colour(colour: str) -> str:
    """A colour in which everybody can read text on white, in lower case.

    Raises:
        OrderError: too light.
    """
    if fault := colour_fault(colour):
        raise OrderError("branding.colour", fault)
    return colour.lower()
