"""Rows of an archive's CSV as rows of the staging tables: the odd ones."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw, Struct, structs

from services.loader.archive import build
from services.loader.archive_crimes import Crimes
from services.loader.identity import (
    CanonicalCrime,
    CanonicalOutcome,
    CanonicalStop,
    canonical_place,
    content_hash,
    encode,
)
from services.loader.row_shapes import COLUMNS, Label, Place, Rows
from shared.archive import COLUMNS as PUBLISHED
from shared.archive import lsoa_vintage
from shared.errors import PermanentError
from shared.model import Dataset
from tests.archives import made
from tests.builders import OCTOBER

OLDEST = Path(__file__).parents[1] / "data" / "archive" / "2010-12-metropolitan-street.csv"
CRIME = {
    "Crime ID": "c656b990527ef323f85f5b0ed10832599bf4fc2c5e453f7f3c95b6014e3ea7c0",
    "Month": "2018-10",
    "Reported by": "Kent Police",
    "Falls within": "Kent Police",
    "Longitude": "0.967072",
    "Latitude": "51.256014",
    "Location": "On or near North Downs Close",
    "LSOA code": "E01023987",
    "LSOA name": "Ashford 001B",
    "Crime type": "Criminal damage and arson",
    "Last outcome category": "Offender given penalty notice",
    "Outcome type": "Offender given penalty notice",
    "Context": "",
}
STOP = {
    "Type": "Person search",
    "Date": "2018-10-06T22:45:00+00:00",
    "Part of a policing operation": "False",
    "Policing operation": "",
    "Latitude": "51.518226",
    "Longitude": "-0.111497",
    "Gender": "Male",
    "Age range": "18-24",
    "Self-defined ethnicity": "Other ethnic group - Not stated",
    "Officer-defined ethnicity": "White",
    "Legislation": "Misuse of Drugs Act 1971 (section 23)",
    "Object of search": "Controlled drugs",
    "Outcome": "Arrest",
    "Outcome linked to object of search": "",
    "Removal of more than just outer clothing": "True",
}
UNLOCATED = {"Longitude": "", "Latitude": "", "Location": "No Location", "LSOA code": "", "LSOA name": ""}


def page_of(dataset: Dataset, *changes: dict[str, str], force: str = "kent") -> Rows | Crimes:
    """A page of rows that differ from a real one."""
    one = STOP if dataset is Dataset.STOPS else CRIME
    rows = [[{**one, **change}[name] for name in PUBLISHED[dataset]] for change in changes]
    return build(dataset, OCTOBER, force, made(dataset, *rows))


def crimes_of(dataset: Dataset, *changes: dict[str, str], force: str = "kent") -> Crimes:
    """The same of crimes or outcomes."""
    crimes = page_of(dataset, *changes, force=force)
    assert isinstance(crimes, Crimes)
    return crimes


def stops_of(body: bytes) -> list[tuple[Any, ...]]:
    """The rows of a page of stops."""
    stops = build(Dataset.STOPS, OCTOBER, "kent", body)
    assert isinstance(stops, Rows)
    return stops.rows


def rows_of(page: Rows | Crimes, dataset: Dataset = Dataset.STREET) -> list[dict[str, Any]]:
    """A page's rows by the names of the staging table's columns; places and words are no numbers yet."""
    if isinstance(page, Rows):
        return [dict(zip(COLUMNS[dataset][1:], row, strict=True)) for row in page.rows]
    return [
        {
            "position": position,
            "place": page.where.keys[where],
            "recorded_by": page.where.recorders[where].force,
            "category_id": page.what.values[what].category,
            "outcome_id": page.what.values[what].outcome,
            "content_hash": digest,
            "persistent_id": crime,
            "extra": extra,
        }
        for position, where, what, digest, crime, extra in zip(
            page.positions,
            page.where.codes.to_pylist(),
            page.what.codes.to_pylist(),
            page.content_hashes,
            page.persistent_ids.to_pylist(),
            page.extras,
            strict=True,
        )
    ]


def row_of(dataset: Dataset, change: dict[str, str], force: str = "kent") -> dict[str, Any]:
    """The only row."""
    page = page_of(dataset, change, force=force)
    assert page.set_aside == []
    [row] = rows_of(page, dataset)
    return row


def reason(dataset: Dataset, change: dict[str, str]) -> str:
    """Why a row is set aside."""
    page = page_of(dataset, {}, change)
    assert [one.position for one in page.set_aside] == [1]
    assert len(page) == 1
    return page.set_aside[0].reason


def place_of(crimes: Crimes) -> Place:
    """The only place."""
    [place] = crimes.where.places(set(crimes.where.keys))
    return place


def lsoas_of(crimes: Crimes) -> list[tuple[str, str]]:
    """The LSOAs of points, with their names."""
    both = zip(crimes.where.lsoas, crimes.where.lsoa_names, strict=True)
    return [(code, name) for code, name in both if code]


def test_a_crime_has_the_slug_of_its_label_and_the_words_of_its_outcome() -> None:
    row = row_of(Dataset.STREET, {})
    assert row["category_id"] == Label("category", "criminal-damage-arson")
    assert row["outcome_id"] == Label("street_outcome", "Offender given penalty notice")
    assert (row["recorded_by"], row["extra"]) == ("kent", "")
    assert row["persistent_id"].hex() == CRIME["Crime ID"]


def test_an_outcome_has_the_name_and_code_of_the_api_and_no_category_of_its_crime() -> None:
    row = row_of(Dataset.OUTCOMES, {})
    assert row["outcome_id"] == Label("outcome", "Offender given a penalty notice", "penalty-notice-issued")
    assert row["category_id"] == Label("category", None)


def test_the_oldest_month_is_read_with_its_labels() -> None:
    page = build(Dataset.STREET, date(2010, 12, 1), "metropolitan", OLDEST.read_bytes())
    assert isinstance(page, Crimes)
    assert page.set_aside == []
    assert sorted(row["category_id"].value for row in rows_of(page)) == [
        "anti-social-behaviour", "anti-social-behaviour", "burglary", "other-crime", "robbery",
        "vehicle-crime", "vehicle-crime", "violent-crime", "violent-crime", "violent-crime",
    ]  # fmt: skip
    assert set(page.persistent_ids.to_pylist()) == {b""}
    assert page.lsoa_vintage == 2011
    assert dict(lsoas_of(page))["E01000027"] == "Barking and Dagenham 001A"


def test_the_place_is_the_map_point_without_street_number_and_kind() -> None:
    place = place_of(crimes_of(Dataset.STREET, {}))
    assert (place.lon_e6, place.lat_e6, place.street_id) == (967072, 51256014, None)
    assert (place.street_name, place.location_type, place.force) == (CRIME["Location"], None, None)


def test_what_the_transport_police_reported_is_at_places_of_theirs() -> None:
    btp = {"Reported by": "British Transport Police", "Falls within": "British Transport Police"}
    page = crimes_of(Dataset.STREET, btp, force="btp")
    assert place_of(page).location_type == "BTP"
    assert rows_of(page)[0]["recorded_by"] == "btp"


@pytest.mark.parametrize("words", ["No Location", "No location", ""])
def test_without_coordinates_a_record_is_its_forces(words: str) -> None:
    crimes = crimes_of(Dataset.STREET, {**UNLOCATED, "Location": words})
    place = place_of(crimes)
    assert (place.lon_e6, place.lat_e6, place.street_name, place.force) == (None, None, None, "kent")
    assert crimes.extras == [""]
    assert lsoas_of(crimes) == []


def test_zero_coordinates_are_no_location_and_stay_as_published() -> None:
    crimes = crimes_of(Dataset.STREET, {**UNLOCATED, "Longitude": "0", "Latitude": "0.000000"})
    assert place_of(crimes).lon_e6 is None
    assert crimes.extras == ['{"latitude":"0.000000","longitude":"0"}']


@pytest.mark.parametrize(
    ("change", "extra"),
    [
        ({"Context": "seen"}, '{"context":"seen"}'),
        ({"Falls within": "Essex Police"}, '{"falls_within":"Essex Police"}'),
        ({"Reported by": "X", "Falls within": "X"}, '{"reported_by":"X"}'),
        ({"Crime ID": "A1"}, '{"persistent_id":"A1"}'),
        ({**UNLOCATED, "Location": "On or near A"}, '{"location":"On or near A"}'),
        (
            {**UNLOCATED, "LSOA code": "E01", "LSOA name": "A 1"},
            '{"lsoa_code":"E01","lsoa_name":"A 1"}',
        ),
    ],
)
def test_what_no_column_holds_is_kept_as_published(change: dict[str, str], extra: str) -> None:
    assert row_of(Dataset.STREET, change)["extra"] == extra


def test_the_force_that_is_named_recorded_it_whosever_file_it_is() -> None:
    essex = {"Reported by": "Essex Police", "Falls within": "Essex Police"}
    assert row_of(Dataset.STREET, essex)["recorded_by"] == "essex"


def test_twins_have_one_hash_and_other_records_another() -> None:
    crimes = crimes_of(
        Dataset.STREET, {}, {}, {"Location": CRIME["Location"].upper()}, {"Crime type": "Burglary"},
        {"Reported by": "Essex Police", "Falls within": "Essex Police"},
        {"Last outcome category": ""},
    )  # fmt: skip
    hashes = crimes.content_hashes
    assert hashes[0] == hashes[1] == hashes[2]
    assert len(set(hashes[2:])) == 4
    assert crimes.positions == list(range(6))


@pytest.mark.parametrize(
    ("change", "extra"),
    [
        ({}, {}),
        ({"Crime ID": ""}, {}),
        ({"Crime ID": 'A"1'}, {"persistent_id": 'A"1'}),
        ({"Last outcome category": ""}, {}),
        ({"Crime type": 'Fr"aud', "Location": "Tŷ Łódź"}, {}),
        ({"Context": "seen"}, {"context": "seen"}),
        ({"Falls within": "Essex Police"}, {"falls_within": "Essex Police"}),
        (UNLOCATED, {}),
    ],
)
def test_the_hash_is_that_of_the_canonical_json(change: dict[str, str], extra: dict[str, object]) -> None:
    row = {**CRIME, **change}
    place = canonical_place(row["Latitude"], row["Longitude"], None, row["Location"])
    slug = {"Criminal damage and arson": "criminal-damage-arson"}.get(row["Crime type"], row["Crime type"])
    last = row["Last outcome category"]
    crime = CanonicalCrime(
        category=slug,
        context=row["Context"],
        force="kent",
        location=place if row["Longitude"] else Raw(b"null"),
        location_subtype="",
        location_type=None,
        month="2018-10",
        outcome_status=Raw(encode((last, None))) if last else Raw(b"null"),
        persistent_id=row["Crime ID"],
    )
    assert crimes_of(Dataset.STREET, change).content_hashes == [content_hash(crime, extra)]
    bare = structs.replace(crime, category="", context="", month="", outcome_status=Raw(b"null"))
    outcome = CanonicalOutcome(
        code="penalty-notice-issued",
        crime=bare,
        date="2018-10",
        name="Offender given a penalty notice",
        person_id=None,
    )
    of_outcome = {key: value for key, value in extra.items() if key != "context"}
    assert crimes_of(Dataset.OUTCOMES, change).content_hashes == [content_hash(outcome, of_outcome)]


def test_a_second_lsoa_of_a_point_is_kept_with_its_record() -> None:
    crimes = crimes_of(Dataset.STREET, {}, {"LSOA code": "E9", "LSOA name": "B"})
    assert set(lsoas_of(crimes)) == {("E01023987", "Ashford 001B")}
    assert crimes.extras == ["", '{"lsoa_code":"E9","lsoa_name":"B"}']


def test_lsoas_are_those_of_2021_from_june_2023() -> None:
    months = date(2010, 12, 1), date(2023, 5, 1), date(2023, 6, 1)
    assert [lsoa_vintage(month) for month in months] == [2011, 2011, 2021]


def test_labels_nobody_knows_stay_as_published() -> None:
    assert row_of(Dataset.STREET, {"Crime type": "Fraud"})["category_id"].value == "Fraud"
    label = row_of(Dataset.OUTCOMES, {"Outcome type": "Pardoned"})["outcome_id"]
    assert label == Label("outcome", "Pardoned")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Month": "2018-11"}, "month '2018-11', not the 2018-10 of the file"),
        ({"Crime type": ""}, "no crime type"),
        ({"Longitude": ""}, "one coordinate without the other: '51.256014'"),
        ({"Latitude": "51,2"}, "'51,2' is not a coordinate"),
        ({"Latitude": "95.1"}, "95.1 is not a coordinate"),
        ({"Location": "a\0b"}, "a text holds the character U+0000"),
    ],
)
def test_a_crime_that_cannot_be_right_is_set_aside(change: dict[str, str], said: str) -> None:
    assert reason(Dataset.STREET, change) == said


def test_an_outcome_without_a_type_is_set_aside() -> None:
    assert reason(Dataset.OUTCOMES, {"Outcome type": ""}) == "no outcome type"


def test_rows_that_are_set_aside_leave_the_others_where_they_stand() -> None:
    good = [CRIME[name] for name in PUBLISHED[Dataset.STREET]]
    wrong = [{**CRIME, "Month": "2018-11"}[name] for name in PUBLISHED[Dataset.STREET]]
    page = build(Dataset.STREET, OCTOBER, "kent", made(Dataset.STREET, good, ["a", "b"], wrong, good))
    assert sorted((one.position, one.reason) for one in page.set_aside) == [
        (1, "2 fields instead of 12"),
        (2, "month '2018-11', not the 2018-10 of the file"),
    ]
    assert {one.position: one.raw for one in page.set_aside}[1] == '["a","b"]'
    assert [row["position"] for row in rows_of(page)] == [0, 3]


@pytest.mark.parametrize("dataset", [Dataset.STREET, Dataset.OUTCOMES])
def test_a_page_may_hold_nothing_but_rows_that_are_set_aside(dataset: Dataset) -> None:
    page = crimes_of(dataset, {"Month": "2018-11"}, {"Latitude": "nan"})
    assert [one.reason for one in page.set_aside] == [
        "month '2018-11', not the 2018-10 of the file",
        "nan is not a coordinate",
    ]
    assert (len(page), len(page.where), page.labels) == (0, 0, {})


def test_a_stop_is_its_files_forces_and_says_what_its_columns_say() -> None:
    row = row_of(Dataset.STOPS, {}, force="city-of-london")
    assert row["force_id"] == "city-of-london"
    assert row["happened_at"] == datetime(2018, 10, 6, 22, 45, tzinfo=UTC)
    assert row["outcome_id"] == Label("stop_outcome", "Arrest", "bu-arrest")
    flags = row["operation"], row["outcome_linked"], row["clothing_removed"], row["involved_person"]
    assert flags == (False, None, True, None)


def test_blank_words_of_a_stop_are_none_and_a_blank_outcome_is_not_recorded() -> None:
    blank = {name: "" for name in STOP if name not in ("Date",)}
    row = row_of(Dataset.STOPS, blank)
    assert row["outcome_id"] == Label("stop_outcome", "")
    words = ("type_id", "gender_id", "age_range_id", "self_ethnicity_id", "legislation_id", "category_id")
    assert {row[word].value for word in words} == {None}
    assert row["operation_name"] is None


def test_a_stop_may_be_of_the_hour_before_its_month_and_no_earlier() -> None:
    assert row_of(Dataset.STOPS, {"Date": "2018-09-30T23:30:00+00:00"})
    assert "not of the 2018-10" in reason(Dataset.STOPS, {"Date": "2018-09-29T23:30:00+00:00"})
    assert reason(Dataset.STOPS, {"Date": "yesterday"}) == "'yesterday' is not a time"
    assert "neither True nor False nor blank" in reason(
        Dataset.STOPS, {"Part of a policing operation": "perhaps"}
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"Crime ID,Month\n"])
def test_a_page_without_the_columns_is_refused(body: bytes) -> None:
    with pytest.raises(PermanentError, match="the page"):
        build(Dataset.STREET, OCTOBER, "kent", body)


def test_columns_in_another_order_say_the_same() -> None:
    body = made(Dataset.STOPS, STOP.values())
    lines = [",".join(reversed(line.split(","))) for line in body.decode().splitlines()]
    assert stops_of("\n".join(lines).encode()) == stops_of(body)


@pytest.mark.parametrize("kind", [CanonicalCrime, CanonicalOutcome, CanonicalStop])
def test_what_is_hashed_is_declared_in_the_order_of_its_names(kind: type[Struct]) -> None:
    assert list(kind.__struct_fields__) == sorted(kind.__struct_fields__)
