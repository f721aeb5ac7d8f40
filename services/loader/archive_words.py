"""The archive's words as the API says them. Pure; the tables are those of `shared/reference`."""

from functools import cache

from shared.reference import categories, forces, stop_outcomes, street_outcomes

BTP = "BTP"
"""The kind of location of what the British Transport Police records."""
NO_LOCATION = frozenset({"", "no location"})
"""Without coordinates: `No Location` in street files, `No location` in outcomes, blank in stops."""
BOOLEANS = {"True": True, "False": False, "": None}


@cache
def category_slugs() -> dict[str, str]:
    """The slug of each label of a category, those of old months too."""
    return {name: category.slug for category in categories() for name in category.csv_names}


@cache
def force_slugs() -> dict[str, str]:
    """The id of each force's name."""
    return {force.csv_name: force.id for force in forces()}


@cache
def outcome_labels() -> dict[str, tuple[str, str]]:
    """The API's name and code of each spelling of an outcome."""
    return {name: (one.names[0], one.code) for one in street_outcomes() for name in one.names}


@cache
def stop_outcome_ids() -> dict[str, str]:
    """The API's id of each outcome of a stop."""
    return {one.raw: one.id or "" for one in stop_outcomes() if isinstance(one.raw, str)}
