"""The canonical JSON of a crime in pieces: those that many records of a page share are made once. Pure.

Put together again they are the JSON that `identity.content_hash` hashes.
"""

from msgspec import Raw

from services.loader.identity import CanonicalCrime, CanonicalOutcome, encode, encode_in_order

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
