"""Rows of a page as the staging tables take them: places, words and forces become numbers. Pure."""

from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pgpq import ArrowToPostgresBinaryEncoder

from services.loader.archive_crimes import Crimes, Part
from services.loader.row_shapes import Label, Rows
from shared.model import Dataset

CRIMES = pa.schema(
    {
        "page_id": pa.int32(),
        "api_id": pa.int64(),
        "occurrence": pa.int16(),
        "snap_point_id": pa.int32(),
        "category_id": pa.int16(),
        "outcome_id": pa.int16(),
        "content_hash": pa.binary(),
        "persistent_id": pa.binary(),
        "extra": pa.string(),
        "recorded_by": pa.int16(),
    }
)
"""Columns of an archive's crimes and outcomes; the month of an outcome or its crime is not published."""


class Numbers(NamedTuple):
    """What stands for what in the database."""

    page: int
    places: dict[bytes, int]
    labels: dict[Label, int]
    forces: dict[str, int]


def packed_crimes(crimes: Crimes, numbers: Numbers) -> bytes:
    """The rows as binary COPY takes them, in the order of `CRIMES`.

    An archive gives no ids: a row's is its page with its place in the page.
    """
    page, places, labels, forces = numbers
    where, what = crimes.where, crimes.what
    rows = pa.RecordBatch.from_arrays(
        [
            pa.repeat(pa.scalar(page, pa.int32()), len(crimes)),
            pc.add(pa.array(crimes.positions, pa.int64()), page << 32),
            pa.repeat(pa.scalar(0, pa.int16()), len(crimes)),
            spread(where, [places[one.place.key] for one in where.values], pa.int32()),
            spread(what, [labels[one.category] for one in what.values], pa.int16()),
            spread(what, [labels[one.outcome] for one in what.values], pa.int16()),
            pa.array(crimes.content_hashes, pa.binary()),
            pa.array(crimes.persistent_ids, pa.binary()),
            pa.array(crimes.extras, pa.string()),
            spread(where, [forces[one.force] for one in where.values], pa.int16()),
        ],
        schema=CRIMES,
    )
    encoder = ArrowToPostgresBinaryEncoder(CRIMES)
    return b"".join([encoder.write_header(), encoder.write_batch(rows), encoder.finish()])


def spread(part: Part[Any], numbers: list[int], kind: pa.DataType) -> pa.Array:
    """The number that each row has, of numbers of a part's values."""
    return pa.array(numbers, kind).take(part.codes)


def numbered_rows(dataset: Dataset, rows: Rows, numbers: Numbers) -> list[tuple[object, ...]]:
    """Records in the order of the dataset's `COLUMNS`."""
    page, places, labels, forces = numbers
    if dataset is not Dataset.STOPS:
        return [
            (page, api_id, occurrence, places[place], labels[category], labels[outcome], *rest)
            for api_id, occurrence, place, category, outcome, *rest in rows.rows
        ]
    return [
        (page, places[place], forces[published_by], *(labels[word] for word in words[:8]), *words[8:])
        for place, published_by, *words in rows.rows
    ]
