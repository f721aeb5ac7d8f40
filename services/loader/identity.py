"""What makes a record that record: its content hash, and the key of its place. Pure.

The content hash is the first half of SHA-256 over the canonical JSON (keys sorted, no white space) of
all published data fields: of a thousand million records two share 16 bytes by chance once in 10^20.
Left out are the API's own record `id`, which is no police data and may change between releases, and
the letter case of street names. A missing key and its empty value are the same.
Records that are asked for by force carry the force, since the record itself does not name it.
Equal hashes are told apart by an ordinal: two identical stops are two stops (police_api.md §6).
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from services.loader.shapes import Location

HASH_BYTES = 16

encode = msgspec.json.Encoder(order="sorted").encode
encode_in_order = msgspec.json.Encoder().encode
"""The same for what is in order already: half the time."""


class CanonicalCrime(msgspec.Struct, gc=False):
    """Fields in the order of their names."""

    category: str
    context: str
    force: str | None
    location: msgspec.Raw
    location_subtype: str
    location_type: str | None
    month: str
    outcome_status: msgspec.Raw
    persistent_id: str


class CanonicalOutcome(msgspec.Struct, gc=False):
    """Fields in the order of their names; the crime is hashed without an outcome of its own."""

    code: str
    crime: CanonicalCrime
    date: str
    name: str
    person_id: int | str | None


class CanonicalStop(msgspec.Struct, gc=False):
    """Fields in the order of their names."""

    age_range: str | None
    datetime: str
    force: str | None
    gender: str | None
    involved_person: bool | None
    legislation: str | None
    location: msgspec.Raw
    object_of_search: str | None
    officer_defined_ethnicity: str | None
    operation: bool | None
    operation_name: str | None
    outcome: str | bool | None
    outcome_id: str
    outcome_linked_to_object_of_search: bool | None
    outcome_name: str
    removal_of_more_than_outer_clothing: bool | None
    self_defined_ethnicity: str | None
    type: str | None


Canonical = CanonicalCrime | CanonicalOutcome | CanonicalStop


def content_hash(record: Canonical, extra: Mapping[str, object] | None = None) -> bytes:
    """The 16 bytes that a record's data fields, and only they, determine."""
    body = encode_in_order(record)
    if extra:
        body += encode(extra)
    return short_hash(body)


def canonical_location(location: Location | None) -> msgspec.Raw:
    """A location as canonical JSON, its street name in one case."""
    if location is None:
        return msgspec.Raw(b"null")
    street = location.street
    return canonical_place(
        location.latitude, location.longitude, street.id if street else None, street.name if street else None
    )


def canonical_place(
    latitude: str, longitude: str, street_id: int | None, street_name: str | None
) -> msgspec.Raw:
    """The same of its parts."""
    name = None if street_name is None else street_name.casefold()
    return msgspec.Raw(encode((latitude, longitude, street_id, name)))


def place_key(
    location: msgspec.Raw, location_type: str | None, location_subtype: str, force: str | None
) -> bytes:
    """16 bytes that name a published place.

    `force` counts only where there is no location: then the force is all that is known of the place.
    """
    owner = force if bytes(location) == b"null" else None
    return short_hash(named_place(location, location_type, location_subtype, owner))


def named_place(
    location: msgspec.Raw, location_type: str | None, location_subtype: str, owner: str | None
) -> bytes:
    """What the key of a place hashes."""
    return encode((location, location_type, location_subtype, owner))


def short_hash(text: bytes) -> bytes:
    """The first half of SHA-256."""
    return sha256(text).digest()[:HASH_BYTES]
