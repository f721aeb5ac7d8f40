"""Where rows of an archive say that it was: together and by itself, the same is found."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.loader.archive_columns import distinct
from services.loader.archive_crimes import WHERE
from services.loader.archive_csv import read_columns
from services.loader.archive_lsoas import are_settled, settle_lsoas
from services.loader.archive_places import Where, where_of
from services.loader.archive_wheres import Wheres, read_wheres
from services.loader.meaning import MeaninglessError
from shared.model import Dataset
from tests.archives import real

FORCES = ["Kent Police", "British Transport Police", "City of London Police", "Nobody's Police", ""]
COORDINATES = [
    "0.967072", "51.256014", "-1.5", "-0.0", "0", "0.000000", "", "60.1", "6.1234567", "1e1", " 1.5", "52",
    "49.9999995", "50.0000005", "-2.675", "95.1", "nan", "51,2", "\u0665\u0661.\u0662", "5.\n", "1.5\n",
]  # fmt: skip
STREETS = [
    "On or near A", "ON OR NEAR A", "No Location", "", 'Tŷ "Łódź"\\\t', "STRASSE ß", "\u2028\x7f\x1f😀",
]  # fmt: skip
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
DECIMAL = st.decimals(-70, 70, places=6).map(str) | st.decimals(-70, 70, places=3).map(str)
COORDINATE = st.sampled_from(COORDINATES) | DECIMAL
ROW = st.tuples(
    st.sampled_from(FORCES), st.sampled_from(FORCES), COORDINATE, COORDINATE, st.sampled_from(STREETS) | TEXT,
    st.sampled_from(["E01000001", "W01000002", ""]), st.sampled_from(["A 001A", "B 002B", ""]),
)  # fmt: skip
POINT = ("Kent Police", "Kent Police", "0.967072", "51.256014")


def table_of(*rows: tuple[str, ...]) -> pa.Table:
    """Rows as columns."""
    columns = zip(*rows, strict=True) if rows else [()] * len(WHERE)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=WHERE)


def said(wheres: Wheres, number: int) -> tuple[object, ...]:
    """All that one says, with its place."""
    place = list(wheres.places(set(wheres.keys)))[number]
    of_point = wheres.lsoas[number], wheres.lsoa_names[number] if wheres.lsoas[number] else ""
    extra = wheres.extras.get(number, {})
    return place, wheres.hashed[number], wheres.recorders[number].force, of_point, extra


def by_itself(force: str, row: tuple[str, ...]) -> Where | str:
    """What a row says, or why it says nothing."""
    try:
        return where_of(force, *row)
    except MeaninglessError as reason:
        return str(reason)


def check(force: str, table: pa.Table) -> Wheres:
    """Each of a table is as it is when it is read by itself."""
    wheres = read_wheres(force, table)
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert len(wheres) == len(set(rows))
    for row, number in zip(rows, wheres.codes.to_pylist(), strict=True):
        where = by_itself(force, row)
        if isinstance(where, str):
            assert wheres.reasons[number] == where
            continue
        assert number not in wheres.reasons
        lon, lat = where.place.lon_e6 or 0, where.place.lat_e6 or 0
        assert (wheres.lon_e6[number], wheres.lat_e6[number]) == (lon, lat)
        told = where.place, where.hashed, where.force, where.lsoa or ("", ""), dict(where.extra or {})
        assert said(wheres, number) == told
    return wheres


@given(rows=st.lists(ROW, max_size=8), force=st.sampled_from(["kent", "btp"]))
def test_rows_say_together_what_each_says_by_itself(rows: list[tuple[str, ...]], force: str) -> None:
    check(force, table_of(*rows))


@given(lon=st.integers(-9_999_999, 9_999_999), lat=st.integers(40_000_000, 69_999_999), cut=st.integers(0, 5))
def test_every_coordinate_of_the_country_is_read_as_by_itself(lon: int, lat: int, cut: int) -> None:
    texts = [f"{'-' * (e6 < 0)}{abs(e6) // 10**6}.{abs(e6) % 10**6:06}" for e6 in (lon, lat)]
    texts = [text[: len(text) - cut] for text in texts]
    assert check("kent", table_of(("Kent Police", "Kent Police", *texts, "A", "", ""))).odd == {}


@pytest.mark.parametrize("force", ["city-of-london", "btp", "kent"])
def test_a_real_file_is_read_together_but_for_what_has_no_location(force: str) -> None:
    [body] = real("2018-10", Dataset.STREET, force).values()
    table = read_columns(Dataset.STREET, body.removeprefix(b"\xef\xbb\xbf"), []).table.select(WHERE)
    wheres = check(force, table.slice(0, 2_000))
    assert len(wheres) > 100
    assert {where.place.lon_e6 for where in wheres.odd.values()} <= {None}
    assert are_settled(wheres)


def test_each_combination_is_there_once_in_the_order_of_the_rows() -> None:
    table = pa.table({"a": ["x", "y", "x", "", "y"], "b": ["1", "1", "1", "x1", "2"]})
    columns, codes = distinct(table)
    assert [column.to_pylist() for column in columns] == [["x", "y", "", "y"], ["1", "1", "x1", "2"]]
    assert codes.to_pylist() == [0, 1, 0, 2, 3]


@pytest.mark.parametrize(
    ("lsoas", "kept", "extras"),
    [
        ([("E1", "A"), ("E1", "A")], ["E1", "E1"], {}),
        ([("E1", "A"), ("E2", "A"), ("E1", "A")], ["E1", "E1", "E1"], {1: ("E2", "A")}),
        ([("E1", "A"), ("E1", "B")], ["E1", "E1"], {1: ("E1", "B")}),
        ([("", ""), ("E1", "A"), ("", "x")], ["", "E1", ""], {}),
    ],
)
def test_the_first_lsoa_of_a_point_and_the_first_name_of_an_lsoa_count(
    lsoas: list[tuple[str, str]], kept: list[str], extras: dict[int, tuple[str, str]]
) -> None:
    rows = [(*POINT, f"Street {number}", *lsoa) for number, lsoa in enumerate(lsoas)]
    wheres = read_wheres("kent", table_of(*rows))
    assert are_settled(wheres) == (not extras)
    settle_lsoas(wheres)
    assert wheres.lsoas == kept
    told = {number: (extra["lsoa_code"], extra["lsoa_name"]) for number, extra in wheres.extras.items()}
    assert told == extras
    assert are_settled(wheres)


def test_a_point_keeps_its_lsoa_when_only_the_name_is_another() -> None:
    other = ("Kent Police", "Kent Police", "0.967073", "51.256014")
    wheres = read_wheres("kent", table_of((*POINT, "A", "E1", "A"), (*other, "A", "E1", "B")))
    settle_lsoas(wheres)
    assert (wheres.lsoas, wheres.lsoa_names) == (["E1", "E1"], ["A", "A"])
    assert wheres.extras == {1: {"lsoa_code": "E1", "lsoa_name": "B"}}


def test_one_lsoa_at_several_points_and_several_at_different_points_are_no_contradiction() -> None:
    other = ("Kent Police", "Kent Police", "0.967073", "51.256014")
    rows = [(*POINT, "A", "E1", "A"), (*other, "A", "E1", "A"), (*other, "B", "E1", "A")]
    assert are_settled(read_wheres("kent", table_of(*rows)))


def test_only_the_places_that_are_wanted_are_described() -> None:
    wheres = read_wheres(
        "kent", table_of((*POINT, "A", "", ""), (*POINT, "B", "", ""), (*POINT, "A", "E1", "X"))
    )
    [first, again] = wheres.places({wheres.keys[0]})
    assert first == again
    assert (first.street_name, first.lon_e6, first.lat_e6) == ("A", 967072, 51256014)
