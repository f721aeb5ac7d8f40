"""One CSV row of the archive → one record of the API, by the rules of README.md."""

import re
from functools import cache
from typing import NamedTuple

import msgspec

from deploy.local.police_api.places import NOWHERE, Place
from deploy.local.police_api.shapes import (
    NOTHING,
    Crime,
    CrimeOfOutcome,
    Outcome,
    OutcomeCategory,
    OutcomeStatus,
    Stop,
    StopOutcome,
)
from deploy.local.police_api.vocabulary import BTP, CATEGORY_SLUGS, OUTCOMES, STOP_OUTCOME_IDS

BOOLEANS = {"True": True, "False": False, "": None}
STATION = re.compile(r"\(((?:Lu )?Station)\)$")
IDS_PER_MONTH = 1_000_000


class Row(NamedTuple):
    """One row of a CSV file. `number` counts all rows of the month and kind, also those left out."""

    number: int
    force: str
    fields: dict[str, str]


def api_id(row: Row, start: int) -> int:
    """The API's own number of a record: distinct within a release, the same each time it is asked for."""
    year, month = row.fields["Month"].split("-")
    months = (int(year) - 2010) * 12 + int(month)
    return start + months * IDS_PER_MONTH + row.number


def street_crime(row: Row, place: Place, first_id: int) -> Crime:
    fields = row.fields
    label, month = fields["Last outcome category"], fields["Month"]
    return Crime(
        category=CATEGORY_SLUGS[fields["Crime type"]],
        persistent_id=fields["Crime ID"],
        location_subtype=station_type(row),
        id=api_id(row, first_id),
        location=place.json,
        context=fields["Context"],
        month=month,
        location_type=location_type(row, place),
        outcome_status=outcome_status(label, month) if label else NOTHING,
    )


@cache
def outcome_status(label: str, month: str) -> msgspec.Raw:
    """The archive has no date of the last outcome: it gets the crime's month."""
    return msgspec.Raw(msgspec.json.encode(OutcomeStatus(label, month)))


def location_type(row: Row, place: Place) -> str | None:
    if place is NOWHERE:
        return None
    return "BTP" if row.force == BTP else "Force"


def station_type(row: Row) -> str:
    """The `location_subtype` of a British Transport Police record, as far as the name tells it."""
    suffix = STATION.search(row.fields["Location"]) if row.force == BTP else None
    return suffix[1].upper() if suffix else ""


def without_status(crime: Crime) -> CrimeOfOutcome:
    return CrimeOfOutcome(**{name: getattr(crime, name) for name in CrimeOfOutcome.__struct_fields__})


def orphan(row: Row, place: Place, first_id: int) -> CrimeOfOutcome:
    """A crime of which only the outcome is in the archive: neither its category nor its month is known."""
    return CrimeOfOutcome(
        category="other-crime",
        persistent_id=row.fields["Crime ID"],
        location_subtype="",
        location_type=location_type(row, place),
        location=place.json,
        context="",
        month=row.fields["Month"],
        id=api_id(row, first_id),
    )


def outcome(label: str, date: str, crime: CrimeOfOutcome) -> Outcome:
    """A label nobody knows gets a code made from it."""
    code, name = OUTCOMES.get(label, (label.lower().replace(" ", "-"), label))
    return Outcome(OutcomeCategory(code, name), date, None, crime)


def stop(row: Row, place: Place) -> Stop:
    fields = row.fields
    result = fields["Outcome"]
    linked = BOOLEANS[fields["Outcome linked to object of search"]]
    return Stop(
        type=fields["Type"] or None,
        involved_person=fields["Type"] != "Vehicle search",
        datetime=fields["Date"],
        operation=BOOLEANS[fields["Part of a policing operation"]],
        operation_name=fields["Policing operation"] or None,
        location=place.json,
        gender=fields["Gender"] or None,
        age_range=fields["Age range"] or None,
        self_defined_ethnicity=fields["Self-defined ethnicity"] or None,
        officer_defined_ethnicity=fields["Officer-defined ethnicity"] or None,
        legislation=fields["Legislation"] or None,
        object_of_search=fields["Object of search"] or None,
        outcome=result,
        outcome_object=StopOutcome(STOP_OUTCOME_IDS.get(result, ""), result),
        # What the Metropolitan Police leave blank in the archive is false in the API, on every record.
        outcome_linked_to_object_of_search=linked or False if row.force == "metropolitan" else linked,
        removal_of_more_than_outer_clothing=BOOLEANS[fields["Removal of more than just outer clothing"]],
    )
