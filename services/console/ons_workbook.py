"""The rates per 1,000 residents in an ONS workbook, by category of police.uk. Reads the file it is given."""

import csv
import re
import zipfile
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from shared.errors import RequestError
from shared.ons import OnsEdition, columns, offence_groups
from shared.reference import forces

SHEET = "Table P3"
COUNTRY_CODE = "K04000001"
TOTAL = "Total recorded crime (excluding fraud)"
LEAST_DIFFERENCE = 1e-9
WITHHELD = re.compile(r"\[[a-z]+[0-9]*\]")
"""Such as `[u1]`: ONS publishes no number."""
Row = dict[str, str]


@dataclass(frozen=True)
class Workbook:
    """The rows of the table by area code, and what its words say of it."""

    title: str
    population: str
    rows: dict[str, Row]


def rates_file(path: Path) -> tuple[str, list[str]]:
    """The workbook's edition as the CSV file that services read, and the forces whose rates ONS withholds.

    Raises:
        RequestError: it is no such workbook, or its groups of offences do not add up to its totals.
    """
    book = read(path)
    areas = {OnsEdition.COUNTRY: COUNTRY_CODE}
    areas |= {force.id: force.pfa_code for force in forces() if force.pfa_code}
    if missing := sorted(area for area, code in areas.items() if code not in book.rows):
        raise RequestError(f"{path}: {SHEET} has no row of {', '.join(missing)}")
    found = {area: rates(book.rows[code]) for area, code in areas.items()}
    text = StringIO()
    writer = csv.DictWriter(text, columns(), lineterminator="\n")
    writer.writeheader()
    head = {"edition": book.title, "population": book.population}
    writer.writerows(head | {"area": area} | row for area, row in found.items() if row)
    return text.getvalue(), [area for area, row in found.items() if not row]


def rates(row: Row) -> Row:
    """Recorded crimes per 1,000 residents by category; empty if ONS withholds them.

    Raises:
        RequestError: the groups are not all there is, or are counted twice with parts of them.
    """
    groups = {group for names in offence_groups().values() for group in names}
    if absent := sorted((groups | {TOTAL}) - row.keys()):
        raise RequestError(f"{SHEET} has no column {', '.join(map(repr, absent))}: ons_mapping.csv names it")
    if all(WITHHELD.fullmatch(row[group]) for group in groups):
        return {}
    try:
        numbers = {group: float(row[group]) for group in groups | {TOTAL}}
    except ValueError as error:
        raise RequestError(f"{SHEET}, {row['Area Name']}: {error}") from error
    total = sum(numbers[group] for group in groups)
    if abs(total - numbers[TOTAL]) > LEAST_DIFFERENCE:
        raise RequestError(
            f"{SHEET}, {row['Area Name']}: the groups add up to {total}, published are {numbers[TOTAL]}"
        )
    return {slug: f"{sum(numbers[name] for name in names):.6f}" for slug, names in offence_groups().items()}


def read(path: Path) -> Workbook:
    """The table of rates.

    Raises:
        RequestError: it is no workbook with that table.
    """
    lines = lines_of(path)
    start = next((n for n, line in enumerate(lines) if line[:1] == ["Area Code"]), None)
    heading = " ".join(cell for line in lines[:start] for cell in line)
    title = re.search(r"year ending \w+ \d{4}", heading)
    if start is None or title is None:
        raise RequestError(f"{path}: '{SHEET}' has no row that begins with 'Area Code', or names no year")
    population = re.search(r"mid-\d{4}", " ".join(lines[start][2:3]))
    if population is None:
        raise RequestError(f"{path}: '{SHEET}' does not say of which year its population is")
    names = [without_note(cell) for cell in lines[start]]
    rows = {line[0]: dict(zip(names, line, strict=True)) for line in lines[start + 1 :] if line[0]}
    return Workbook(title[0], population[0], rows)


def lines_of(path: Path) -> list[list[str]]:
    """The sheet's rows as text, all of one length; an empty cell is an empty text.

    Raises:
        RequestError: it is no workbook with that sheet.
    """
    try:
        with path.open("rb") as file:
            book = load_workbook(file, read_only=True, data_only=True)
            if SHEET not in book.sheetnames:
                raise RequestError(
                    f"{path} has no sheet '{SHEET}': the «police force area data tables» of ONS are needed"
                )
            table = [*book[SHEET].iter_rows(values_only=True)]
    except (OSError, InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError) as error:
        raise RequestError(f"{path} is no Excel workbook (.xlsx) that can be read: {error}") from error
    width = max(map(len, table), default=0)
    padded = ([*line, *[None] * (width - len(line))] for line in table)
    return [["" if cell is None else str(cell) for cell in line] for line in padded]


def without_note(name: str) -> str:
    """A column's name without its reference to a note."""
    return " ".join(re.sub(r"\[note .*\]", "", name, flags=re.DOTALL).split())
