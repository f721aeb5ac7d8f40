"""Where the rows of an archive's page say that it was, and who recorded it. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec import Raw

from services.loader.archive_words import BTP, NO_LOCATION, force_slugs
from services.loader.identity import canonical_place, place_key
from services.loader.identity_pieces import around_location
from services.loader.meaning import MeaninglessError, micro_degrees
from services.loader.row_shapes import Place
from services.loader.shapes import NULL

Extra = Mapping[str, object]


class Recorder(NamedTuple):
    """What a row says of the force that recorded it."""

    force: str
    location_type: str | None
    before: bytes
    """The canonical JSON of force and place up to the location,"""
    after: bytes
    """and after it."""
    extra: Extra
    """What was published of it that no column holds."""


class Where(NamedTuple):
    """What a row says of the force and the place."""

    place: Place
    hashed: bytes
    """Its part of the canonical JSON."""
    force: str
    """Who recorded it."""
    lsoa: tuple[str, str] | None
    """Of a point: its code and name."""
    extra: Extra | None
    """What was published of them that no column holds."""


def where_of(
    file_force: str,
    reported_by: str,
    falls_within: str,
    lon: str,
    lat: str,
    street: str,
    lsoa: str,
    name: str,
) -> Where:
    """Read force and place of a row of a force's file.

    Raises:
        MeaninglessError: no place has such coordinates.
    """
    force, location_type, before, after, extra = recorder_of(file_force, reported_by, falls_within)
    place, location = place_of(lon, lat, street, force, location_type)
    if location is NULL:
        extra = {**extra, **unplaced(lon, lat, street)}
    of_point = None
    if lsoa and place.lon_e6 is not None:
        of_point = lsoa, name
    elif lsoa:
        extra = {**extra, **lsoa_extra(lsoa, name)}
    return Where(place, before + location + after, force, of_point, extra)


@lru_cache(maxsize=1_000)
def recorder_of(file_force: str, reported_by: str, falls_within: str) -> Recorder:
    """Read the force of a row of a force's file."""
    known = force_slugs().get(reported_by)
    force = known or file_force
    location_type = BTP if force == BTP.lower() else None
    extra: dict[str, object] = {} if known else {"reported_by": reported_by}
    if falls_within != reported_by:
        extra["falls_within"] = falls_within
    return Recorder(force, location_type, *around_location(force, location_type), extra)


def place_of(lon: str, lat: str, street: str, force: str, location_type: str | None) -> tuple[Place, Raw]:
    """A place and its canonical JSON. Without a location it is the force's.

    Raises:
        MeaninglessError: no place has such coordinates.
    """
    if bool(lon) != bool(lat):
        raise MeaninglessError(f"one coordinate without the other: {lon or lat!r}")
    lon_e6, lat_e6 = (micro_degrees(lon, 180), micro_degrees(lat, 90)) if lon else (0, 0)
    if not lon_e6 and not lat_e6:
        key = place_key(NULL, location_type, "", force)
        return Place(key, None, None, None, None, location_type, "", force), NULL
    canonical = canonical_place(lat, lon, None, street or None)
    key = place_key(canonical, location_type, "", None)
    return Place(key, lon_e6, lat_e6, None, street or None, location_type, "", None), canonical


def unplaced(lon: str, lat: str, street: str) -> Extra:
    """What a record without a location says of it all the same."""
    extra: dict[str, object] = {}
    if lon:  # 0,0 is how the source writes that no map point is near
        extra |= {"longitude": lon, "latitude": lat}
    if street.casefold() not in NO_LOCATION:
        extra["location"] = street
    return extra


def lsoa_extra(code: str, name: str) -> Extra:
    """An LSOA that cannot be the point's."""
    return {"lsoa_code": code, "lsoa_name": name}
