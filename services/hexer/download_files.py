"""A month's records, batch by batch, as gzipped CSV and as GeoParquet. Pure: bytes in, bytes out.

The same batches give the same bytes. What a batch is made of is the CSV that PostgreSQL writes: an
unquoted empty field is a null, a quoted one an empty text.
"""

import json
import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from services.hexer.download_columns import GEOMETRY, schema_of, types_of, words_of
from shared.downloads import ENDINGS, MEDIA_TYPES, PART_BYTES, File
from shared.model import Dataset

GZIP = 31
"""What zlib calls a gzip header; it has no name and no time in it."""
WKB_POINT = np.frombuffer(b"\x01\x01\x00\x00\x00", np.uint8)
"""Little-endian, point; two doubles follow."""
WKB_BYTES = 21


class Growing:
    """A file that grows at its end and is taken away at its beginning, part by part."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.digest = sha256()
        self.size = 0
        self.closed = False  # Arrow asks

    def write(self, data: bytes) -> int:
        """Add to the end."""
        self.waiting += data
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Arrow calls it; there is nothing to do."""

    def take(self, *, rest: bool = False) -> Iterator[bytes]:
        """The parts that are full by now; with `rest` the last one too."""
        while len(self.waiting) >= PART_BYTES or (rest and self.waiting):
            yield bytes(self.waiting[:PART_BYTES])
            del self.waiting[:PART_BYTES]


class CsvGz:
    """Gzipped CSV, with one line of names."""

    ending = "csv.gz"

    def __init__(self) -> None:
        self.out = Growing()
        self.packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
        self.is_empty = True

    def add(self, batch: bytes) -> None:
        """A batch, which begins with the names of the columns."""
        lines = batch if self.is_empty else memoryview(batch)[batch.index(b"\n") + 1 :]
        self.is_empty = False
        self.out.write(self.packer.compress(lines))

    def close(self) -> None:
        """No batch comes any more."""
        self.out.write(self.packer.flush())


class GeoParquet:
    """GeoParquet 1.1: one row group a batch, points as WKB."""

    ending = "parquet"

    def __init__(self, dataset: Dataset) -> None:
        self.out = Growing()
        self.schema = schema_of(dataset)
        self.writer = pq.ParquetWriter(
            pa.PythonFile(self.out, mode="w"),
            self.schema,
            compression="zstd",
            use_dictionary=words_of(dataset),
        )
        self.bounds: list[float] = []
        """West, south, east, north; empty while there is no point."""

    def add(self, table: Any) -> None:
        """A batch of records."""
        longitude, latitude = (column_of(table, name) for name in ("longitude", "latitude"))
        self.widen(longitude, latitude)
        points = wkb_points(longitude, latitude)
        self.writer.write_table(table.append_column(GEOMETRY, points), row_group_size=max(1, table.num_rows))

    def widen(self, longitude: np.ndarray[Any, Any], latitude: np.ndarray[Any, Any]) -> None:
        """Let the bounds hold these points."""
        known = ~np.isnan(longitude)
        if not known.any():
            return
        degrees = longitude[known], latitude[known]
        low, high = [float(part.min()) for part in degrees], [float(part.max()) for part in degrees]
        self.bounds = [*map(min, low, self.bounds[:2] or low), *map(max, high, self.bounds[2:] or high)]

    def close(self) -> None:
        """No batch comes any more."""
        # Without `crs` it is OGC:CRS84, says the specification.
        geometry: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"]}
        if self.bounds:
            geometry["bbox"] = self.bounds
        geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: geometry}}
        self.writer.add_key_value_metadata({"geo": json.dumps(geo)})
        self.writer.close()


class MonthFiles:
    """Both files of a month; `rows` are the records in them."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.csv, self.parquet = CsvGz(), GeoParquet(dataset)
        self.rows = 0

    def add(self, batch: bytes) -> str | None:
        """A batch as CSV with names; returns the id of its last record, None if it has none.

        Raises:
            ValueError: the columns are not those that are declared.
        """
        table = parsed(self.dataset, batch)
        self.rows += table.num_rows
        if table.num_rows or self.csv.is_empty:
            self.csv.add(batch)
            self.parquet.add(table)
        return str(table["id"][-1].as_py()) if table.num_rows else None

    def close(self) -> None:
        """No batch comes any more."""
        self.csv.close()
        self.parquet.close()

    @property
    def growing(self) -> dict[str, Growing]:
        """The files by ending."""
        return {made.ending: made.out for made in (self.csv, self.parquet)}

    def described(self, name: str) -> list[File]:
        """The files as the manifest has them; `name` is what they are called, without the ending."""
        return [
            File(
                format=ENDINGS[ending],
                name=f"{name}.{ending}",
                media_type=MEDIA_TYPES[ending],
                bytes=file.size,
                sha256=file.digest.hexdigest(),
                parts=-(-file.size // PART_BYTES),
                part_bytes=PART_BYTES,
            )
            for ending, file in self.growing.items()
        ]


def parsed(dataset: Dataset, batch: bytes) -> Any:
    """A batch of CSV as an Arrow table."""
    types = types_of(dataset)
    table = pa.csv.read_csv(
        pa.BufferReader(batch),
        # One block: a batch is cut nowhere, whatever its texts hold.
        read_options=pa.csv.ReadOptions(use_threads=False, block_size=len(batch)),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true"],
            false_values=["false"],
        ),
    )
    if table.column_names != list(types):
        raise ValueError(f"{dataset}: the columns are {table.column_names}, declared are {list(types)}")
    return table.combine_chunks()


def column_of(table: Any, name: str) -> np.ndarray[Any, Any]:
    """A column of numbers; a null is NaN."""
    numbers: np.ndarray[Any, Any] = table[name].to_numpy()
    return numbers


def wkb_points(longitude: np.ndarray[Any, Any], latitude: np.ndarray[Any, Any]) -> Any:
    """Points as WKB, null where there are no degrees."""
    known = ~np.isnan(longitude)
    points = np.empty((int(known.sum()), WKB_BYTES), np.uint8)
    points[:, :5] = WKB_POINT
    degrees = np.stack([longitude[known], latitude[known]], axis=1).astype("<f8")
    points[:, 5:] = degrees.view(np.uint8).reshape(-1, WKB_BYTES - 5)
    ends = np.concatenate([[0], np.cumsum(known) * WKB_BYTES]).astype(np.int32)
    validity = pa.py_buffer(np.packbits(known, bitorder="little").tobytes())
    buffers = [validity, pa.py_buffer(ends.tobytes()), pa.py_buffer(points.tobytes())]
    return pa.Array.from_buffers(pa.binary(), len(known), buffers)
