"""Query parameters, read strictly: what is not understood is refused, with what would be. Pure."""

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

from services.gateway.errors import NotFoundError, ParameterError
from shared.hexgrid import EDGES_M
from shared.model import Dataset, format_month, month_range

BBOX_FORM = "west,south,east,north in degrees, as in -0.2,51.4,0.1,51.6"
LONGEST_LIST = 2000
"""Characters of a list: more than all forces, or 200 months."""
MAPPED = (Dataset.STREET, Dataset.STOPS)
"""The datasets that have cells."""


class Bbox(NamedTuple):
    """A rectangle of WGS 84 degrees, in GeoJSON's order."""

    west: float
    south: float
    east: float
    north: float


def required(name: str, text: str | None, form: str) -> str:
    """A parameter that must be given."""
    if not text:
        raise ParameterError(name, f"is missing: {form}")
    return text


def short(name: str, text: str) -> str:
    """A list that can be read in no time.

    Raises:
        ParameterError: it is longer than any that makes sense.
    """
    if len(text) > LONGEST_LIST:
        raise ParameterError(name, f"has {len(text)} characters: at most {LONGEST_LIST}")
    return text


def read_dataset(text: str | None, valid: Iterable[Dataset] = tuple(Dataset)) -> Dataset:
    """One dataset."""
    names = [str(dataset) for dataset in valid]
    if required("dataset", text, f"one of {', '.join(names)}") not in names:
        raise ParameterError("dataset", f"'{text}' is none of {', '.join(names)}", names)
    return Dataset(str(text))


def read_level(text: str | None) -> int:
    """An edge length in metres."""
    names = [str(edge) for edge in EDGES_M]
    if required("level", text, f"one of {', '.join(names)}") not in names:
        raise ParameterError("level", f"'{text}' is no edge length in metres: {', '.join(names)}", names)
    return int(str(text))


def read_months(text: str | None) -> list[date]:
    """`2018-10`, `2018-10..2018-12`, or both in a comma-separated list; oldest first."""
    try:
        form = "YYYY-MM or a range, as in 2018-10..2018-12"
        months = month_range(short("month", required("month", text, form)))
    except ValueError as error:
        raise ParameterError("month", str(error)) from error
    this_month = datetime.now(UTC).date().replace(day=1)
    if months[-1] > this_month:
        raise ParameterError(
            "month",
            f"{format_month(months[-1])} is in the future: the last one is {format_month(this_month)}",
        )
    return months


def read_month(text: str | None) -> date:
    """One month."""
    months = read_months(text)
    if len(months) > 1:
        raise ParameterError("month", f"'{text}' are {len(months)} months: one is asked for")
    return months[0]


def read_bbox(text: str | None) -> Bbox:
    """A rectangle."""
    parts = required("bbox", text, BBOX_FORM).split(",")
    try:
        bbox = Bbox(*map(float, parts))
    except (ValueError, TypeError) as error:
        raise ParameterError("bbox", f"'{text}' are not four numbers: {BBOX_FORM}") from error
    if (
        not all(map(math.isfinite, bbox))
        or max(map(abs, bbox)) > 180
        or abs(bbox.south) > 90
        or abs(bbox.north) > 90
    ):
        raise ParameterError("bbox", f"'{text}' is not on Earth: {BBOX_FORM}")
    if bbox.west > bbox.east or bbox.south > bbox.north:
        raise ParameterError("bbox", f"'{text}' has its borders the wrong way round: {BBOX_FORM}")
    return bbox


def read_count(name: str, text: str, most: int) -> int:
    """A whole number from 1 on."""
    if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= most:
        raise ParameterError(name, f"'{text[:40]}' is not a number from 1 to {most}")
    return int(text)


def read_words(name: str, text: str | None, valid: Iterable[str]) -> list[str] | None:
    """A comma-separated choice; None where the parameter is not given."""
    if text is None:
        return None
    known = sorted(valid)
    words = [word.strip() for word in short(name, text).split(",")]
    unknown = [word for word in words if word not in known]
    if unknown:
        raise ParameterError(name, f"'{', '.join(unknown)}' is none of {', '.join(known)}", known)
    return sorted(set(words))


def among(months: Iterable[date], held: Iterable[date], dataset: Dataset) -> list[date]:
    """Those of the months that are held.

    Raises:
        NotFoundError: there are none; the text names those that are held.
    """
    known = set(held)
    found = [month for month in months if month in known]
    if not found:
        valid = [format_month(month) for month in sorted(known)]
        what = f"there are {', '.join(valid)}" if valid else "nothing is loaded yet"
        raise NotFoundError("month", f"no such month of {dataset} is held; {what}", valid)
    return found
