"""The loader's statements, and the tables that their placeholders stand for."""

from pathlib import Path
from uuid import UUID

from shared.db import read_sql
from shared.model import Dataset

PARENTS = {Dataset.STREET: "street_crime", Dataset.OUTCOMES: "crime_outcome", Dataset.STOPS: "stop"}


def sql(name: str, **tables: str) -> str:
    """The statement in `sql/name.sql`, with tables, or what selects rows, for `{target}` and the like."""
    text = read_sql(Path(__file__).parent, name)
    return text.format(**tables) if tables else text


def version_table(dataset: Dataset, version: int) -> str:
    """The table that holds the records of one version."""
    return f"{PARENTS[dataset]}_v{version}"


def staged_table(dataset: Dataset, run: UUID) -> str:
    """The table where the records of a run wait."""
    return f"staging.{dataset}_{run.hex}"


def rows_of(status: str) -> int:
    """The number of rows that a command's status tells, as in `DELETE 12`."""
    return int(status.rpartition(" ")[2])
