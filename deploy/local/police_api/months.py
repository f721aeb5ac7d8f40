"""Archive rows → API records, a month of a dataset at a time, by the rules of README.md."""

import csv
import gc
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from deploy.local.police_api.archive import Archive, Kind
from deploy.local.police_api.convert import Row, orphan, outcome, stop, street_crime, without_status
from deploy.local.police_api.places import Places
from deploy.local.police_api.records import Records
from deploy.local.police_api.shapes import CrimeOfOutcome

Dataset = Literal["street", "outcomes", "stops"]
UNNAMED = "On or near "
"""Real answers have such names, too."""

ORPHAN_IDS = 400_000_000
"""Where the ids of crimes begin that are known from an outcomes file only."""
REVISED_IDS = 1_000_000_000
"""A new release numbers its records anew."""

KEPT_SHARE = 0.3
"""What a shrunken month keeps of the force's records."""
MAX_CACHED_RECORDS = 1_200_000
"""About a gigabyte."""


class Release(NamedTuple):
    """Which state of the published data is served."""

    revised: bool = False
    shrunken_force: str = ""
    shrunken_month: str = ""
    """Empty: every month."""
    emptied_force: str = ""
    """Its stops are gone."""

    def shrinks(self, force: str, month: str) -> bool:
        return force == self.shrunken_force and self.shrunken_month in ("", month)

    @property
    def first_id(self) -> int:
        return REVISED_IDS if self.revised else 0


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """A collection among a million new objects stops all threads, and with them the clock of the limit."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class Months:
    """Everything in the archive; months are read when they are first asked for."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._cache: dict[tuple[Release, Dataset, str], Records] = {}
        self._lock = threading.Lock()

    def records(self, release: Release, dataset: Dataset, month: str) -> Records:
        """May be called from several threads at once; one of them reads the month, the others wait."""
        key = release, dataset, month
        if (known := self._cache.get(key)) is not None:
            return known
        with self._lock:
            if key not in self._cache:
                with no_garbage_collection():
                    read = {"street": self._street, "outcomes": self._outcomes, "stops": self._stops}[dataset]
                    self._cache[key] = read(release, month).seal()
                while len(self._cache) > 1 and sum(map(len, self._cache.values())) > MAX_CACHED_RECORDS:
                    del self._cache[next(iter(self._cache))]
            return self._cache[key]

    def _street(self, release: Release, month: str) -> Records:
        records, places = Records(), Places()
        for row in self._rows(release, "street", month):
            place = places.find(row.fields)
            crime = street_crime(row, place, release.first_id)
            records.add(msgspec.json.encode(crime), row.force, crime.category, place)
        return records

    def _outcomes(self, release: Release, month: str) -> Records:
        """The rows of the outcomes files; of forces that have none, the last outcomes of the street rows."""
        records, places = Records(), Places()
        published = self.archive.forces(month, "outcomes")
        crimes: dict[str, CrimeOfOutcome] = {}
        for row in self._rows(release, "street", month):
            place, label = places.find(row.fields), row.fields["Last outcome category"]
            crime = without_status(street_crime(row, place, release.first_id))
            if row.force in published:
                crimes.setdefault(crime.persistent_id, crime)
            elif label:
                body = msgspec.json.encode(outcome(label, month, crime))
                records.add(body, row.force, crime.category, place)
        for row in self._rows(release, "outcomes", month):
            place = places.find(row.fields)
            new = orphan(row, place, release.first_id + ORPHAN_IDS)
            crime = crimes.setdefault(new.persistent_id, new)
            crime = replace(crime, location=place.json, location_type=new.location_type)
            body = msgspec.json.encode(outcome(row.fields["Outcome type"], month, crime))
            records.add(body, row.force, crime.category, place)
        return records

    def _stops(self, release: Release, month: str) -> Records:
        """The archive names no streets: the name is that of a street crime at the same point, if any."""
        names = {
            (row.fields["Latitude"], row.fields["Longitude"]): row.fields["Location"]
            for row in self._rows(release, "street", month)
        }
        records, places = Records(), Places()
        for row in self._rows(release, "stop-and-search", month):
            if row.force == release.emptied_force:
                continue
            row.fields["Location"] = names.get((row.fields["Latitude"], row.fields["Longitude"]), UNNAMED)
            place = places.find(row.fields)
            records.add(msgspec.json.encode(stop(row, place)), row.force, "", place)
        return records

    def _rows(self, release: Release, kind: Kind, month: str) -> Iterator[Row]:
        number = 0
        for force, text in self.archive.read(month, kind, revised=release.revised):
            chance = random.Random(f"{force} {month}") if release.shrinks(force, month) else None
            lines = csv.reader(StringIO(text, newline=""))
            header = next(lines, [])
            for line in lines:
                number += 1
                if chance is None or chance.random() < KEPT_SHARE:
                    yield Row(number, force, dict(zip(header, line, strict=True)))
