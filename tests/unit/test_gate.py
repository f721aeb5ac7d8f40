"""The gate: each rule, on both sides of its limit."""

from dataclasses import replace

import pytest

from services.loader.gate import Candidate, ForceCount, GateRules, judge

RULES = GateRules(max_loss=0.3, min_records=50, max_set_aside=0.01)
GOOD = Candidate(
    received=1000,
    set_aside=0,
    set_aside_reasons=(),
    conflicts=0,
    stored=1000,
    forces=(ForceCount("kent", 600, 600), ForceCount(None, 400, 400)),
    accept_loss=False,
)


def test_a_month_like_the_one_before_passes() -> None:
    assert judge(GOOD, RULES) == []


def test_a_first_month_passes() -> None:
    assert judge(replace(GOOD, forces=(ForceCount("kent", 0, 1000),)), RULES) == []


@pytest.mark.parametrize("accept_loss", [False, True])
def test_a_month_without_a_record_never_passes(accept_loss: bool) -> None:
    empty = replace(GOOD, received=0, stored=0, forces=(), accept_loss=accept_loss)
    assert judge(empty, RULES) == ["the source has no record of this month"]


@pytest.mark.parametrize(("after", "passes"), [(70, True), (69, False), (0, False), (100, True), (500, True)])
def test_a_force_may_lose_the_share_that_is_allowed_and_no_more(after: int, passes: bool) -> None:
    reasons = judge(replace(GOOD, forces=(ForceCount("kent", 100, after),)), RULES)
    assert (reasons == []) is passes
    if not passes:
        assert reasons == [f"kent went from 100 to {after} records, a loss of more than 30%"]


@pytest.mark.parametrize(("before", "passes"), [(49, True), (50, False)])
def test_a_force_with_few_records_is_not_compared(before: int, passes: bool) -> None:
    assert (judge(replace(GOOD, forces=(ForceCount("kent", before, 0),)), RULES) == []) is passes


def test_every_force_that_lost_too_much_is_named() -> None:
    shrunken = (ForceCount("surrey", 900, 3), ForceCount(None, 80, 1), ForceCount("kent", 500, 100))
    reasons = judge(replace(GOOD, forces=shrunken), RULES)
    assert [reason.partition(" went")[0] for reason in reasons] == [
        "outside every police area",
        "kent",
        "surrey",
    ]


def test_a_loss_that_is_accepted_passes() -> None:
    shrunken = replace(GOOD, forces=(ForceCount("kent", 900, 3),))
    assert judge(shrunken, RULES) != []
    assert judge(replace(shrunken, accept_loss=True), RULES) == []


@pytest.mark.parametrize(("set_aside", "passes"), [(10, True), (11, False)])
def test_the_share_of_records_set_aside_has_a_limit(set_aside: int, passes: bool) -> None:
    candidate = replace(GOOD, set_aside=set_aside, set_aside_reasons=(("no month", set_aside),))
    reasons = judge(candidate, RULES)
    assert (reasons == []) is passes
    if not passes:
        assert reasons == ["11 of 1000 records were set aside, more than 1.0%: 11 x no month"]


def test_an_accepted_loss_accepts_nothing_else() -> None:
    bad = replace(GOOD, set_aside=500, conflicts=3, accept_loss=True)
    assert len(judge(bad, RULES)) == 2


def test_a_source_that_changed_while_it_was_read_is_refused() -> None:
    [reason] = judge(replace(GOOD, conflicts=1), RULES)
    assert reason == "1 ids came with two contents: the source changed while it was read"


def test_every_reason_is_given_at_once() -> None:
    bad = replace(GOOD, set_aside=500, conflicts=1, forces=(ForceCount("kent", 100, 0),))
    assert len(judge(bad, RULES)) == 3
