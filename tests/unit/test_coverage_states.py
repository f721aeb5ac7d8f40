"""The state of a force's month, judged on real numbers."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from shared.coverage import USUAL_MONTHS, State, judge, typical_change
from shared.known_issues import known_issues
from shared.model import Dataset, format_month, months_after, parse_month
from shared.reference import forces

ROWS = Path(__file__).parents[1] / "data" / "street_rows_by_force.csv"
"""Rows of the published files of street crimes, as a spreadsheet would count them."""
PEOPLE = {force.id: force.population for force in forces()}
COUNTS: dict[str, dict[date, int]] = defaultdict(dict)
for row in csv.DictReader(ROWS.read_text().splitlines()):
    COUNTS[row["force"]][parse_month(row["month"])] = int(row["rows"])


def earlier(force: str, month: date) -> list[int]:
    return [COUNTS[force].get(months_after(month, -back), 0) for back in range(1, USUAL_MONTHS + 1)]


def state(force: str, month: date, dataset: Dataset = Dataset.STREET) -> tuple[State, str]:
    records = COUNTS[force].get(month, 0)
    return judge(
        dataset, force, month, PEOPLE[force], records, earlier(force, month),
        change=typical_change((COUNTS[one].get(month, 0), earlier(one, month)) for one in list(COUNTS)),
        loaded=True, in_scope=True, listed_empty=False,
    )  # fmt: skip


def test_kent_is_the_only_force_whose_real_months_are_suspected() -> None:
    suspected = {
        (force, format_month(month))
        for force, months in COUNTS.items()
        for month in months
        if state(force, month)[0] == "partial_suspected"
    }
    assert suspected == {("kent", "2018-11"), ("kent", "2018-12")}
    evidence = "13818 records, 71% of the earlier months' median, 19396, where police areas typically had 94%"
    assert state("kent", date(2018, 11, 1))[1] == evidence


def test_a_year_in_which_all_areas_have_fewer_crimes_makes_none_of_them_suspected() -> None:
    october, month = date(2018, 10, 1), date(2020, 4, 1)
    before = {force: months[october] for force, months in COUNTS.items() if october in months}
    change = typical_change((int(0.6 * n), [n]) for n in before.values())
    found = {
        judge(
            Dataset.STREET, force, month, PEOPLE[force], int(0.6 * n), [n],
            change=change, loaded=True, in_scope=True, listed_empty=False,
        )[0]
        for force, n in before.items()
    }  # fmt: skip
    assert found == {"published"}


def test_the_change_of_too_few_areas_tells_nothing() -> None:
    assert typical_change([(500, [5000])] * 4) == 1.0
    assert typical_change([(4000, [5000])] * 5) == 0.8
    assert typical_change([(9000, [5000])] * 5) == 1.0
    assert typical_change([(90, [500])] * 9) == 1.0


def test_what_is_known_from_elsewhere_is_evidence_with_its_source() -> None:
    found, evidence = judge(
        Dataset.OUTCOMES, "devon-and-cornwall", date(2023, 1, 1), None, 9000, [],
        change=1.0, loaded=True, in_scope=True, listed_empty=False,
    )  # fmt: skip
    assert found == "known_issue"
    assert "change of the records system in November 2022 (data.police.uk API, verified 2026-" in evidence
    assert state("devon-and-cornwall", date(2018, 12, 1), Dataset.OUTCOMES)[0] == "published"
    found, evidence = state("greater-manchester", date(2019, 7, 1))
    assert found == "not_published"
    assert "has published no data since July 2019" in evidence


@pytest.mark.parametrize("known", known_issues(), ids=lambda known: known.id)
def test_every_known_issue_is_of_a_force_and_says_where_and_when_it_was_verified(known: object) -> None:
    issue = next(one for one in known_issues() if one == known)
    assert issue.force is None or issue.force in PEOPLE
    assert issue.effect == "kind" or (issue.force and issue.since) or issue.id == "psni-no-outcomes"
    assert issue.source
    assert date(2026, 1, 1) < issue.verified <= date(2026, 12, 31)
    assert issue.is_stale(date(2027, 12, 31))
    assert not issue.is_stale(issue.verified)


def test_known_issues_have_names_of_their_own() -> None:
    assert len({issue.id for issue in known_issues()}) == len(known_issues())
