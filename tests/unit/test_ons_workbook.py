"""Another edition of ONS: the published workbook as a file of rates, and services that compare with it.

`tests/data/ons/table_p3.xlsx` is the sheet "Table P3" of the police force area data tables, year ending
December 2024: ONS, Open Government Licence v3.0.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from services.console.ons_workbook import rates_file
from shared import ons, reference
from shared.coverage import revision_of
from shared.errors import PermanentError, RequestError

PUBLISHED = Path(__file__).parents[1] / "data" / "ons" / "table_p3.xlsx"
BUNDLED = Path(reference.__file__).parent / "ons_rates.csv"
HEADER, COUNTRY = 8, 9
"""Rows of the sheet, from 1."""


@pytest.fixture(autouse=True)
def bundled_again() -> Iterator[None]:
    yield
    ons.use(None)


def changed(folder: Path, change: Callable[[Worksheet], None]) -> Path:
    """The published workbook with something changed."""
    book = load_workbook(PUBLISHED)
    change(book["Table P3"])
    path = folder / "changed.xlsx"
    book.save(path)
    return path


def test_the_published_workbook_gives_the_bundled_rates_to_the_last_digit() -> None:
    text, withheld = rates_file(PUBLISHED)
    assert text == BUNDLED.read_text(encoding="utf-8")
    assert withheld == ["city-of-london"]


def test_services_compare_with_the_edition_that_they_are_given(tmp_path: Path) -> None:
    def newer(sheet: Worksheet) -> None:
        sheet.cell(1, 1).value = str(sheet.cell(1, 1).value).replace("December 2024", "March 2025")
        sheet.cell(HEADER, 3).value = "Population figures (mid-2024)"

    path = tmp_path / "rates.csv"
    path.write_text(rates_file(changed(tmp_path, newer))[0], encoding="utf-8")
    months = [(date(2018, 10, 1), (1, 1))]
    before = revision_of(months)
    ons.use(path)
    assert (ons.current().title, ons.current().population) == ("year ending March 2025", "mid-2024")
    assert revision_of(months) != before
    ons.use(None)
    assert ons.current() == ons.bundled()
    assert revision_of(months) == before


def test_other_rates_under_the_same_title_are_another_edition(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(BUNDLED.read_text(encoding="utf-8").replace("1.011967", "1.011968"), encoding="utf-8")
    ons.use(path)
    assert ons.current().title == ons.bundled().title
    assert ons.current().name != ons.bundled().name


def test_groups_that_do_not_add_up_to_the_published_total_are_refused(tmp_path: Path) -> None:
    def more(sheet: Worksheet) -> None:
        sheet.cell(COUNTRY, 5).value = 90

    with pytest.raises(RequestError, match=r"ENGLAND AND WALES.* add up to 87\.9.*, published are 90"):
        rates_file(changed(tmp_path, more))


def test_a_workbook_without_a_group_an_area_or_a_year_is_refused(tmp_path: Path) -> None:
    def no_group(sheet: Worksheet) -> None:
        sheet.cell(HEADER, 6).value = "Violence"

    def no_area(sheet: Worksheet) -> None:
        sheet.cell(COUNTRY, 1).value = "K0"

    def no_year(sheet: Worksheet) -> None:
        sheet.cell(1, 1).value = "Table P3"

    def words(sheet: Worksheet) -> None:
        sheet.cell(COUNTRY, 6).value = "many"

    def one_column(sheet: Worksheet) -> None:
        sheet.delete_cols(2, 100)

    for change, said in (
        (no_group, "no column 'Violence against the person'"),
        (no_area, "no row of england-and-wales"),
        (no_year, "names no year"),
        (words, "ENGLAND AND WALES.*'many'"),
        (one_column, "does not say of which year its population is"),
    ):
        with pytest.raises(RequestError, match=said):
            rates_file(changed(tmp_path, change))


def test_what_is_no_such_workbook_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    text.write_text("Area Code,Area Name")
    Workbook().save(other)
    for path, said in (
        (text, "is no Excel workbook"),
        (tmp_path / "none.xlsx", "is no Excel workbook"),
        (BUNDLED, "is no Excel workbook"),
        (other, "has no sheet 'Table P3'"),
    ):
        with pytest.raises(RequestError, match=said):
            rates_file(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"\xff\xfe",
        b"edition",
        BUNDLED.read_bytes()[:-40],
        BUNDLED.read_bytes().splitlines()[0],
        BUNDLED.read_bytes().replace(b"1.011967", b"nan"),
        BUNDLED.read_bytes().replace(b"1.011967", b"-1"),
        BUNDLED.read_bytes().replace(b"1.011967", b"1.011967,1"),
        BUNDLED.read_bytes().replace(b"mid-2023,e", b"mid-2024,e"),
    ],
)
def test_a_service_refuses_rates_that_are_no_edition(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rates.csv"
    path.write_bytes(content)
    with pytest.raises(
        PermanentError, match=r"ONS_RATES: .*rates\.csv is no file of `crimemaps reference ons`"
    ):
        ons.use(path)
    assert ons.current() == ons.bundled()
