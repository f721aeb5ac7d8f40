"""The records as the police API publishes them (police_api.md §3), for fast, strict decoding.

A key may be missing where a client somewhere saw it missing; a value of the wrong type never passes.
Places and outcomes repeat from record to record: they stay raw here, and are decoded once a page.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct

NULL = Raw(b"null")

Bigint = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer that the database can hold."""


class Street(Struct, forbid_unknown_fields=True, gc=False):
    """The named map point of a location."""

    id: Bigint | None = None
    name: str | None = None


class Location(Struct, forbid_unknown_fields=True, gc=False):
    """An anonymised place; coordinates are decimal degrees as text."""

    latitude: str
    longitude: str
    street: Street | None = None


class OutcomeStatus(Struct, forbid_unknown_fields=True, gc=False):
    """The latest outcome of a crime: its name, not its code."""

    category: str
    date: str | None = None


class Crime(Struct, forbid_unknown_fields=True, gc=False):
    """A street crime."""

    id: Bigint
    category: str
    month: str
    persistent_id: str | None = ""
    context: str | None = ""
    location: Raw = NULL
    """`Location | None`"""
    location_type: str | None = None
    location_subtype: str | None = ""
    outcome_status: Raw = NULL
    """`OutcomeStatus | None`"""


class OutcomeCategory(Struct, forbid_unknown_fields=True, gc=False):
    """What was decided."""

    code: str
    name: str


class Outcome(Struct, forbid_unknown_fields=True, gc=False):
    """An outcome recorded in a month, with the crime it belongs to."""

    category: OutcomeCategory
    date: str
    crime: Crime
    person_id: int | str | None = None


class StopOutcome(Struct, forbid_unknown_fields=True, gc=False):
    """The outcome of a stop with its code; both empty where none is recorded."""

    id: str = ""
    name: str = ""


class Stop(Struct, forbid_unknown_fields=True, gc=False):
    """A stop and search. It has no identifier of any kind."""

    datetime: str
    type: str | None = None
    involved_person: bool | None = None
    operation: bool | None = None
    operation_name: str | None = None
    location: Raw = NULL
    """`Location | None`"""
    gender: str | None = None
    age_range: str | None = None
    self_defined_ethnicity: str | None = None
    officer_defined_ethnicity: str | None = None
    legislation: str | None = None
    object_of_search: str | None = None
    outcome: str | bool | None = None
    outcome_object: StopOutcome | None = None
    outcome_linked_to_object_of_search: bool | None = None
    removal_of_more_than_outer_clothing: bool | None = None
