"""Rows of a page as the staging tables take them: places, words and forces become numbers. Pure."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pgpq import ArrowToPostgresBinaryEncoder

from services.loader.archive_crimes import Crimes
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
    places: list[int]
    """In the order of the page's places."""
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
            pc.add(pa.array(crimes.positions, pa.int64()), pa.scalar(page << 32, pa.int64())),
            pa.repeat(pa.scalar(0, pa.int16()), len(crimes)),
            pa.array(places, pa.int32()).take(where.codes),
            pa.array([labels[one.category] for one in what.values], pa.int16()).take(what.codes),
            pa.array([labels[one.outcome] for one in what.values], pa.int16()).take(what.codes),
            pa.array(crimes.content_hashes, pa.binary()),
            crimes.persistent_ids,
            pa.array(crimes.extras, pa.string()),
            pa.array([forces[one.force] for one in where.recorders], pa.int16()).take(where.codes),
        ],
        schema=CRIMES,
    )
    encoder = ArrowToPostgresBinaryEncoder(CRIMES)
    return b"".join([encoder.write_header(), encoder.write_batch(rows), encoder.finish()])


def numbered_rows(dataset: Dataset, rows: Rows, numbers: Numbers) -> list[tuple[object, ...]]:
    """Records in the order of the dataset's `COLUMNS`."""
    page, _, labels, forces = numbers
    places = dict(zip(rows.places, numbers.places, strict=True))
    if dataset is not Dataset.STOPS:
        return [
            (page, api_id, occurrence, places[place], labels[category], labels[outcome], *rest)
            for api_id, occurrence, place, category, outcome, *rest in rows.rows
        ]
    return [
        (page, places[place], forces[published_by], *(labels[word] for word in words[:8]), *words[8:])
        for place, published_by, *words in rows.rows
    ]
