"""What an answer of the source must look like before it goes on the bus. Pure."""

from datetime import UTC, date, datetime, timedelta

import msgspec

from shared.model import Dataset, format_month, next_month


class UntrustworthyError(ValueError):
    """An answer that is cut, no list, or of another month."""


class DatedCrime(msgspec.Struct):
    """The month of a street crime."""

    month: str | None = None


class DatedOutcome(msgspec.Struct):
    """The month of an outcome."""

    date: str | None = None


class DatedStop(msgspec.Struct):
    """The time of a stop."""

    datetime: str | None = None


CRIMES = msgspec.json.Decoder(list[DatedCrime])
OUTCOMES = msgspec.json.Decoder(list[DatedOutcome])
STOPS = msgspec.json.Decoder(list[DatedStop])
APART = msgspec.json.Decoder(list[msgspec.Raw])


def count_records(dataset: Dataset, month: date, body: bytes) -> int:
    """The number of records of an answer.

    The source answers with its newest month, silently, when it does not like the date
    (police_api.md §4): an answer whose records are mostly of another month is refused. Single
    records of another month pass; the loader sets them aside one by one.

    Raises:
        UntrustworthyError: not a JSON list, or mostly of another month.
    """
    try:
        months = months_of(dataset, body)
    except msgspec.ValidationError:
        return count_apart(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UntrustworthyError(f"not a JSON list: {error}") from error
    asked = accepted_prefixes(dataset, month)
    wrong = sum(1 for text in months if text is None or not text.startswith(asked))
    if wrong > len(months) / 2:
        raise UntrustworthyError(
            f"{wrong} of {len(months)} records are not of {format_month(month)}, the month that was asked for"
        )
    return len(months)


def count_apart(body: bytes) -> int:
    """The number of records of an answer with records of an unexpected form."""
    try:
        return len(APART.decode(body))
    except msgspec.DecodeError as error:
        raise UntrustworthyError(f"not a JSON list: {error}") from error


def months_of(dataset: Dataset, body: bytes) -> list[str | None]:
    """What each record says of its time."""
    if dataset is Dataset.STREET:
        return [crime.month for crime in CRIMES.decode(body)]
    if dataset is Dataset.OUTCOMES:
        return [outcome.date for outcome in OUTCOMES.decode(body)]
    return [stop.datetime for stop in STOPS.decode(body)]


def accepted_prefixes(dataset: Dataset, month: date) -> tuple[str, ...]:
    """How a record's time may begin. A stop is dated in UTC and filed by the London month."""
    asked = format_month(month)
    if dataset is not Dataset.STOPS:
        return (asked,)
    day_before = datetime(month.year, month.month, 1, tzinfo=UTC) - timedelta(days=1)
    return (asked, f"{day_before:%Y-%m-%d}", f"{next_month(month):%Y-%m-%d}")
