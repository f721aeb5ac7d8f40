"""The canonical JSON of a crime in pieces: those that many records of a page share are made once. Pure.

Put together again they are the JSON that `identity.content_hash` hashes.
"""

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from services.loader.identity import (
    CanonicalCrime,
    CanonicalOutcome,
    canonical_place,
    encode,
    encode_in_order,
    named_place,
)

HERE = "\0"
"""Stands where a piece will be put. No record holds it: the database does not take this character."""
PLACEHOLDER = encode(HERE)


def open_crime(category: str, context: str, month: str, status: Raw) -> CanonicalCrime:
    """A crime without force, place and id."""
    return CanonicalCrime(category, context, HERE, Raw(PLACEHOLDER), "", HERE, month, status, HERE)


def around_place_and_id(record: CanonicalCrime | CanonicalOutcome) -> tuple[bytes, bytes, bytes]:
    """Of an open crime or its outcome: what stands before force and place, up to the id, and after it."""
    before, _, _, between, after = encode_in_order(record).split(PLACEHOLDER)
    return before, between + b'"', b'"' + after


_, TO_LOCATION, TO_TYPE, _, _ = encode_in_order(open_crime("", "", "", Raw(b"null"))).split(PLACEHOLDER)


def around_location(force: str, location_type: str | None) -> tuple[bytes, bytes]:
    """Of force and place: what stands before and after the location."""
    return encode(force) + TO_LOCATION, TO_TYPE + encode(location_type)


TO_LATITUDE, TO_LONGITUDE, TO_STREET, AFTER_STREET = bytes(canonical_place(HERE, HERE, None, HERE)).split(
    PLACEHOLDER
)
TO_PLACE, TO_KIND, AFTER_KIND = named_place(Raw(PLACEHOLDER), HERE, "", None).split(PLACEHOLDER)


def canonical_places(lat: pa.BinaryArray, lon: pa.BinaryArray, street: pa.BinaryArray) -> pa.BinaryArray:
    """Places without a street's number as canonical JSON. The street is JSON; coordinates need no escape."""
    return joined(
        TO_LATITUDE + b'"', lat, b'"' + TO_LONGITUDE + b'"', lon, b'"' + TO_STREET, street, AFTER_STREET
    )


def named_places(place: pa.BinaryArray, location_type: pa.BinaryArray) -> pa.BinaryArray:
    """What the keys of places hash; both parts are JSON."""
    return joined(TO_PLACE, place, TO_KIND, location_type, AFTER_KIND)


def joined(*pieces: pa.BinaryArray | bytes) -> pa.BinaryArray:
    """Pieces put together, row by row."""
    typed = [pa.scalar(piece, pa.binary()) if isinstance(piece, bytes) else piece for piece in pieces]
    return pc.binary_join_element_wise(*typed, pa.scalar(b"", pa.binary()))
