"""Some 8,000 real map points of street crimes 2018-10..12, each with the force that reported one there.

Source: data.police.uk, Open Government Licence v3.0.
"""

import csv
import lzma
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POINTS_FILE = Path(__file__).parent / "data" / "points.csv.xz"


def read_points() -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Longitude and latitude in degrees and the force's id, all of the same length."""
    with lzma.open(POINTS_FILE, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lon = np.array([row["longitude"] for row in rows], dtype=np.float64)
    lat = np.array([row["latitude"] for row in rows], dtype=np.float64)
    return lon, lat, [row["force"] for row in rows]
