"""The bulk archive of data.police.uk: names and columns of its files, for fetcher and loader. Pure."""

from datetime import date

from shared.model import Dataset

SOURCE = "archive"
"""Of runs, pages and versions that come from an archive; others are from the `api`."""

MEMBER_KINDS = {
    "street": Dataset.STREET,
    "outcomes": Dataset.OUTCOMES,
    "stop-and-search": Dataset.STOPS,
}
"""The last word of a file's name."""

CRIME_PLACE = (
    "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code",
    "LSOA name",
)  # fmt: skip
COLUMNS = {
    Dataset.STREET: (*CRIME_PLACE, "Crime type", "Last outcome category", "Context"),
    Dataset.OUTCOMES: (*CRIME_PLACE, "Outcome type"),
    Dataset.STOPS: (
        "Type", "Date", "Part of a policing operation", "Policing operation", "Latitude", "Longitude",
        "Gender", "Age range", "Self-defined ethnicity", "Officer-defined ethnicity", "Legislation",
        "Object of search", "Outcome", "Outcome linked to object of search",
        "Removal of more than just outer clothing",
    ),
}  # fmt: skip
"""Exactly these, in any order."""

FIRST_MONTH_OF_2021 = date(2023, 6, 1)
"""Data months before it name the LSOAs of the 2011 census, later ones those of 2021."""


def lsoa_vintage(month: date) -> int:
    """The census whose LSOAs a data month names."""
    return 2021 if month >= FIRST_MONTH_OF_2021 else 2011
