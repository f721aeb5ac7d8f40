"""A page of an archive's CSV in, rows for the staging tables out. Pure.

The records are the API's with other words and less said: labels instead of slugs, no ids, no street ids, no
month of an outcome, no kind of location. What the archive alone says is kept: who recorded a crime, its LSOA.
"""

from datetime import date

from services.loader.archive_crimes import Crimes, build_crimes
from services.loader.archive_stops import ArchiveStops
from services.loader.row_shapes import Rows
from shared.model import Dataset


def build(dataset: Dataset, month: date, force: str, body: bytes) -> Rows | Crimes:
    """The rows of a page of a force's file; what cannot be right is set aside with the reason.

    Raises:
        PermanentError: it is no CSV with the dataset's columns.
    """
    if dataset is Dataset.STOPS:
        return ArchiveStops(month, force).build(body)
    return build_crimes(dataset, month, force, body)
