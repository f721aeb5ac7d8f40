"""A national month of street crimes as the API would answer it, made from an archive of CSV files."""

import csv
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from services.fetcher.tiles import UNITED_KINGDOM, Points, kd_tiles
from shared.reference import categories

PAGE_TARGET = 8_300
SLUGS = {name: category.slug for category in categories() for name in category.csv_names}


@dataclass(frozen=True)
class RawPage:
    """One answer: a tile's crimes, or a force's unlocated ones."""

    slice_id: str
    force: str | None
    body: bytes
    records: int


def read_rows(archive: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Force and row of every street crime in a `.tar.xz` of archive CSVs."""
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getnames()):
            if not member.endswith("-street.csv"):
                continue
            file = tar.extractfile(member)
            assert file is not None
            force = Path(member).name[len("2018-11-") : -len("-street.csv")]
            for row in csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")):
                yield force, row


def crime(number: int, row: dict[str, str], *, btp: bool) -> dict[str, object]:
    """A CSV row as the API writes it (police_api.md §3.1, §11)."""
    located = bool(row["Longitude"])
    outcome = row["Last outcome category"]
    return {
        "category": SLUGS[row["Crime type"]],
        "location_type": ("BTP" if btp else "Force") if located else None,
        "location": {
            "latitude": row["Latitude"],
            "street": {"id": street_id(row["Longitude"], row["Latitude"]), "name": row["Location"]},
            "longitude": row["Longitude"],
        }
        if located
        else None,
        "context": row["Context"],
        "outcome_status": {"category": outcome, "date": row["Month"]} if outcome else None,
        "persistent_id": row["Crime ID"],
        "id": number,
        "location_subtype": "",
        "month": row["Month"],
    }


@cache
def street_id(longitude: str, latitude: str) -> int:
    """A number for a map point: the CSVs have none."""
    return int.from_bytes(hashlib.sha256(f"{longitude},{latitude}".encode()).digest()[:3])


def national_month(archive: Path) -> list[RawPage]:
    """The pages of a month, as a fetcher that knows the month would get them."""
    located: list[dict[str, object]] = []
    unlocated: dict[str, list[dict[str, object]]] = {}
    lat, lon = [], []
    for number, (force, row) in enumerate(read_rows(archive)):
        record = crime(number, row, btp=force == "btp")
        if row["Longitude"]:
            located.append(record)
            lat.append(float(row["Latitude"]))
            lon.append(float(row["Longitude"]))
        else:
            unlocated.setdefault(force, []).append(record)
    encoded = [msgspec.json.encode(record) for record in located]
    latitude, longitude = np.array(lat), np.array(lon)
    pages = []
    points = Points(latitude, longitude, np.ones(len(latitude)))
    for n, piece in enumerate(kd_tiles(points, UNITED_KINGDOM, PAGE_TARGET)):
        south, west, north, east = piece.tile
        chosen = np.flatnonzero(
            (latitude >= south) & (latitude < north) & (longitude >= west) & (longitude < east)
        )
        body = b"[" + b",".join(encoded[k] for k in chosen) + b"]"
        pages.append(RawPage(f"t{n}", None, body, len(chosen)))
    for force, records in sorted(unlocated.items()):
        pages.append(RawPage(f"u-{force}", force, msgspec.json.encode(records), len(records)))
    return pages
