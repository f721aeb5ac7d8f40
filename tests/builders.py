"""Real months of the bundled sample as the source publishes them, and single records to change.

What a month holds is counted apart from it, straight from the archive's CSV rows (`csv_rows`).
"""

import csv
import hashlib
import lzma
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
import zstandard

from deploy.local.police_api.archive import DEFAULT_SAMPLE, Archive
from deploy.local.police_api.months import Months, Release
from deploy.local.police_api.records import Mask, Records
from shared.events import MonthFetched, Page, PageFetched
from shared.model import Dataset, SliceKind, format_month, parse_month

CITY = "city-of-london"
OCTOBER = date(2018, 10, 1)
KINDS = {Dataset.STREET: "street", Dataset.OUTCOMES: "outcomes", Dataset.STOPS: "stop-and-search"}

Record = dict[str, Any]


def crime(**changes: object) -> Record:
    """A street crime as published; `changes` replace fields, `...` takes one away."""
    record: Record = {
        "category": "bicycle-theft",
        "persistent_id": "2fb781ec8e8576cdb8a0bf8ff9253b3065910a6641d7fbce83858ebedacd2c35",
        "location_subtype": "",
        "id": 116206187,
        "location": {
            "latitude": "51.518226",
            "street": {"id": 960522, "name": "On or near Pedestrian Subway"},
            "longitude": "-0.111497",
        },
        "context": "",
        "month": "2018-10",
        "location_type": "Force",
        "outcome_status": {"category": "Under investigation", "date": "2018-11"},
    }
    return changed(record, changes)


def outcome(**changes: object) -> Record:
    """An outcome as published; its crime has no outcome of its own."""
    record: Record = {
        "category": {"code": "local-resolution", "name": "Local resolution"},
        "date": "2018-10",
        "person_id": None,
        "crime": crime(outcome_status=..., month="2018-09"),
    }
    return changed(record, changes)


def stop(**changes: object) -> Record:
    """A stop as published."""
    record: Record = {
        "type": "Person search",
        "involved_person": True,
        "datetime": "2018-10-06T22:45:00+00:00",
        "operation": None,
        "operation_name": None,
        "location": crime()["location"],
        "gender": "Male",
        "age_range": "18-24",
        "self_defined_ethnicity": "Other ethnic group - Not stated",
        "officer_defined_ethnicity": "White",
        "legislation": "Misuse of Drugs Act 1971 (section 23)",
        "object_of_search": "Controlled drugs",
        "outcome": "Arrest",
        "outcome_object": {"id": "bu-arrest", "name": "Arrest"},
        "outcome_linked_to_object_of_search": None,
        "removal_of_more_than_outer_clothing": False,
    }
    return changed(record, changes)


def changed(record: Record, changes: dict[str, Any]) -> Record:
    """A copy with other values; a key whose new value is `...` is missing in it."""
    return {key: value for key, value in {**record, **changes}.items() if value is not ...}


@dataclass(frozen=True)
class RawPage:
    """One raw answer of the source."""

    slice_id: str
    kind: SliceKind
    force: str | None
    body: bytes
    records: int

    @property
    def packed(self) -> bytes:
        """As it travels on the bus."""
        return zstandard.ZstdCompressor().compress(self.body)

    def announced(self, run: "RawRun", **changes: object) -> PageFetched:
        """The event that this page is the body of."""
        event = PageFetched(
            run_id=run.id,
            slice_id=self.slice_id,
            dataset=run.dataset,
            month=run.month,
            kind=self.kind,
            force=self.force,
            source="api",
            sha256=hashlib.sha256(self.body).hexdigest(),
            records=self.records,
        )
        return event.model_copy(update=changes)


@dataclass(frozen=True)
class RawRun:
    """All raw answers of one run, in the order in which they came."""

    id: UUID
    dataset: Dataset
    month: date
    pages: tuple[RawPage, ...]

    def again(self) -> "RawRun":
        """The same answers, fetched by another run."""
        return replace(self, id=uuid4())

    def manifest(self, **changes: object) -> MonthFetched:
        """The event that all pages are there."""
        event = MonthFetched(
            run_id=self.id,
            dataset=self.dataset,
            month=self.month,
            source="api",
            forces=None,
            accept_loss=False,
            release=None,
            pages=tuple(
                Page(
                    slice_id=page.slice_id,
                    sha256=hashlib.sha256(page.body).hexdigest(),
                    records=page.records,
                )
                for page in self.pages
            ),
        )
        return event.model_copy(update=changes)

    @property
    def received(self) -> int:
        """Records in all pages, those of overlapping tiles counted every time."""
        return sum(page.records for page in self.pages)


def page(
    *records: Record, slice_id: str = "t0", force: str | None = None, kind: SliceKind | None = None
) -> RawPage:
    """A page with these records, of a tile or, with a force, of what that force publishes."""
    kind = kind or (SliceKind.TILE if force is None else SliceKind.UNLOCATED)
    return RawPage(slice_id, kind, force, msgspec.json.encode(records), len(records))


def run_of(dataset: Dataset, *pages: RawPage, month: date = OCTOBER) -> RawRun:
    """A run with these pages."""
    return RawRun(uuid4(), dataset, month, pages)


def sample_run(
    dataset: Dataset = Dataset.STREET,
    month: str = "2018-10",
    forces: Sequence[str] = (CITY,),
    *,
    revised: bool = False,
    tiles: int = 3,
    overlap: float = 0.004,
) -> RawRun:
    """A real month of some forces as the source would answer, in overlapping tiles (degrees)."""
    files = [sample_file(month, KINDS[dataset], force) for force in forces]
    if dataset is Dataset.OUTCOMES:
        files += [sample_file(month, "street", force) for force in forces]
    if revised:
        files += [DEFAULT_SAMPLE / "republished" / month]
    release = Release(revised=revised)
    name = {Dataset.STREET: "street", Dataset.OUTCOMES: "outcomes", Dataset.STOPS: "stops"}[dataset]
    records = Months(Archive(files)).records(release, name, month)  # type: ignore[arg-type]
    pages: list[RawPage] = []
    if dataset is not Dataset.STOPS:
        located = records.lon[~records.unlocated()]
        edges = np.quantile(located, np.linspace(0, 1, tiles + 1))
        for n, (west, east) in enumerate(pairwise(edges)):
            inside = (records.lon >= west - overlap) & (records.lon <= east + overlap)
            pages.append(cut(records, inside, f"t{n}", SliceKind.TILE, None))
    for force in forces:
        mine = records.of_force(force)
        if dataset is Dataset.STOPS:
            pages.append(cut(records, mine, f"f-{force}", SliceKind.FORCE, force))
        elif dataset is Dataset.STREET:
            pages.append(cut(records, mine & records.unlocated(), f"u-{force}", SliceKind.UNLOCATED, force))
    return run_of(dataset, *pages, month=parse_month(month))


def cut(records: Records, mask: Mask, slice_id: str, kind: SliceKind, force: str | None) -> RawPage:
    """The page with the records of a mask."""
    chosen = np.flatnonzero(mask)
    return RawPage(slice_id, kind, force, records.json(chosen), len(chosen))


def sample_file(month: str, kind: str, force: str, *, republished: bool = False) -> Path:
    """A file of the bundled sample."""
    folder = DEFAULT_SAMPLE / ("republished" if republished else "police")
    return folder / month / f"{month}-{force}-{kind}.csv.xz"


def csv_rows(
    dataset: Dataset = Dataset.STREET,
    month: str | date = "2018-10",
    forces: Sequence[str] = (CITY,),
    *,
    republished: bool = False,
) -> list[dict[str, str]]:
    """The archive's rows, read with nothing but the standard library."""
    text = month if isinstance(month, str) else format_month(month)
    rows: list[dict[str, str]] = []
    for force in forces:
        path = sample_file(text, KINDS[dataset], force, republished=republished)
        content = lzma.decompress(path.read_bytes()).decode("utf-8-sig")
        rows += [{**row, "force": force} for row in csv.DictReader(StringIO(content, newline=""))]
    return rows
