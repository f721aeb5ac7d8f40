"""Settings of the fetcher: faster than allowed only on this machine."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.fetcher.settings import FetcherSettings


def settings(**values: Any) -> FetcherSettings:
    return FetcherSettings(database_url="postgresql://a/b", nats_url="nats://c", **values)


def test_the_defaults_are_those_of_the_public_api() -> None:
    made = settings()
    assert made.source_url == "https://data.police.uk/api"
    assert (made.requests_per_second, made.max_in_flight, made.watch_seconds) == (15, 8, 900)


@pytest.mark.parametrize("host", ["127.0.0.1:8090", "localhost", "[::1]:8090"])
def test_a_source_on_this_machine_may_be_asked_as_fast_as_one_likes(host: str) -> None:
    assert settings(source_url=f"http://{host}/api", requests_per_second=500).requests_per_second == 500


@pytest.mark.parametrize(
    "url",
    [
        "https://data.police.uk/api",
        "http://127.0.0.1.example.org/api",
        "http://localhost@data.police.uk/api",
        "http://192.168.0.7/api",
        "data.police.uk/api",
    ],
)
def test_any_other_source_is_never_asked_more_than_15_times_a_second(url: str) -> None:
    assert settings(source_url=url, requests_per_second=15).requests_per_second == 15
    with pytest.raises(ValidationError, match="at most 15 for a source that is not on this machine"):
        settings(source_url=url, requests_per_second=15.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_in_flight": 9},
        {"max_in_flight": 0},
        {"requests_per_second": 0},
        {"tile_target": 10_001},
        {"tries": 0},
        {"refresh_months": 37},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**wrong)
    assert refused.value.errors()[0]["loc"] == tuple(wrong)
