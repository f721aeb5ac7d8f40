"""Where the rows of an archive's page say that it was, and who recorded it, as columns. Pure.

Nearly all say it in one form, and are read together. Any other is read by itself (`archive_places`): both
ways find the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.loader.archive_columns import BETWEEN, SEPARATOR, distinct
from services.loader.archive_places import Extra, Recorder, Where, recorder_of, where_of
from services.loader.identity import encode, short_hash
from services.loader.identity_pieces import canonical_places, joined, named_places
from services.loader.meaning import MeaninglessError
from services.loader.row_shapes import Place

LON, LAT = r"^-?\d\.\d{1,6}$", r"^[456]\d\.\d{1,6}$"
"""Coordinates as nearly all are written. From a latitude of 40 on they are a point, not the 0,0 of none."""
ZERO = pa.scalar("0", pa.string())


@dataclass(kw_only=True)
class Wheres:
    """Forces and places that rows name, each combination once: the n-th of each column is of the same."""

    codes: pa.Int32Array
    """Which of them each row names."""
    keys: list[bytes]
    """Of the places."""
    hashed: list[bytes]
    """Force and place in the canonical JSON."""
    recorders: list[Recorder]
    lon_e6: NDArray[np.int64]
    lat_e6: NDArray[np.int64]
    streets: list[str]
    lsoas: list[str]
    """Codes of the points' LSOAs, empty where there is none."""
    lsoa_names: list[str]
    """Their names, which say nothing where there is no code."""
    odd: dict[int, Where]
    """Those that were read by themselves, by number."""
    extras: dict[int, Extra]
    """What was published that no column holds, by number."""
    reasons: dict[int, str]
    """Against those without a meaning, by number. Nothing else of such a one counts."""

    def __len__(self) -> int:
        return len(self.keys)

    def points(self) -> NDArray[np.int64]:
        """Longitude and latitude as one number."""
        return (self.lon_e6 << 32) + self.lat_e6

    def places(self, wanted: set[bytes]) -> Iterator[Place]:
        """The places of these keys; one that is here several times comes as often."""
        lons, lats = self.lon_e6.tolist(), self.lat_e6.tolist()
        for number, key in enumerate(self.keys):
            if key in wanted and number in self.odd:
                yield self.odd[number].place
            elif key in wanted:
                street, kind = self.streets[number] or None, self.recorders[number].location_type
                yield Place(key, lons[number], lats[number], None, street, kind, "", None)

    def put(self, number: int, where: Where) -> None:
        """Take one that was read by itself."""
        self.odd[number] = where
        self.keys[number], self.hashed[number] = where.place.key, where.hashed
        self.lon_e6[number], self.lat_e6[number] = where.place.lon_e6 or 0, where.place.lat_e6 or 0
        self.lsoas[number], self.lsoa_names[number] = where.lsoa or ("", "")
        if where.extra:
            self.extras[number] = where.extra


def read_wheres(file_force: str, table: pa.Table) -> Wheres:
    """Read the columns of a force's file that say who recorded it, and where it was."""
    columns, codes = distinct(table)
    reported_by, falls_within, lon, lat, street, lsoa, name = columns
    who = pc.binary_join_element_wise(reported_by, falls_within, BETWEEN).dictionary_encode()
    known = [recorder_of(file_force, *text.split(SEPARATOR)) for text in who.dictionary.to_pylist()]

    def recorded(value: Callable[[Recorder], object], kind: pa.DataType) -> pa.Array:
        return pa.array(map(value, known), kind).take(who.indices)

    has_form = pc.and_(pc.match_substring_regex(lon, LON), pc.match_substring_regex(lat, LAT))
    is_plain = pc.and_(has_form, recorded(lambda one: not one.extra, pa.bool_()))
    location = canonical_places(lat.cast(pa.binary()), lon.cast(pa.binary()), canonical_streets(street))
    before = recorded(lambda one: one.before, pa.binary())
    after = recorded(lambda one: one.after, pa.binary())
    kinds = recorded(lambda one: encode(one.location_type), pa.binary())
    wheres = Wheres(
        codes=codes,
        keys=[short_hash(place) for place in named_places(location, kinds).to_pylist()],
        hashed=joined(before, location, after).to_pylist(),
        recorders=[known[number] for number in who.indices.to_pylist()],
        lon_e6=micro_degrees(lon, is_plain),
        lat_e6=micro_degrees(lat, is_plain),
        streets=street.to_pylist(),
        lsoas=lsoa.to_pylist(),
        lsoa_names=name.to_pylist(),
        odd={},
        extras={},
        reasons={},
    )
    read_odd(wheres, file_force, columns, np.flatnonzero(pc.invert(is_plain)).tolist())
    return wheres


def read_odd(wheres: Wheres, file_force: str, columns: list[pa.Array], numbers: list[int]) -> None:
    """Read some by themselves."""
    for number in numbers:
        try:
            where = where_of(file_force, *(column[number].as_py() for column in columns))
        except MeaninglessError as reason:
            wheres.reasons[number] = str(reason)
        else:
            wheres.put(number, where)


def canonical_streets(streets: pa.StringArray) -> pa.BinaryArray:
    """Names of streets as canonical JSON."""
    names = streets.dictionary_encode()
    texts = [encode(name.casefold() or None) for name in names.dictionary.to_pylist()]
    return pa.array(texts, pa.binary()).take(names.indices)


def micro_degrees(texts: pa.StringArray, is_plain: pa.BooleanArray) -> NDArray[np.int64]:
    """Decimal degrees as text to millionths; 0 for what is not plain."""
    degrees = pc.if_else(is_plain, texts, ZERO).cast(pa.float64())
    millionths: NDArray[np.float64] = degrees.to_numpy() * 1_000_000
    return np.rint(millionths).astype(np.int64)
