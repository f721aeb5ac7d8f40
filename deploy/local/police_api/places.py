"""Map points: the anonymised places that records are published at."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from deploy.local.police_api.shapes import NOTHING, Location, Street


class Place(NamedTuple):
    """A map point, degrees, with the `location` object that its records carry."""

    id: int
    lat: float
    lon: float
    json: msgspec.Raw


NOWHERE = Place(0, float("nan"), float("nan"), NOTHING)


class Places:
    """Map points, each encoded once: a place is published many times over."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Place] = {}

    def find(self, fields: Mapping[str, str]) -> Place:
        """The place of a CSV row; `NOWHERE` if it has no coordinates."""
        if not fields["Latitude"] or not fields["Longitude"]:
            return NOWHERE
        key = fields["Latitude"], fields["Longitude"], fields["Location"]
        if key not in self._known:
            self._known[key] = make_place(*key)
        return self._known[key]


def make_place(latitude: str, longitude: str, name: str) -> Place:
    lat, lon = f"{float(latitude):.6f}", f"{float(longitude):.6f}"
    # 31 bits, as real ids are small: in a national month a handful of points share one. Forces write the
    # same street in different letter case, and it is the same point.
    digest = hashlib.blake2b(f"{lat},{lon},{name.casefold()}".encode(), digest_size=4).digest()
    street_id = (int.from_bytes(digest, "big") >> 1) or 1
    location = msgspec.json.encode(Location(lat, Street(street_id, name), lon))
    return Place(street_id, float(lat), float(lon), msgspec.Raw(location))
