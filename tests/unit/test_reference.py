"""The vocabulary is complete: every label of real data has a meaning, and a changed meaning a new version."""

import hashlib
from collections import Counter
from importlib.resources import files

import pytest

from shared import reference

# Every label that occurs in 1.2 million records of the archive, 2018-04 to 2022-01.
STREET_OUTCOME_LABELS = """
Investigation complete; no suspect identified
Unable to prosecute suspect
Status update unavailable
Court result unavailable
Local resolution
Offender given a caution
Action to be taken by another organisation
Further investigation is not in the public interest
Under investigation
Formal action is not in the public interest
Offender sent to prison
Offender given community sentence
Offender given a drugs possession warning
Offender fined
Defendant found not guilty
Offender given conditional discharge
Offender given suspended prison sentence
Court case unable to proceed
Offender given penalty notice
Suspect charged as part of another case
Awaiting court outcome
Offender otherwise dealt with
Offender ordered to pay compensation
Defendant sent to Crown Court
Offender deprived of property
Offender given absolute discharge
Further action is not in the public interest
Suspect charged
Offender given a penalty notice
""".strip().splitlines()

STOP_OUTCOME_LABELS = [
    "A no further action disposal",
    "Arrest",
    "Community resolution",
    "Penalty Notice for Disorder",
    "Summons / charged by post",
    "Khat or Cannabis warning",
    "Caution (simple or conditional)",
    "",
]

CATEGORY_LABELS = """
Violence and sexual offences
Anti-social behaviour
Criminal damage and arson
Other theft
Public order
Vehicle crime
Shoplifting
Burglary
Drugs
Other crime
Bicycle theft
Theft from the person
Robbery
Possession of weapons
""".strip().splitlines()

# SHA-256 over the mapping files by version: a change of meaning is a new line here, never a new digest.
DIGESTS = {1: "fe15d255cddb6a6ddff9088a9dd2b325c1ac6bd879862a8baedfd2cfa347ff0b"}


def test_a_changed_mapping_has_a_new_version() -> None:
    folder = files("shared.reference")
    digest = hashlib.sha256()
    for name in ("street_outcomes.csv", "stop_outcomes.csv", "outcome_groups.csv"):
        digest.update(folder.joinpath(name).read_bytes())
    assert DIGESTS[reference.MAPPING_VERSION] == digest.hexdigest()


def test_there_are_45_forces_of_which_44_are_listed_by_the_api_and_43_have_a_population() -> None:
    forces = reference.forces()
    assert len(forces) == 45
    assert [force.id for force in forces if not force.in_api_list] == ["btp"]
    assert [force.id for force in forces if force.population is None] == ["btp", "northern-ireland"]
    assert [force.id for force in forces if force.pfa_code is None] == ["btp", "northern-ireland"]
    # England and Wales, mid-2023, to the thousand: the sum of the published table.
    assert round(sum(force.population or 0 for force in forces), -5) == 60_900_000


def test_the_names_that_trap_are_right() -> None:
    names = {force.id: force.csv_name for force in reference.forces()}
    assert names["city-of-london"] == "City of London Police"
    assert names["devon-and-cornwall"] == "Devon & Cornwall Police"
    assert names["metropolitan"] == "Metropolitan Police Service"


def test_fourteen_categories_are_in_use_and_each_month_has_its_own_set() -> None:
    def in_month(month: str) -> int:
        return sum(row.since <= month <= (row.until or "9999") for row in reference.categories())

    assert (in_month("2010-12"), in_month("2011-09"), in_month("2013-05")) == (6, 11, 14)


@pytest.mark.parametrize("label", [*CATEGORY_LABELS, "Violent crime", "Public disorder and weapons"])
def test_every_real_category_is_known(label: str) -> None:
    assert [row.slug for row in reference.categories() if label in row.csv_names] != []


def test_only_anti_social_behaviour_is_no_crime() -> None:
    assert [row.slug for row in reference.categories() if not row.is_crime] == ["anti-social-behaviour"]


def test_the_violent_category_has_a_slug_unlike_its_name() -> None:
    (row,) = [row for row in reference.categories() if row.slug == "violent-crime"]
    assert row.name == "Violence and sexual offences"


def test_there_are_28_outcomes_of_street_crimes() -> None:
    groups = [row.group for row in reference.street_outcomes()]
    assert len(groups) == 28
    assert Counter(groups) == {"positive": 18, "local_resolution": 2, "negative": 8}


@pytest.mark.parametrize("label", STREET_OUTCOME_LABELS)
def test_every_real_street_outcome_is_known(label: str) -> None:
    assert len([row for row in reference.street_outcomes() if label in row.names]) == 1


@pytest.mark.parametrize("raw", [*STOP_OUTCOME_LABELS, False, None])
def test_every_real_stop_outcome_is_known(raw: str | bool | None) -> None:
    assert len([row for row in reference.stop_outcomes() if row.raw == raw]) == 1


def test_a_missing_stop_outcome_is_not_a_search_that_found_nothing() -> None:
    group_of = {row.raw: (row.group, row.any_action) for row in reference.stop_outcomes()}
    assert group_of[""] == group_of[None] == ("not_recorded", None)
    assert group_of[False] == group_of["A no further action disposal"] == ("nothing_found", False)


def test_every_group_has_a_label_and_what_is_not_known_stays_out_of_the_percentages() -> None:
    outside = [f"{row.dataset} {row.group}" for row in reference.outcome_groups() if not row.in_denominator]
    assert outside == ["street none", "street unmapped", "stops not_recorded", "stops unmapped"]
    assert all(row.label for row in reference.outcome_groups())


def test_no_public_label_judges() -> None:
    words = " ".join(row.label.lower() for row in reference.outcome_groups())
    judging = ("positive", "negative", "success", "fail", "good", "bad", "solved")
    assert not any(word in words for word in judging)
