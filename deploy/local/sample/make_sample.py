"""Choose the bundled sample from a folder of data.police.uk archives: `python make_sample.py FOLDER`.

Not needed at run time. Whole force-months are taken as published, never clipped; the choice is `CHOICE`.
Writes `police/`, `republished/` and `postcodes.csv.xz` beside this file, and prints the table of the README.
"""

import csv
import io
import lzma
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CHOICE = {
    "london_2018-04_to_2020-08": ("city-of-london", "metropolitan"),
    "2018-10": ("btp", "hertfordshire", "kent", "surrey"),
    "2018-11": ("btp", "hertfordshire", "kent", "surrey"),
    "2018-12": ("btp", "hertfordshire", "kent", "surrey"),
    "thames-valley_2022-01": ("thames-valley",),
}
"""Archive → the forces whose files are taken, all of them."""

REPUBLISHED = "republished_city-of-london_2018-10_to_2018-12"
DISTRICTS = (
    "E09",  # London
    *(f"E07000{n:03}" for n in (95, 96, 98, 99, 102, 103, 240, 241, 242, 243)),  # Hertfordshire
    *(f"E07000{n}" for n in range(105, 117)),  # Kent
    "E06000035",  # Medway
    *(f"E07000{n}" for n in range(207, 218)),  # Surrey
)
"""Beginnings of the local authority codes (2014) whose postcodes are taken."""


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Every CSV file of an archive: its name (`2018-10/2018-10-kent-street.csv`) and content."""
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content.read()


def force_of(name: str) -> str:
    """`2018-10/2018-10-city-of-london-stop-and-search.csv` → `city-of-london`."""
    stem = Path(name).stem[len("2018-10-") :]
    return stem.removesuffix("-street").removesuffix("-outcomes").removesuffix("-stop-and-search")


def write(path: Path, content: bytes) -> int:
    """Write one file as xz; returns its rows, the header not counted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    return sum(1 for _ in csv.reader(io.StringIO(content.decode()))) - 1


def main(reference: Path) -> None:
    for archive, forces in CHOICE.items():
        for name, content in members(reference / "police_csv" / f"{archive}.tar.xz"):
            if force_of(name) in forces:
                print(f"| `police/{name}.xz` | {write(HERE / 'police' / f'{name}.xz', content):,} |")
    for name, content in members(reference / "police_csv" / f"{REPUBLISHED}.tar.xz"):
        print(f"| `republished/{name}.xz` | {write(HERE / 'republished' / f'{name}.xz', content):,} |")

    with lzma.open(reference / "postcodes" / "postcodes_ew_wgs84.csv.xz", "rt") as lines:
        chosen = (row for row in csv.DictReader(lines) if row["district"].startswith(DISTRICTS))
        rows = [(row["postcode"], row["lat"], row["lon"]) for row in chosen]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("postcode", "lat", "lon"), *rows])
    print(f"| `postcodes.csv.xz` | {write(HERE / 'postcodes.csv.xz', text.getvalue().encode()):,} |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_sample.py FOLDER (with police_csv/ and postcodes/ in it)")
    main(Path(sys.argv[1]))
