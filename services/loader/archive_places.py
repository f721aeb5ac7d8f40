"""Where the rows of an archive's page say that it was, and who recorded it. Pure."""

from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Raw

from services.loader.archive_words import BTP, NO_LOCATION, force_slugs
from services.loader.identity import canonical_place, place_key
from services.loader.meaning import MeaninglessError, micro_degrees
from services.loader.row_shapes import Place, Rows
from services.loader.rows import KnownPlace
from services.loader.shapes import NULL

Extra = dict[str, object]


class Where(NamedTuple):
    """What a row says of the force and the place."""

    key: bytes
    location: Raw
    force: str
    """Who recorded it."""
    location_type: str | None
    extra: Extra | None
    """What was published of them that no column holds."""


@dataclass
class ArchivePlaces:
    """The places of one page, each worked out once."""

    out: Rows
    """Takes places and LSOAs."""
    force: str
    """Whose file it is."""
    places: dict[tuple[str, str], KnownPlace] = field(default_factory=dict)
    wheres: dict[tuple[str, ...], Where] = field(default_factory=dict)

    def where(self, fields: tuple[str, ...]) -> Where:
        """What a row says of force and place, worked out once a page."""
        known = self.wheres.get(fields)
        if known is None:
            known = self.wheres[fields] = self.new_where(*fields)
        return known

    def new_where(
        self, reported_by: str, falls_within: str, lon: str, lat: str, street: str, lsoa: str, lsoa_name: str
    ) -> Where:
        """Read force and place."""
        recorder = force_slugs().get(reported_by)
        force = recorder or self.force
        location_type = BTP if force == BTP.lower() else None
        place = self.new_place(lon, lat, street, force, location_type)
        more = unplaced(lon, lat, street) if place.canonical is NULL else {}
        if recorder is None:
            more["reported_by"] = reported_by
        if falls_within != reported_by:
            more["falls_within"] = falls_within
        if lsoa and not self.keep_lsoa(place, lsoa, lsoa_name):
            more |= {"lsoa_code": lsoa, "lsoa_name": lsoa_name}
        return Where(place.key, place.canonical, force, location_type, more or None)

    def of_stop(self, lon: str, lat: str) -> tuple[KnownPlace, Extra | None]:
        """The place of a stop, worked out once a page; and what was published of it that no place holds."""
        known = self.places.get((lon, lat))
        if known is None:
            known = self.places[lon, lat] = self.new_place(lon, lat, "", self.force, None)
        return known, (unplaced(lon, lat, "") or None) if known.canonical is NULL else None

    def new_place(self, lon: str, lat: str, street: str, force: str, location_type: str | None) -> KnownPlace:
        """Read a place and keep it for the store."""
        if bool(lon) != bool(lat):
            raise MeaninglessError(f"one coordinate without the other: {lon or lat!r}")
        lon_e6, lat_e6 = (micro_degrees(lon, 180), micro_degrees(lat, 90)) if lon else (0, 0)
        if not lon_e6 and not lat_e6:
            key = place_key(NULL, location_type, "", force)
            self.out.places[key] = Place(key, None, None, None, None, location_type, "", force)
            return KnownPlace(key, NULL)
        canonical = canonical_place(lat, lon, None, street or None)
        key = place_key(canonical, location_type, "", None)
        self.out.places[key] = Place(key, lon_e6, lat_e6, None, street or None, location_type, "", None)
        return KnownPlace(key, canonical)

    def keep_lsoa(self, place: KnownPlace, code: str, name: str) -> bool:
        """Keep the LSOA of a point; False if it cannot be the point's, which has another or is no place."""
        point = self.out.places[place.key]
        if point.lon_e6 is None or point.lat_e6 is None:
            return False
        known = self.out.lsoas.setdefault((point.lon_e6, point.lat_e6), code)
        return known == code and self.out.lsoa_names.setdefault(code, name) == name


def unplaced(lon: str, lat: str, street: str) -> Extra:
    """What a record without a location says of it all the same."""
    extra: Extra = {}
    if lon:  # 0,0 is how the source writes that no map point is near
        extra |= {"longitude": lon, "latitude": lat}
    if street.casefold() not in NO_LOCATION:
        extra["location"] = street
    return extra
