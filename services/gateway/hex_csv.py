"""Cells as a table: a row each, with its centre and a column for each group and category. Pure."""

import csv
import io

from services.gateway.hex_history import Cell
from services.gateway.hexes import Asked
from services.gateway.schemas import HexCollection

PLACE = ("id", "level", "i", "j", "latitude", "longitude", "total")


def csv_of(found: HexCollection, asked: Asked) -> bytes:
    """The rows with a header; the groups and categories that the filters let through, named as in tiles."""
    groups = asked.outcome_groups or [group.slug for group in asked.groups]
    categories = asked.categories or sorted(set(asked.words.values()))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(
        [*PLACE, *(f"outcome:{word}" for word in groups), *(f"category:{word}" for word in categories)]
    )
    for feature in found.features:
        told = feature.properties
        latitude, longitude = Cell(told.level, told.i, told.j).centre()
        writer.writerow([
            feature.id, told.level, told.i, told.j, latitude, longitude, told.total,
            *(told.outcome_groups.get(word, 0) for word in groups),
            *(told.categories.get(word, 0) for word in categories),
        ])  # fmt: skip
    return target.getvalue().encode()
