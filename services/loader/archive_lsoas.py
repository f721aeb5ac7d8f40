"""The LSOAs of an archive's page: one of each point, and one name of each. Pure."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.loader.archive_places import lsoa_extra
from services.loader.archive_wheres import Wheres


def settle_lsoas(wheres: Wheres) -> None:
    """Let the first count for all. What contradicts it becomes an extra of its records."""
    if are_settled(wheres):
        return
    codes: dict[int, str] = {}
    names: dict[str, str] = {}
    for number, point in enumerate(wheres.points().tolist()):
        code, name = wheres.lsoas[number], wheres.lsoa_names[number]
        if code and (codes.setdefault(point, code) != code or names.setdefault(code, name) != name):
            wheres.extras[number] = {**wheres.extras.get(number, {}), **lsoa_extra(code, name)}
            wheres.lsoas[number], wheres.lsoa_names[number] = codes[point], names[codes[point]]


def are_settled(wheres: Wheres) -> bool:
    """Whether nothing contradicts anything, as in every page that was seen."""
    codes, names = pa.array(wheres.lsoas, pa.string()), pa.array(wheres.lsoa_names, pa.string())
    said = np.flatnonzero(pc.binary_length(codes))
    points, lsoas, called = wheres.points()[said], numbers(codes)[said], numbers(names)[said]
    return determines(points, lsoas) and determines(lsoas, called)


def numbers(texts: pa.StringArray) -> NDArray[np.int32]:
    """A number for each text, the same of equal ones."""
    return np.asarray(texts.dictionary_encode().indices)


def determines(keys: NDArray[np.integer], values: NDArray[np.integer]) -> bool:
    """Whether equal keys have equal values."""
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    return not np.any((keys[1:] == keys[:-1]) & (values[1:] != values[:-1]))
