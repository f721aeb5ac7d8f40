"""Stops of an archive's page as rows of the staging table. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.loader.archive_csv import raw, read_rows
from services.loader.archive_places import Extra, place_of, unplaced
from services.loader.archive_words import BOOLEANS, stop_outcome_ids
from services.loader.identity import CanonicalStop, content_hash, encode
from services.loader.meaning import MeaninglessError, instant
from services.loader.parse import SetAside
from services.loader.row_shapes import Rows
from services.loader.rows import KnownPlace
from services.loader.shapes import NULL
from shared.model import Dataset


@dataclass
class ArchiveStops:
    """Turns the rows of one page into rows of `staging.stops`; keeps what the page repeats."""

    month: date
    force: str
    """Whose file it is."""
    places: dict[tuple[str, str], KnownPlace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.out = Rows()
        self.label = self.out.label

    def build(self, body: bytes) -> Rows:
        """The rows of a page."""
        for position, fields in read_rows(Dataset.STOPS, body, self.out.set_aside):
            try:
                self.out.rows.append(self.stop(*fields))
            except MeaninglessError as reason:
                self.out.set_aside.append(SetAside(position, str(reason), raw(fields)))
        return self.out

    def stop(
        self, kind: str, moment: str, operation: str, operation_name: str, lat: str, lon: str, gender: str,
        age: str, self_defined: str, officer_defined: str, legislation: str, searched_for: str, outcome: str,
        linked: str, clothing: str,
    ) -> tuple[Any, ...]:  # fmt: skip
        """A row of `staging.stops`, without its page. A blank outcome is one that was not recorded."""
        happened_at = instant(moment, self.month)
        place, extra = self.place(lon, lat)
        outcome_id = stop_outcome_ids().get(outcome, "")
        canonical = CanonicalStop(
            age_range=age or None,
            datetime=moment,
            force=self.force,
            gender=gender or None,
            involved_person=None,
            legislation=legislation or None,
            location=place.canonical,
            object_of_search=searched_for or None,
            officer_defined_ethnicity=officer_defined or None,
            operation=boolean(operation),
            operation_name=operation_name or None,
            outcome=outcome,
            outcome_id=outcome_id,
            outcome_linked_to_object_of_search=boolean(linked),
            outcome_name=outcome,
            removal_of_more_than_outer_clothing=boolean(clothing),
            self_defined_ethnicity=self_defined or None,
            type=kind or None,
        )
        return (
            place.key,
            self.force,
            self.label("stop_type", canonical.type),
            self.label("gender", canonical.gender),
            self.label("age_range", canonical.age_range),
            self.label("self_ethnicity", canonical.self_defined_ethnicity),
            self.label("officer_ethnicity", canonical.officer_defined_ethnicity),
            self.label("legislation", canonical.legislation),
            self.label("object_of_search", canonical.object_of_search),
            self.label("stop_outcome", outcome, outcome_id),
            happened_at,
            canonical.operation,
            canonical.operation_name,
            None,
            canonical.outcome_linked_to_object_of_search,
            canonical.removal_of_more_than_outer_clothing,
            content_hash(canonical, extra),
            encode(extra).decode() if extra else "",
        )

    def place(self, lon: str, lat: str) -> tuple[KnownPlace, Extra | None]:
        """The place of a stop, worked out once a page; and what was published of it that no place holds."""
        known = self.places.get((lon, lat))
        if known is None:
            place, canonical = place_of(lon, lat, "", self.force, None)
            self.out.places[place.key] = place
            known = self.places[lon, lat] = KnownPlace(place.key, canonical)
        return known, (unplaced(lon, lat, "") or None) if known.canonical is NULL else None


def boolean(text: str) -> bool | None:
    """True, False or blank."""
    try:
        return BOOLEANS[text]
    except KeyError as error:
        raise MeaninglessError(f"{text!r} is neither True nor False nor blank") from error
