"""Which of the tables figures are made of, and a name for their content. `shared.ons` names its own."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

TABLES = (
    "categories.csv",
    "force_areas.geojson",
    "forces.csv",
    "known_issues.csv",
    "outcome_groups.csv",
    "street_outcomes.csv",
)


@cache
def edition() -> str:
    """Names the content of the bundled tables: another one, another name."""
    return edition_of(files("shared.reference"))


def edition_of(folder: Traversable) -> str:
    """The same of the tables in a folder."""
    digests = (sha256(folder.joinpath(name).read_bytes()).hexdigest() for name in TABLES)
    return sha256(" ".join(digests).encode()).hexdigest()[:16]
