"""The figures of a report as one flat table: every number of the JSON, one a row. Pure.

section,key,name,measure,value
report,,,postcode,EC2M 7PY
months,2018-10,,crimes,412
categories,burglary,Burglary,share,4.1
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

HEADER = ("section", "key", "name", "measure", "value")
KEYS = ("slug", "month")
"""What names a row of a section; a row without is known by its place."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would begin to calculate."""
Cell = str | int | float | None
Row = tuple[str, str, str, str, Cell]


def figures_csv(figures: dict[str, Any]) -> str:
    """The table, with CRLF line ends (RFC 4180); null is an empty cell."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(HEADER)
    for field, value in figures.items():
        writer.writerows([harmless(cell) for cell in row] for row in rows_of(field, value))
    return table.getvalue()


def rows_of(field: str, value: Any) -> Iterator[Row]:
    """The rows of one member of the JSON."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield field, key, "", "value", inner
    elif isinstance(value, list):
        for place, item in enumerate(value, start=1):
            yield from item_rows(field, place, item)
    else:
        yield "report", "", "", field, value


def item_rows(section: str, place: int, item: Any) -> Iterator[Row]:
    """The rows of one item of a list: one a measure."""
    if not isinstance(item, dict):
        yield section, str(place), "", "value", item
        return
    key = next((item[name] for name in KEYS if name in item), str(place))
    for measure, value in item.items():
        if isinstance(value, dict):
            for part, inner in value.items():
                yield section, key, item.get("name", ""), f"{measure}.{part}", inner
        elif measure not in (*KEYS, "name"):
            yield section, key, item.get("name", ""), measure, value


def harmless(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
