"""A raw page: what can be understood becomes a record, what cannot is set aside with the reason."""

import json
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from services.loader.handlers import unpack
from services.loader.parse import parse
from services.loader.row_shapes import Rows
from services.loader.rows import RowBuilder
from shared.errors import PermanentError
from shared.model import Dataset
from tests.builders import OCTOBER, Record, crime, outcome, page, sample_run, stop

BUILD = {Dataset.STREET: crime, Dataset.OUTCOMES: outcome, Dataset.STOPS: stop}
LEAST: dict[Dataset, Record] = {
    Dataset.STREET: {"id": 1, "category": "drugs", "month": "2018-10"},
    Dataset.OUTCOMES: {
        "category": {"code": "charged", "name": "Suspect charged"},
        "date": "2018-10",
        "crime": {"id": 1, "category": "drugs", "month": "2018-09"},
    },
    Dataset.STOPS: {"datetime": "2018-10-01T00:00:00+00:00"},
}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["\0", "2018-10", "91", "-0.1", "nan", "1e9"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def rows_of(dataset: Dataset, *records: Record) -> Rows:
    return RowBuilder(dataset, OCTOBER, None).build(parse(dataset, page(*records).body))


@pytest.mark.parametrize("dataset", Dataset)
def test_a_record_with_nothing_but_its_required_keys_is_a_record(dataset: Dataset) -> None:
    rows = rows_of(dataset, LEAST[dataset])
    assert len(rows.rows) == 1
    assert rows.set_aside == []


@pytest.mark.parametrize(
    ("dataset", "key"), [(dataset, key) for dataset in Dataset for key in LEAST[dataset]]
)
def test_a_record_without_a_required_key_is_set_aside(dataset: Dataset, key: str) -> None:
    record = BUILD[dataset]()
    rows = rows_of(dataset, {name: value for name, value in record.items() if name != key}, record)
    assert len(rows.rows) == 1
    [bad] = rows.set_aside
    assert key in bad.reason


@pytest.mark.parametrize("dataset", Dataset)
def test_an_unknown_field_is_kept_with_its_record_and_changes_what_the_record_is(dataset: Dataset) -> None:
    build = BUILD[dataset]
    parsed = parse(dataset, page(build(), build(weather={"rain": True})).body)
    assert parsed.extras == {1: {"weather": {"rain": True}}}
    plain, wet = rows_of(dataset, build(), build(weather={"rain": True})).rows
    assert wet[-1] == '{"weather":{"rain":true}}'
    assert plain[-1] == ""
    hash_at = -2 if dataset is Dataset.STOPS else -3
    assert plain[hash_at] != wet[hash_at]


@pytest.mark.parametrize(
    ("dataset", "wrong"),
    [
        (Dataset.STREET, crime(id="116206187")),
        (Dataset.STREET, crime(id=1.5)),
        (Dataset.STREET, crime(id=2**63)),
        (Dataset.STREET, crime(category=None)),
        (Dataset.STREET, crime(location=["51.5", "-0.1"])),
        (Dataset.STREET, crime(location={"latitude": 51.5, "longitude": "-0.1"})),
        (Dataset.STREET, crime(location={"latitude": "51.5", "longitude": "north"})),
        (Dataset.STREET, crime(location={"latitude": "91", "longitude": "-0.1"})),
        (Dataset.STREET, crime(location={"latitude": "nan", "longitude": "-0.1"})),
        (Dataset.STREET, crime(location={**crime()["location"], "floor": 3})),
        (Dataset.STREET, crime(outcome_status="charged")),
        (Dataset.STREET, crime(outcome_status={"category": "charged", "date": "yesterday"})),
        (Dataset.OUTCOMES, outcome(category="charged")),
        (Dataset.OUTCOMES, outcome(crime=crime(id=None))),
        (Dataset.OUTCOMES, outcome(person_id=1.5)),
        (Dataset.STOPS, stop(involved_person="yes")),
        (Dataset.STOPS, stop(outcome=7)),
        (Dataset.STOPS, stop(outcome=True)),
        (Dataset.STOPS, stop(datetime="on Tuesday")),
        (Dataset.STOPS, stop(datetime="2018-10-06T22:45:00")),
        (Dataset.STOPS, stop(outcome_object="Arrest")),
        (Dataset.STREET, "a text"),
        (Dataset.STREET, None),
    ],
)
def test_a_value_that_cannot_be_right_costs_only_its_own_record(dataset: Dataset, wrong: Any) -> None:
    good = BUILD[dataset]()
    rows = rows_of(dataset, good, wrong, good)
    assert len(rows.rows) == 2
    [bad] = rows.set_aside
    assert bad.position == 1
    assert bad.reason
    kept = json.loads(bad.raw)
    assert kept is None or kept == wrong or wrong.items() <= kept.items()


def test_a_text_with_a_zero_character_is_set_aside_and_kept_in_a_form_the_database_takes() -> None:
    rows = rows_of(Dataset.STREET, crime(), crime(category="drugs\0"), crime())
    assert len(rows.rows) == 2
    [bad] = rows.set_aside
    assert "U+0000" in bad.reason
    assert "\0" not in bad.raw
    assert "drugs" in bad.raw


def test_a_text_that_is_not_utf_8_costs_only_its_own_record() -> None:
    body = page(crime(), crime(category="drugs"), crime()).body.replace(b'"drugs"', b'"dr\xffgs"')
    parsed = parse(Dataset.STREET, body)
    assert [position for position, _ in parsed.records] == [0, 2]
    assert [bad.position for bad in parsed.set_aside] == [1]
    assert "dr\ufffdgs" in parsed.set_aside[0].raw


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Gateway</html>",
        b'{"error": "too many"}',
        b"null",
        b'[{"id": 1}',
        b'[{"id": 1},]',
        b"\xff\xfe",
        b"[" * 100_000,
        b'[{"id": 1, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}]",
    ],
)
def test_a_page_that_is_no_json_array_is_refused_for_good(body: bytes) -> None:
    with pytest.raises(PermanentError, match="JSON"):
        parse(Dataset.STREET, body)


def test_an_empty_list_is_a_page_without_records() -> None:
    parsed = parse(Dataset.STREET, b"[]")
    assert (parsed.records, parsed.set_aside) == ([], [])


@given(dataset=st.sampled_from(Dataset), data=st.data())
def test_whatever_a_field_holds_every_record_becomes_a_row_or_is_set_aside(
    dataset: Dataset, data: st.DataObject
) -> None:
    record = BUILD[dataset]()
    key = data.draw(st.sampled_from([*record, "weather"]))
    record[key] = data.draw(ANYTHING)
    body = json.dumps([BUILD[dataset](), record]).encode()
    rows = RowBuilder(dataset, OCTOBER, None).build(parse(dataset, body))
    assert len(rows.rows) + len(rows.set_aside) == 2
    assert not any("\0" in bad.raw for bad in rows.set_aside)


@given(st.binary(max_size=40))
def test_whatever_a_page_holds_it_is_read_or_refused(body: bytes) -> None:
    try:
        json.loads(body)
        is_json = True
    except ValueError:
        is_json = False
    try:
        parse(Dataset.STREET, body)
    except PermanentError:
        return
    assert is_json


def test_reading_a_real_page_at_once_and_record_by_record_gives_the_same() -> None:
    # An unknown field in one record has the whole page read record by record.
    real = sample_run().pages[1].body
    whole = parse(Dataset.STREET, real)
    apart = parse(Dataset.STREET, real[:-1] + b"," + msgspec.json.encode(crime(weather="fair")) + b"]")
    assert len(whole.records) == 482
    assert apart.records[:-1] == whole.records
    assert apart.extras == {482: {"weather": "fair"}}


def test_a_page_unpacks_to_its_limit_and_no_further() -> None:

    packed = zstandard.ZstdCompressor().compress(b" " * 1000)
    assert len(packed) < 40
    assert unpack(packed, 1000) == b" " * 1000
    with pytest.raises(PermanentError, match="more than 999 bytes"):
        unpack(packed, 999)


@pytest.mark.parametrize("body", [b"[]", b"PK\x03\x04", b"<html>" * 99])
def test_a_body_that_is_not_zstd_is_refused_for_good(body: bytes) -> None:
    with pytest.raises(PermanentError, match="not zstd"):
        unpack(body, 1000)


def test_a_body_that_was_cut_is_refused_for_good_wherever_it_was_cut() -> None:
    packed = page(crime(), crime(id=2)).packed
    assert len(parse(Dataset.STREET, unpack(packed, 10_000)).records) == 2
    for length in range(len(packed)):
        with pytest.raises(PermanentError):
            parse(Dataset.STREET, unpack(packed[:length], 10_000))
