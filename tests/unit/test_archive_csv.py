"""The CSV of an archive's pages: by rows and by columns, as the csv module reads it."""

import csv
from io import StringIO
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.loader.archive_csv import read_columns, read_table, split
from shared.archive import COLUMNS as PUBLISHED
from shared.model import Dataset
from tests.archives import real

FIELD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)


@given(
    rows=st.lists(st.lists(FIELD, min_size=10, max_size=10), max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_columns_hold_what_the_csv_module_reads(
    rows: list[list[str]], end: str, quoting: Literal[0, 1]
) -> None:
    out = StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=quoting).writerows([PUBLISHED[Dataset.OUTCOMES], *rows])
    plain = list(filter(None, csv.reader(StringIO(out.getvalue(), newline=""))))[1:]
    sound = [(position, row) for position, row in enumerate(plain) if len(row) == 10]
    columns = read_columns(Dataset.OUTCOMES, out.getvalue().encode(), [])
    assert [list(row.values()) for row in columns.table.to_pylist()] == [row for _, row in sound]
    assert columns.positions == [position for position, _ in sound]


@pytest.mark.parametrize(
    ("month", "force", "dataset"),
    [
        ("2018-10", "kent", Dataset.STREET),
        ("2022-01", "thames-valley", Dataset.STREET),
        ("2022-01", "thames-valley", Dataset.OUTCOMES),
    ],
)
def test_files_as_they_are_published_are_read_by_columns(month: str, force: str, dataset: Dataset) -> None:
    [body] = real(month, dataset, force).values()
    table = read_table(PUBLISHED[dataset], body)
    assert table is not None
    assert len(table) == body.count(b"\n") - 1


@pytest.mark.parametrize(
    "row",
    ['a"b,"c""d",e', " a , 'b' ,\t", '"a\nb",,"c"d', "\n\r\n\na,b,c", "\x0b,\u2028,\x1c", '"a\r\nb",c,d'],
)
def test_odd_fields_are_read_as_the_csv_module_reads_them(row: str) -> None:
    text = f"{','.join(PUBLISHED[Dataset.OUTCOMES])}\n{row},,,,,,,\n"
    plain = [fields for fields in csv.reader(StringIO(text, newline="")) if fields][1:]
    found = read_columns(Dataset.OUTCOMES, text.encode(), [])
    assert [list(row.values()) for row in found.table.to_pylist()] == plain


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nc,\n",
        "\n\na\n\n,\n",
        "a\r\n\r\nb,c\r\n",
        'a,"b\nc",""\n',
        "\x0b,\x1c,\x85\n\u2028, b ,'c'\n",
        *[body.decode("utf-8-sig") for body in real("2018-10", Dataset.STREET, "kent", "btp").values()],
        *[body.decode("utf-8-sig") for body in real("2018-10", Dataset.STOPS, "city-of-london").values()],
    ],
    ids=range(8),
)
def test_lines_are_split_as_csv_says(text: str) -> None:
    assert list(split(text)) == [row for row in csv.reader(StringIO(text, newline="")) if row]
