"""What the rows of an archive's page say of the crime or the outcome itself. Pure."""

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
from msgspec import Raw

from services.loader.archive_columns import distinct
from services.loader.archive_places import Extra
from services.loader.archive_words import category_slugs, outcome_labels
from services.loader.identity import CanonicalOutcome, encode
from services.loader.identity_pieces import around_place_and_id, open_crime
from services.loader.meaning import MeaninglessError
from services.loader.row_shapes import Label
from services.loader.shapes import NULL
from shared.model import Dataset


class What(NamedTuple):
    """What a row says but for place and id."""

    before: bytes
    """The canonical JSON up to the place,"""
    between: bytes
    """from there up to the id,"""
    after: bytes
    """and after it."""
    category: Label
    outcome: Label
    extra: Extra | None
    """What was published of it that no column holds."""


class Whats(NamedTuple):
    """What rows say but for place and id."""

    codes: pa.Int32Array
    """Which of them each row says, if there are none without a meaning."""
    values: list[What]
    """Each once, in the order of the rows; without those that have no meaning."""
    reasons: dict[int, str]
    """Against those without a meaning, by number."""


def read_whats(dataset: Dataset, month: str, table: pa.Table) -> Whats:
    """Read the columns that say when, and what it was."""
    columns, codes = distinct(table)
    values, reasons = [], {}
    for number, fields in enumerate(zip(*(column.to_pylist() for column in columns), strict=True)):
        try:
            values.append(READ[dataset](month, *fields))
        except MeaninglessError as reason:
            reasons[number] = str(reason)
    return Whats(codes, values, reasons)


def street_what(asked: str, month: str, category: str, outcome: str, context: str) -> What:
    """Of a crime. Its latest outcome has no month here; a category that nobody knows stays as published.

    Raises:
        MeaninglessError: another month than that of the file, or no category.
    """
    check_month(month, asked)
    if not category:
        raise MeaninglessError("no crime type")
    slug = category_slugs().get(category, category)
    status = Raw(encode((outcome, None))) if outcome else NULL
    return What(
        *around_place_and_id(open_crime(slug, context, month, status)),
        Label("category", slug),
        Label("street_outcome", outcome or None),
        {"context": context} if context else None,
    )


def outcome_what(asked: str, month: str, published: str) -> What:
    """Of an outcome. The crime's month and category are not published.

    Raises:
        MeaninglessError: another month than that of the file, or no outcome.
    """
    check_month(month, asked)
    if not published:
        raise MeaninglessError("no outcome type")
    name, code = outcome_labels().get(published, (published, ""))
    crime = open_crime("", "", "", NULL)
    outcome = CanonicalOutcome(code=code, crime=crime, date=month, name=name, person_id=None)
    return What(*around_place_and_id(outcome), Label("category", None), Label("outcome", name, code), None)


def check_month(month: str, asked: str) -> None:
    """A file holds its own month only."""
    if month != asked:
        raise MeaninglessError(f"month {month!r}, not the {asked} of the file")


READ: dict[Dataset, Callable[..., What]] = {Dataset.STREET: street_what, Dataset.OUTCOMES: outcome_what}
