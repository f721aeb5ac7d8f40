"""What the heads of tables are heads of, written into a PDF: WeasyPrint gives them names and says no more."""

from typing import Any

import pydyf


def add_scopes(document: object, pdf: pydyf.PDF) -> None:
    """Say of each head whether its column or its row is meant, and where the heads are that cells name.

    Heads of columns are in the first row of a table, all others at the beginning of their rows.
    """
    del document
    dictionaries = [thing for thing in pdf.objects if isinstance(thing, pydyf.Dictionary)]
    heads = {thing["ID"].string: thing for thing in dictionaries if thing.get("S") == "/TH"}
    for name, head in heads.items():
        head["A"]["Scope"] = "/Column" if row_of(name) == 0 else "/Row"
    names: list[Any] = [part for name in sorted(heads) for part in (heads[name]["ID"], heads[name].reference)]
    [root] = [thing for thing in dictionaries if thing.get("Type") == "/StructTreeRoot"]
    root["IDTree"] = pydyf.Dictionary({"Names": pydyf.Array(names)})


def row_of(name: str) -> int:
    """The row of a head, from its name: the table's number, the row, the column."""
    return int(name.split("-")[1])
