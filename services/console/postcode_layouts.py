"""How the publishers of postcodes lay out their rows. Pure."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.postcodes import PostcodeError, normalise

ACCEPTED = (
    "ONSPD and NSPL (columns pcds, lat, long), Code-Point Open (postcode, quality, easting, northing, "
    "country code, no header), and postcode,lat,lon; as .csv, .csv.gz, .csv.xz, .zip or a folder of these"
)
NAMES = {
    "postcode": r"pcds|pcd[28]|pcd7?|postcode",
    "x": r"long|lon|longitude",
    "y": r"lat|latitude",
    "country": r"ctry(\d\dcd)?|country",
    "terminated": r"doterm",
}
"""Header names, in small letters. Of the postcode's columns any will do: they differ in spaces."""
NOWHERE = math.nan, math.nan


@dataclass(frozen=True)
class Layout:
    """Which column holds what, counted from 0."""

    publisher: str
    has_header: bool
    postcode: int
    x: int
    y: int
    country: int | None
    terminated: int | None
    in_metres: bool
    """x and y are easting and northing of EPSG:27700; otherwise longitude and latitude."""

    def position(self, row: Sequence[str]) -> tuple[float, float]:
        """x and y of a row; NaN where it has none: nothing, 0 and 0, or the latitude 99.999999 of ONS.

        Raises:
            ValueError: no numbers, or far away. The text says so in few, always equal words.
        """
        x, y = row[self.x], row[self.y]
        if not x or not y:
            return NOWHERE
        try:
            x_number, y_number = float(x), float(y)
        except ValueError as error:
            raise ValueError("the position is not a number") from error
        if (x_number == 0 and y_number == 0) or y == "99.999999":
            return NOWHERE
        if self.in_metres:
            is_near = 0 <= x_number <= 700_000 and 0 <= y_number <= 1_300_000
        else:
            is_near = -9 <= x_number <= 2 and 49 <= y_number <= 61
        if not is_near:
            raise ValueError("the position is outside the British Isles")
        return x_number, y_number


def layout_of(first: Sequence[str]) -> Layout | None:
    """The layout of a table that starts with this row; None if it holds no postcodes."""
    return layout_with_header(first) or layout_of_code_point(first)


def layout_with_header(header: Sequence[str]) -> Layout | None:
    """ONSPD, NSPL, and a simple table."""
    names = [name.strip().lower() for name in header]

    def column(what: str) -> int | None:
        return next((n for n, name in enumerate(names) if re.fullmatch(NAMES[what], name)), None)

    postcode, x, y = column("postcode"), column("x"), column("y")
    if postcode is None or x is None or y is None:
        return None
    return Layout(
        publisher="" if names[postcode] == "postcode" else "ONS",
        has_header=True,
        postcode=postcode,
        x=x,
        y=y,
        country=column("country"),
        terminated=column("terminated"),
        in_metres=False,
    )


def layout_of_code_point(first: Sequence[str]) -> Layout | None:
    """Code-Point Open, which has no header."""
    if len(first) < 5 or not all(number.strip().isdecimal() for number in first[1:4]):
        return None
    try:
        normalise(first[0])
    except PostcodeError:
        return None
    return Layout(
        publisher="Code-Point Open",
        has_header=False,
        postcode=0,
        x=2,
        y=3,
        country=4,
        terminated=None,
        in_metres=True,
    )
