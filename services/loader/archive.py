"""A page of an archive's CSV in, rows for the staging tables out. Pure.

The records are the API's with other words and less said: labels instead of slugs, no ids, no street ids, no
month of an outcome, no kind of location. What the archive alone says is kept: who recorded a crime, its LSOA.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any

from msgspec import Raw

from services.loader.archive_places import ArchivePlaces, Extra
from services.loader.archive_words import (
    BOOLEANS,
    category_slugs,
    outcome_labels,
    stop_outcome_ids,
)
from services.loader.identity import (
    CanonicalCrime,
    CanonicalOutcome,
    CanonicalStop,
    content_hash,
    encode,
)
from services.loader.meaning import MeaninglessError, instant, persistent_id
from services.loader.parse import SetAside
from services.loader.row_shapes import Label, Rows
from services.loader.shapes import NULL
from shared.archive import COLUMNS, lsoa_vintage
from shared.errors import PermanentError
from shared.model import Dataset, format_month


def build(dataset: Dataset, month: date, force: str, body: bytes) -> Rows:
    """The rows of a page; what cannot be right is set aside with the reason.

    Raises:
        PermanentError: it is no CSV with the dataset's columns.
    """
    return ArchiveRows(dataset, month, force).build(body)


def read(dataset: Dataset, body: bytes) -> list[list[str]]:
    """The fields of each row, in the order of `COLUMNS`; a row with more or fewer fields as it is."""
    columns = COLUMNS[dataset]
    try:
        header, *rows = split(body.decode())
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise PermanentError(f"the page is not CSV: {error}") from error
    if sorted(header) != sorted(columns):
        raise PermanentError(f"the page's columns are {', '.join(header)}, not {', '.join(columns)}")
    order = [header.index(name) for name in columns]
    if order == sorted(order):
        return rows
    return [[row[n] for n in order] if len(row) == len(order) else row for row in rows]


def split(text: str) -> Iterator[list[str]]:
    """The fields of each line that is not empty. Nearly all files have no quote: cut in half the time."""
    if '"' in text or "\r" in text:
        return filter(None, csv.reader(StringIO(text, newline="")))
    return (line.split(",") for line in text.split("\n") if line)


@dataclass
class ArchiveRows:
    """Turns the rows of one page into rows of the staging tables; keeps what the page repeats."""

    dataset: Dataset
    month: date
    force: str
    """Whose file it is."""

    def __post_init__(self) -> None:
        self.out = Rows(lsoa_vintage=lsoa_vintage(self.month))
        self.asked = format_month(self.month)
        places = ArchivePlaces(self.out, self.force)
        self.where, self.place_of_stop = places.where, places.of_stop
        self.statuses: dict[str, tuple[Label, Raw]] = {}
        self.categories: dict[str, Label] = {}
        self.words = self.out.labels

    def build(self, body: bytes) -> Rows:
        """The rows of a page."""
        methods: dict[Dataset, Callable[[int, list[str]], tuple[Any, ...]]] = {
            Dataset.STREET: self.street,
            Dataset.OUTCOMES: self.outcome,
            Dataset.STOPS: self.stop,
        }
        row_of, width = methods[self.dataset], len(COLUMNS[self.dataset])
        append, has_nul = self.out.rows.append, b"\0" in body
        for position, fields in enumerate(read(self.dataset, body)):
            try:
                if len(fields) != width:
                    raise MeaninglessError(f"{len(fields)} fields instead of {width}")
                if has_nul and any("\0" in field for field in fields):
                    raise MeaninglessError("a text holds the character U+0000")
                append(row_of(position, fields))
            except MeaninglessError as reason:
                raw = encode(fields).decode().replace("\\u0000", "\ufffd")
                self.out.set_aside.append(SetAside(position, str(reason), raw))
        return self.out

    def street(self, position: int, fields: list[str]) -> tuple[Any, ...]:
        """A row of `staging.street`, without its page."""
        crime_id, month = fields[:2]
        category, outcome, context = fields[9:]
        where = self.where(tuple(fields[2:9]))
        self.check_month(month)
        kind = self.categories.get(category) or self.category(category)
        label, status = self.statuses.get(outcome) or self.status(outcome)
        digest, extra = self.persistent_id(crime_id, where.extra) if crime_id else (b"", where.extra)
        if context:
            extra = {**(extra or {}), "context": context}
        crime = CanonicalCrime(
            str(kind.value),
            context,
            where.force,
            where.location,
            "",
            where.location_type,
            month,
            status,
            crime_id,
        )
        return (
            position, 0, where.key, kind, label, None,
            content_hash(crime, extra), digest, encode(extra).decode() if extra else "", where.force,
        )  # fmt: skip

    def outcome(self, position: int, fields: list[str]) -> tuple[Any, ...]:
        """A row of `staging.outcomes`, without its page. The crime's month and category are not published."""
        crime_id, month, published = fields[0], fields[1], fields[9]
        where = self.where(tuple(fields[2:9]))
        self.check_month(month)
        if not published:
            raise MeaninglessError("no outcome type")
        name, code = outcome_labels().get(published, (published, ""))
        digest, extra = self.persistent_id(crime_id, where.extra)
        crime = CanonicalCrime(
            "", "", where.force, where.location, "", where.location_type, "", NULL, crime_id
        )
        outcome = CanonicalOutcome(code=code, crime=crime, date=month, name=name, person_id=None)
        return (
            position, 0, where.key, self.label("category", None), self.label("outcome", name, code), None,
            content_hash(outcome, extra), digest, encode(extra).decode() if extra else "", where.force,
        )  # fmt: skip

    def stop(self, position: int, fields: list[str]) -> tuple[Any, ...]:
        """A row of `staging.stops`, without its page. A blank outcome is one that was not recorded."""
        del position
        (
            kind, moment, operation, operation_name, lat, lon, gender, age, self_defined, officer_defined,
            legislation, searched_for, outcome, linked, clothing,
        ) = fields  # fmt: skip
        happened_at = instant(moment, self.month)
        place, extra = self.place_of_stop(lon, lat)
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

    def check_month(self, month: str) -> None:
        """A file holds its own month only."""
        if month != self.asked:
            raise MeaninglessError(f"month {month!r}, not the {self.asked} of the file")

    def persistent_id(self, crime_id: str, extra: Extra | None) -> tuple[bytes, Extra | None]:
        """The id as 32 bytes; one of another form is kept as published, among the extras."""
        digest = persistent_id(crime_id)
        if crime_id and not digest:
            return b"", {**(extra or {}), "persistent_id": crime_id}
        return digest, extra

    def category(self, name: str) -> Label:
        """A category by its label; one that nobody knows stays as published."""
        if not name:
            raise MeaninglessError("no crime type")
        label = self.categories[name] = self.label("category", category_slugs().get(name, name))
        return label

    def status(self, outcome: str) -> tuple[Label, Raw]:
        """The latest outcome, whose month the archive does not tell, and its canonical form."""
        known = self.statuses.get(outcome)
        if known is None:
            label = self.label("street_outcome", outcome or None)
            canonical = NULL if not outcome else Raw(encode((outcome, None)))
            known = self.statuses[outcome] = (label, canonical)
        return known

    def label(self, kind: str, value: str | None, code: str = "") -> Label:
        """A published word, made once a page."""
        known = self.words.get((kind, value, code))
        if known is None:
            known = self.words[kind, value, code] = Label(kind, value, code)
        return known


def boolean(text: str) -> bool | None:
    """True, False or blank."""
    try:
        return BOOLEANS[text]
    except KeyError as error:
        raise MeaninglessError(f"{text!r} is neither True nor False nor blank") from error
