"""Answers: what goes on the bus is a list of records of the month that was asked for."""

import json
from datetime import date
from typing import Any

import pytest

from services.fetcher.answers import UntrustworthyError, count_records
from shared.model import Dataset

OCTOBER, MARCH = date(2018, 10, 1), date(2019, 3, 1)
TIME = {Dataset.STREET: "month", Dataset.OUTCOMES: "date", Dataset.STOPS: "datetime"}


def body(dataset: Dataset, *times: object) -> bytes:
    return json.dumps([{"other": 1, TIME[dataset]: time} for time in times]).encode()


@pytest.mark.parametrize(
    ("dataset", "time"),
    [
        (Dataset.STREET, "2018-10"),
        (Dataset.OUTCOMES, "2018-10"),
        (Dataset.STOPS, "2018-10-17T12:00:00+00:00"),
    ],
)
def test_records_of_the_month_are_counted(dataset: Dataset, time: str) -> None:
    assert count_records(dataset, OCTOBER, body(dataset, *[time] * 7)) == 7


@pytest.mark.parametrize("dataset", Dataset)
def test_an_empty_list_is_an_answer(dataset: Dataset) -> None:
    assert count_records(dataset, OCTOBER, b"[]") == 0


@pytest.mark.parametrize("dataset", Dataset)
def test_the_newest_month_in_place_of_the_one_asked_for_is_refused(dataset: Dataset) -> None:
    newest = body(dataset, *["2020-08" if dataset is not Dataset.STOPS else "2020-08-01T00:00:00+00:00"] * 3)
    with pytest.raises(UntrustworthyError) as refused:
        count_records(dataset, OCTOBER, newest)
    assert str(refused.value) == "3 of 3 records are not of 2018-10, the month that was asked for"


@pytest.mark.parametrize("odd", ["2020-08", None, "", "18-10"])
def test_a_single_odd_record_passes_and_more_than_half_do_not(odd: str | None) -> None:
    assert count_records(Dataset.STREET, OCTOBER, body(Dataset.STREET, odd, "2018-10")) == 2
    with pytest.raises(UntrustworthyError, match="2 of 3 records"):
        count_records(Dataset.STREET, OCTOBER, body(Dataset.STREET, odd, odd, "2018-10"))


def test_a_missing_month_counts_as_odd() -> None:
    assert count_records(Dataset.STREET, OCTOBER, b'[{"month":"2018-10"},{}]') == 2
    with pytest.raises(UntrustworthyError):
        count_records(Dataset.STREET, OCTOBER, b"[{}]")


@pytest.mark.parametrize("record", [b'{"month":201810}', b"17", b"null", b'"2018-10"', b"[]"])
def test_records_of_another_form_are_counted_for_the_loader_to_set_aside(record: bytes) -> None:
    assert count_records(Dataset.STREET, OCTOBER, b'[{"month":"2018-10"},' + record + b"]") == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"{}",
        b'{"month":"2018-10"}',
        b'[{"month":"2018-10"}',
        b'[{"month":"2018-10"},17',
        b'[{"month":"2018-10"}]]',
        b"<html>Bad Gateway</html>",
        b'[{"month":"\xff\xfe"}]',
    ],
)
def test_what_is_no_list_or_cut_is_refused(answer: bytes) -> None:
    with pytest.raises(UntrustworthyError, match="not a JSON list"):
        count_records(Dataset.STREET, OCTOBER, answer)


def test_a_stop_in_the_first_hour_of_a_summer_month_is_dated_in_the_month_before() -> None:
    # 00:30 on 1 October 2018 in London, as data.police.uk writes it.
    assert count_records(Dataset.STOPS, OCTOBER, body(Dataset.STOPS, "2018-09-30T23:30:00+00:00")) == 1
    assert count_records(Dataset.STOPS, MARCH, body(Dataset.STOPS, "2019-02-28T23:30:00+00:00")) == 1
    with pytest.raises(UntrustworthyError):
        count_records(Dataset.STOPS, OCTOBER, body(Dataset.STOPS, "2018-09-29T23:30:00+00:00"))
    with pytest.raises(UntrustworthyError):
        count_records(Dataset.STREET, OCTOBER, body(Dataset.STREET, "2018-09"))


@pytest.mark.parametrize("dataset", Dataset)
def test_the_real_month_asked_as_another_is_refused(dataset: Dataset) -> None:
    records: list[dict[str, Any]] = [
        {"month": "2018-11", "date": "2018-11", "datetime": f"2018-11-{day:02}T00:00:00+00:00"}
        for day in range(2, 30)
    ]
    answer = json.dumps(records).encode()
    assert count_records(dataset, date(2018, 11, 1), answer) == 28
    with pytest.raises(UntrustworthyError, match="28 of 28"):
        count_records(dataset, date(2018, 12, 1), answer)
