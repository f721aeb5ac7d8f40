"""What makes a record that record, and what its row holds."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest

from services.loader.parse import parse
from services.loader.row_shapes import COLUMNS, Label, Rows
from services.loader.rows import RowBuilder
from shared.model import Dataset
from tests.builders import OCTOBER, Record, crime, outcome, page, stop

BUILD = {Dataset.STREET: crime, Dataset.OUTCOMES: outcome, Dataset.STOPS: stop}
PLACE = crime()["location"]
STREET = PLACE["street"]


def rows_of(dataset: Dataset, *records: Record, force: str | None = None, month: date = OCTOBER) -> Rows:
    return RowBuilder(dataset, month, force).build(parse(dataset, page(*records).body))


def row_of(dataset: Dataset, record: Record, force: str | None = None) -> dict[str, Any]:
    rows = rows_of(dataset, record, force=force)
    assert rows.set_aside == []
    return dict(zip(COLUMNS[dataset][1:], rows.rows[0], strict=True))


def hash_of(dataset: Dataset, record: Record, force: str | None = None) -> bytes:
    digest: bytes = row_of(dataset, record, force)["content_hash"]
    return digest


def test_the_identity_of_a_record_is_the_same_for_ever() -> None:
    """Stored hashes are compared with those of later releases: this must never change."""
    digests = [hash_of(dataset, build()).hex()[:16] for dataset, build in BUILD.items()]
    assert digests == ["7e90514d3877b2ca", "5a9be5d86abf186c", "d531e0984eef93b9"]


def test_the_identity_is_the_first_half_of_sha_256_of_the_canonical_json() -> None:
    canonical = {
        **crime(id=..., outcome_status=["Under investigation", "2018-11"]),
        "force": None,
        "location": ["51.518226", "-0.111497", 960522, "on or near pedestrian subway"],
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    assert hash_of(Dataset.STREET, crime()) == sha256(text.encode()).digest()[:16]


@pytest.mark.parametrize(
    "same",
    [
        crime(id=7),
        crime(location={**PLACE, "street": {**STREET, "name": "ON OR NEAR PEDESTRIAN subway"}}),
        crime(context=None),
        crime(context=...),
        crime(location_subtype=None),
        crime(location_subtype=...),
    ],
)
def test_a_street_crime_is_the_same_whatever_its_api_id_its_letter_case_and_how_nothing_is_written(
    same: Record,
) -> None:
    assert hash_of(Dataset.STREET, same) == hash_of(Dataset.STREET, crime())


def test_a_missing_key_and_its_empty_value_are_the_same() -> None:
    for key, empty in (
        ("persistent_id", ""),
        ("location", None),
        ("location_type", None),
        ("outcome_status", None),
    ):
        missing, given = crime(**{key: ...}), crime(**{key: empty})
        assert hash_of(Dataset.STREET, missing) == hash_of(Dataset.STREET, given), key
    for key in stop():
        if key not in ("datetime", "outcome_object"):
            assert hash_of(Dataset.STOPS, stop(**{key: ...})) == hash_of(
                Dataset.STOPS, stop(**{key: None})
            ), key
    empty_object = stop(outcome_object={"id": "", "name": ""})
    assert hash_of(Dataset.STOPS, stop(outcome_object=...)) == hash_of(Dataset.STOPS, empty_object)


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "drugs"},
        {"persistent_id": ""},
        {"location_subtype": "STATION"},
        {"context": "a word"},
        {"location_type": "BTP"},
        {"location": None},
        {"location": {**PLACE, "latitude": "51.518227"}},
        {"location": {**PLACE, "longitude": "-0.111498"}},
        {"location": {**PLACE, "street": {**STREET, "id": 1}}},
        {"location": {**PLACE, "street": {**STREET, "name": "On or near High Street"}}},
        {"location": {**PLACE, "street": None}},
        {"outcome_status": None},
        {"outcome_status": {"category": "Local resolution", "date": "2018-11"}},
        {"outcome_status": {"category": "Under investigation", "date": "2018-12"}},
        {"outcome_status": {"category": "Under investigation"}},
        {"weather": "fair"},
    ],
)
def test_a_street_crime_that_differs_in_any_published_field_is_another(changes: Record) -> None:
    assert hash_of(Dataset.STREET, crime(**changes)) != hash_of(Dataset.STREET, crime())


@pytest.mark.parametrize(
    "changes",
    [
        {"category": {"code": "charged", "name": "Local resolution"}},
        {"category": {"code": "local-resolution", "name": "Another name"}},
        {"person_id": 5},
        {"person_id": "5"},
        {"crime": crime(outcome_status=..., month="2018-08")},
        {"crime": crime(outcome_status=..., month="2018-09", category="drugs")},
    ],
)
def test_an_outcome_that_differs_in_any_published_field_is_another(changes: Record) -> None:
    assert hash_of(Dataset.OUTCOMES, outcome(**changes)) != hash_of(Dataset.OUTCOMES, outcome())


@pytest.mark.parametrize(
    "key", [key for key in stop() if key not in ("datetime", "location", "outcome_object")]
)
def test_a_stop_that_differs_in_any_published_field_is_another(key: str) -> None:
    value = stop()[key]
    other = not value if isinstance(value, bool) else "another"
    if key in ("operation", "outcome_linked_to_object_of_search"):
        other = True
    assert hash_of(Dataset.STOPS, stop(**{key: other})) != hash_of(Dataset.STOPS, stop())
    if value is not None:
        assert hash_of(Dataset.STOPS, stop(**{key: None})) != hash_of(Dataset.STOPS, stop())


@pytest.mark.parametrize(
    "changes",
    [
        {"datetime": "2018-10-06T22:45:01+00:00"},
        {"location": None},
        {"location": {**PLACE, "longitude": "-0.1"}},
        {"outcome_object": {"id": "bu-arrested", "name": "Arrest"}},
        {"outcome_object": {"id": "bu-arrest", "name": "Arrested"}},
    ],
)
def test_a_stop_at_another_time_or_place_or_with_another_outcome_object_is_another(changes: Record) -> None:
    assert hash_of(Dataset.STOPS, stop(**changes)) != hash_of(Dataset.STOPS, stop())


@pytest.mark.parametrize("dataset", [Dataset.STREET, Dataset.STOPS])
def test_what_a_force_was_asked_for_carries_the_force(dataset: Dataset) -> None:
    record = BUILD[dataset](location=None)
    city, surrey = (hash_of(dataset, record, force) for force in ("city-of-london", "surrey"))
    assert city != surrey
    place = rows_of(dataset, record, force="surrey").places
    assert [one.force for one in place.values()] == ["surrey"]
    assert place.keys() != rows_of(dataset, record, force="city-of-london").places.keys()


def test_a_place_is_the_same_whoever_was_asked_for_its_records() -> None:
    first = rows_of(Dataset.STOPS, stop(), force="surrey").places
    second = rows_of(Dataset.STOPS, stop(), force="city-of-london").places
    assert first.keys() == second.keys()
    [place] = first.values()
    assert (place.lon_e6, place.lat_e6, place.force) == (-111497, 51518226, None)


def test_a_british_transport_police_station_is_a_place_of_its_own() -> None:
    rows = rows_of(
        Dataset.STREET, crime(), crime(location_type="BTP", location_subtype="STATION", persistent_id="")
    )
    assert {(place.location_type, place.location_subtype) for place in rows.places.values()} == {
        ("Force", ""),
        ("BTP", "STATION"),
    }
    assert [row[7] for row in rows.rows] == [bytes.fromhex(crime()["persistent_id"]), b""]


def test_coordinates_of_zero_are_kept_as_published() -> None:
    nowhere = {"latitude": "0", "longitude": "0", "street": {"id": 1, "name": "On or near "}}
    [place] = rows_of(Dataset.STREET, crime(location=nowhere)).places.values()
    assert (place.lon_e6, place.lat_e6) == (0, 0)


@pytest.mark.parametrize(
    ("outcome_text", "label"),
    [
        ("Arrest", Label("stop_outcome", "Arrest", "bu-arrest")),
        (False, Label("stop_outcome", "false", "bu-arrest")),
        ("", Label("stop_outcome", "", "bu-arrest")),
        (None, Label("stop_outcome", None, "bu-arrest")),
    ],
)
def test_no_outcome_has_three_spellings_that_stay_apart(
    outcome_text: str | bool | None, label: Label
) -> None:
    assert row_of(Dataset.STOPS, stop(outcome=outcome_text))["outcome_id"] == label


def test_the_three_spellings_of_no_outcome_are_three_records() -> None:
    digests = {hash_of(Dataset.STOPS, stop(outcome=given)) for given in (False, "", None)}
    assert len(digests) == 3


def test_an_outcome_object_with_another_name_is_kept() -> None:
    odd = stop(outcome_object={"id": "bu-arrest", "name": "Arrested"})
    assert row_of(Dataset.STOPS, odd)["extra"] == '{"outcome_name":"Arrested"}'
    assert row_of(Dataset.STOPS, stop())["extra"] == ""
    nothing = stop(outcome=False, outcome_object={"id": "", "name": ""})
    assert row_of(Dataset.STOPS, nothing)["extra"] == ""


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2018-09-30T23:30:00+00:00", datetime(2018, 9, 30, 23, 30, tzinfo=UTC)),
        ("2018-10-31T23:59:59+00:00", datetime(2018, 10, 31, 23, 59, 59, tzinfo=UTC)),
        ("2018-10-06T22:45:00Z", datetime(2018, 10, 6, 22, 45, tzinfo=UTC)),
    ],
)
def test_a_stop_of_the_hour_before_the_month_in_utc_belongs_to_the_month(
    text: str, instant: datetime
) -> None:
    assert row_of(Dataset.STOPS, stop(datetime=text))["happened_at"] == instant


@pytest.mark.parametrize(
    ("dataset", "record"),
    [
        (Dataset.STREET, crime(month="2018-09")),
        (Dataset.STREET, crime(month="2018-11")),
        (Dataset.STREET, crime(month="October")),
        (Dataset.OUTCOMES, outcome(date="2018-11")),
        (Dataset.OUTCOMES, outcome(crime=crime(month="2018-13"))),
        (Dataset.STOPS, stop(datetime="2018-09-29T12:00:00+00:00")),
        (Dataset.STOPS, stop(datetime="2018-11-02T12:00:00+00:00")),
        (Dataset.STOPS, stop(datetime="2017-10-06T12:00:00+00:00")),
    ],
)
def test_a_record_of_another_month_is_set_aside(dataset: Dataset, record: Record) -> None:
    rows = rows_of(dataset, BUILD[dataset](), record)
    assert len(rows.rows) == 1
    [bad] = rows.set_aside
    assert bad.position == 1
    assert "2018-10" in bad.reason or "month" in bad.reason


def test_a_persistent_id_of_another_form_is_kept_as_published() -> None:
    for text in ("abc", "x" * 64, crime()["persistent_id"].upper(), "ab" * 31):
        row = row_of(Dataset.STREET, crime(persistent_id=text))
        assert row["persistent_id"] == b""
        assert row["extra"] == f'{{"persistent_id":"{text}"}}'
    assert row_of(Dataset.STREET, crime())["persistent_id"] == bytes.fromhex(crime()["persistent_id"])


def test_a_context_and_a_person_are_kept() -> None:
    assert row_of(Dataset.STREET, crime(context="a word"))["extra"] == '{"context":"a word"}'
    assert row_of(Dataset.OUTCOMES, outcome(person_id=5))["extra"] == '{"person_id":5}'


def test_the_month_of_a_crime_and_of_its_last_outcome_are_dates() -> None:
    assert row_of(Dataset.STREET, crime())["outcome_month"] == date(2018, 11, 1)
    assert row_of(Dataset.STREET, crime(outcome_status=None))["outcome_month"] is None
    assert row_of(Dataset.OUTCOMES, outcome())["crime_month"] == date(2018, 9, 1)


def test_the_same_outcome_twice_in_a_page_is_counted_as_two() -> None:
    rows = rows_of(Dataset.OUTCOMES, outcome(), outcome(), outcome(person_id=5))
    assert [row[1] for row in rows.rows] == [0, 1, 0]


def test_a_page_names_every_place_and_every_word_once() -> None:
    rows = rows_of(Dataset.STREET, *[crime(id=n) for n in range(50)], crime(category="drugs"))
    assert len(rows.rows) == 51
    assert len(rows.places) == 1
    assert sorted(label for label in rows.labels.values() if label.kind == "category") == [
        Label("category", "bicycle-theft"),
        Label("category", "drugs"),
    ]
