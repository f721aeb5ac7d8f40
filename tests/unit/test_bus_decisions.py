"""What becomes of a message after an error; how the broker acts on it is tested with a real server."""

import pytest
from pydantic import ValidationError

from shared.bus import FIRST_DELAY, LONGEST_DELAY, reason_of, retry_delay
from shared.errors import PermanentError
from shared.events import SliceRequested


def test_delays_double_up_to_a_minute() -> None:
    for tries in range(1, 40):
        full = min(LONGEST_DELAY, FIRST_DELAY * 2**tries)
        assert all(0.75 * full <= retry_delay(tries) <= full for _ in range(20))
    assert retry_delay(10_000) <= LONGEST_DELAY


def test_delays_are_spread_so_that_messages_do_not_come_back_all_at_once() -> None:
    assert len({retry_delay(3) for _ in range(20)}) > 10


def test_a_reason_fits_a_header() -> None:
    reason = reason_of(PermanentError("two\r\nlines " + "x" * 5000))
    assert reason.startswith("PermanentError: two  lines")
    assert len(reason) <= 500


def test_the_reason_for_an_unreadable_message_names_the_field() -> None:
    with pytest.raises(ValidationError) as problem:
        SliceRequested.model_validate({"run_id": "7"})
    assert reason_of(problem.value).startswith("not in the declared shape: run_id: ")
