"""The records of the API's answers: names, order and types of their keys as data.police.uk sends them."""

import msgspec

NOTHING = msgspec.Raw(b"null")


class Street(msgspec.Struct):
    id: int
    name: str


class Location(msgspec.Struct):
    latitude: str
    street: Street
    longitude: str


class OutcomeStatus(msgspec.Struct):
    category: str
    date: str


class Crime(msgspec.Struct):
    category: str
    persistent_id: str
    location_subtype: str
    id: int
    location: msgspec.Raw
    context: str
    month: str
    location_type: str | None
    outcome_status: msgspec.Raw


class CrimeOfOutcome(msgspec.Struct):
    """The crime inside an outcome or a case history: the same without `outcome_status`, in another order."""

    category: str
    persistent_id: str
    location_subtype: str
    location_type: str | None
    location: msgspec.Raw
    context: str
    month: str
    id: int


class OutcomeCategory(msgspec.Struct):
    code: str
    name: str


class Outcome(msgspec.Struct):
    category: OutcomeCategory
    date: str
    person_id: None
    crime: CrimeOfOutcome


class StopOutcome(msgspec.Struct):
    id: str
    name: str


class Stop(msgspec.Struct):
    type: str | None
    involved_person: bool
    datetime: str
    operation: bool | None
    operation_name: str | None
    location: msgspec.Raw
    gender: str | None
    age_range: str | None
    self_defined_ethnicity: str | None
    officer_defined_ethnicity: str | None
    legislation: str | None
    object_of_search: str | None
    outcome: str
    outcome_object: StopOutcome
    outcome_linked_to_object_of_search: bool | None
    removal_of_more_than_outer_clothing: bool | None
