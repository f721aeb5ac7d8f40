"""How slices are asked for, and what a 429 asks of us."""

from datetime import date

import httpx
import pytest

from services.fetcher.plan import Slice
from services.fetcher.police_api import request_of, retry_after
from services.fetcher.tiles import Tile
from shared.model import Dataset, SliceKind

OCTOBER = date(2018, 10, 1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", None), ("7", 7.0), ("120", 120.0)],
)
def test_retry_after_is_taken_as_seconds_and_0_as_not_said(header: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"retry-after": header})) == seconds


@pytest.mark.parametrize("header", ["", "soon", "-3", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9"])
def test_a_retry_after_that_is_no_number_says_nothing(header: str) -> None:
    assert retry_after(httpx.Headers({"Retry-After": header})) is None
    assert retry_after(httpx.Headers()) is None


@pytest.mark.parametrize(
    ("dataset", "route"),
    [(Dataset.STREET, "crimes-street/all-crime"), (Dataset.OUTCOMES, "outcomes-at-location")],
)
def test_a_tile_is_posted_latitude_first_and_never_without_a_date(dataset: Dataset, route: str) -> None:
    piece = Slice("t0", SliceKind.TILE, tile=Tile(51.0, -1.0, 52.0, 0.5))
    assert request_of(dataset, OCTOBER, piece) == (
        "POST",
        route,
        {
            "date": "2018-10",
            "poly": "50.999999,-1.000001:50.999999,0.500001:52.000001,0.500001:52.000001,-1.000001",
        },
    )


def test_forces_are_asked_by_name() -> None:
    stops = request_of(Dataset.STOPS, OCTOBER, Slice("f-kent", SliceKind.FORCE, force="kent"))
    assert stops == ("GET", "stops-force", {"date": "2018-10", "force": "kent"})
    unlocated = request_of(Dataset.STREET, OCTOBER, Slice("u-kent", SliceKind.UNLOCATED, force="kent"))
    assert unlocated == (
        "GET",
        "crimes-no-location",
        {"date": "2018-10", "force": "kent", "category": "all-crime"},
    )
