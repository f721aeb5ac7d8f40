"""Records in, narrow rows out: each row points to a place and to interned labels. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from msgspec import Raw
from msgspec.json import Decoder

from services.loader.identity import (
    CanonicalCrime,
    CanonicalOutcome,
    CanonicalStop,
    canonical_location,
    content_hash,
    encode,
    place_key,
)
from services.loader.meaning import MeaninglessError, decoded, instant, micro_degrees, persistent_id
from services.loader.parse import Parsed, SetAside
from services.loader.row_shapes import Label, Place, Rows
from services.loader.shapes import NULL, Crime, Location, Outcome, OutcomeStatus, Stop
from shared.model import Dataset, format_month, parse_month

LOCATION = Decoder(Location | None)
STATUS = Decoder(OutcomeStatus | None)


class KnownPlace(NamedTuple):
    """A place that the page has named before."""

    key: bytes
    canonical: Raw


class KnownStatus(NamedTuple):
    """A latest outcome that the page has named before."""

    label: Label
    month: date | None
    canonical: Raw


@dataclass
class RowBuilder:
    """Turns the records of one page into rows; keeps what the page repeats: its places and months."""

    dataset: Dataset
    month: date
    force: str | None
    """The force that the source was asked for; None for a tile."""

    def __post_init__(self) -> None:
        self.out = Rows()
        self.asked = format_month(self.month)
        self.known_places: dict[tuple[bytes, str | None, str | None], KnownPlace] = {}
        self.known_statuses: dict[bytes, KnownStatus] = {}
        self.label = self.out.label
        self.months: dict[str, date] = {}
        self.seen: dict[tuple[int, bytes], int] = {}

    def build(self, parsed: Parsed[Any]) -> Rows:
        """The rows of a page; records without a meaning join those that were set aside."""
        methods: dict[Dataset, Callable[[Any, dict[str, object] | None], tuple[Any, ...]]] = {
            Dataset.STREET: self.street,
            Dataset.OUTCOMES: self.outcome,
            Dataset.STOPS: self.stop,
        }
        row_of = methods[self.dataset]
        self.out.set_aside.extend(parsed.set_aside)
        append, extras = self.out.rows.append, parsed.extras
        for position, record in parsed.records:
            try:
                append(row_of(record, extras.get(position)))
            except MeaninglessError as reason:
                raw = encode(record).decode()
                self.out.set_aside.append(SetAside(position, str(reason), raw))
        return self.out

    def street(self, crime: Crime, extra: dict[str, object] | None) -> tuple[Any, ...]:
        """A row of `staging.street`, without its page."""
        if crime.month != self.asked:
            raise MeaninglessError(f"month {crime.month!r}, not the {self.asked} that was asked for")
        place = self.place(crime.location, crime.location_type, crime.location_subtype)
        status = self.status(crime.outcome_status)
        persistent_id, more = self.persistent_id(crime, extra)
        return (
            crime.id,
            0,
            place.key,
            self.label("category", crime.category),
            status.label,
            status.month,
            content_hash(self.canonical_crime(crime, place, status), extra),
            persistent_id,
            self.extra_text(more),
        )

    def outcome(self, outcome: Outcome, extra: dict[str, object] | None) -> tuple[Any, ...]:
        """A row of `staging.outcomes`, without its page."""
        if outcome.date != self.asked:
            raise MeaninglessError(f"outcome of {outcome.date!r}, not of the {self.asked} that was asked for")
        crime = outcome.crime
        place = self.place(crime.location, crime.location_type, crime.location_subtype)
        digest = content_hash(
            CanonicalOutcome(
                code=outcome.category.code,
                crime=self.canonical_crime(crime, place, self.status(NULL)),
                date=outcome.date,
                name=outcome.category.name,
                person_id=outcome.person_id,
            ),
            extra,
        )
        if outcome.person_id is not None:
            extra = {**(extra or {}), "person_id": outcome.person_id}
        persistent_id, extra = self.persistent_id(crime, extra)
        # Outcomes have no id: the same one twice in a page is two, in two overlapping pages one.
        occurrence = self.seen.get((crime.id, digest), 0)
        self.seen[crime.id, digest] = occurrence + 1
        return (
            crime.id,
            occurrence,
            place.key,
            self.label("category", crime.category),
            self.label("outcome", outcome.category.name, outcome.category.code),
            self.month_of(crime.month),
            digest,
            persistent_id,
            self.extra_text(extra),
        )

    def stop(self, stop: Stop, extra: dict[str, object] | None) -> tuple[Any, ...]:
        """A row of `staging.stops`, without its page."""
        happened_at = instant(stop.datetime, self.month)
        place = self.place(stop.location, None, "")
        found = stop.outcome_object
        raw_outcome = stop.outcome
        if raw_outcome is True:
            raise MeaninglessError("outcome true: only text, null and false have a meaning")
        digest = content_hash(
            CanonicalStop(
                age_range=stop.age_range,
                datetime=stop.datetime,
                force=self.force,
                gender=stop.gender,
                involved_person=stop.involved_person,
                legislation=stop.legislation,
                location=place.canonical,
                object_of_search=stop.object_of_search,
                officer_defined_ethnicity=stop.officer_defined_ethnicity,
                operation=stop.operation,
                operation_name=stop.operation_name,
                outcome=raw_outcome,
                outcome_id=found.id if found else "",
                outcome_linked_to_object_of_search=stop.outcome_linked_to_object_of_search,
                outcome_name=found.name if found else "",
                removal_of_more_than_outer_clothing=stop.removal_of_more_than_outer_clothing,
                self_defined_ethnicity=stop.self_defined_ethnicity,
                type=stop.type,
            ),
            extra,
        )
        if found and found.name != (raw_outcome or ""):
            extra = {**(extra or {}), "outcome_name": found.name}
        return (
            place.key,
            self.force,
            self.label("stop_type", stop.type),
            self.label("gender", stop.gender),
            self.label("age_range", stop.age_range),
            self.label("self_ethnicity", stop.self_defined_ethnicity),
            self.label("officer_ethnicity", stop.officer_defined_ethnicity),
            self.label("legislation", stop.legislation),
            self.label("object_of_search", stop.object_of_search),
            # The boolean false of old answers means «nothing was found»; no published word is 'false'.
            self.label(
                "stop_outcome", "false" if raw_outcome is False else raw_outcome, found.id if found else ""
            ),
            happened_at,
            stop.operation,
            stop.operation_name,
            stop.involved_person,
            stop.outcome_linked_to_object_of_search,
            stop.removal_of_more_than_outer_clothing,
            digest,
            self.extra_text(extra),
        )

    def canonical_crime(self, crime: Crime, place: KnownPlace, status: KnownStatus) -> CanonicalCrime:
        """The hashed part of a crime. A crime that was asked for by force carries the force."""
        return CanonicalCrime(
            crime.category,
            crime.context or "",
            self.force,
            place.canonical,
            crime.location_subtype or "",
            crime.location_type,
            crime.month,
            status.canonical,
            crime.persistent_id or "",
        )

    def place(self, raw: Raw, location_type: str | None, subtype: str | None) -> KnownPlace:
        """A published place, worked out once a page."""
        words = (bytes(raw), location_type, subtype)
        known = self.known_places.get(words)
        if known is None:
            known = self.known_places[words] = self.new_place(raw, location_type, subtype or "")
        return known

    def new_place(self, raw: Raw, location_type: str | None, subtype: str) -> KnownPlace:
        """Decode a place and keep it for the store."""
        location = decoded(LOCATION, raw)
        canonical = canonical_location(location)
        key = place_key(canonical, location_type, subtype, self.force)
        street = location.street if location else None
        self.out.places[key] = Place(
            key,
            micro_degrees(location.longitude, 180) if location else None,
            micro_degrees(location.latitude, 90) if location else None,
            street.id if street else None,
            street.name if street else None,
            location_type,
            subtype,
            self.force if location is None else None,
        )
        return KnownPlace(key, canonical)

    def status(self, raw: Raw) -> KnownStatus:
        """A published latest outcome, worked out once a page."""
        words = bytes(raw)
        known = self.known_statuses.get(words)
        if known is None:
            status = decoded(STATUS, raw)
            known = self.known_statuses[words] = KnownStatus(
                self.label("street_outcome", status.category if status else None),
                self.month_of(status.date) if status and status.date else None,
                Raw(encode((status.category, status.date) if status else None)),
            )
        return known

    def persistent_id(
        self, crime: Crime, extra: dict[str, object] | None
    ) -> tuple[bytes, dict[str, object] | None]:
        """The id as 32 bytes; one of another form is kept as published, among the extras."""
        text = crime.persistent_id
        if crime.context:
            extra = {**(extra or {}), "context": crime.context}
        if not text:
            return b"", extra
        if digest := persistent_id(text):
            return digest, extra
        return b"", {**(extra or {}), "persistent_id": text}

    def month_of(self, text: str) -> date:
        """A published month, remembered."""
        month = self.months.get(text)
        if month is None:
            try:
                month = self.months[text] = parse_month(text)
            except ValueError as error:
                raise MeaninglessError(str(error)) from error
        return month

    @staticmethod
    def extra_text(extra: dict[str, object] | None) -> str:
        """Fields that no column holds, as canonical JSON; empty where there are none."""
        return encode(extra).decode() if extra else ""
