"""What can be set at the start, and changed while the server runs."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Scenario = Literal["good", "flaky", "storm", "outage", "revised", "shrunken", "moved"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds, shares of 1, numbers of requests. README.md explains the scenarios."""

    scenario: Scenario = "good"
    seed: int = 0
    latency: float = 0.0
    """Added to every answer."""

    rate: float = 15.0
    """Requests a second; 0: no limit."""
    burst: int = 30
    """Size of the leaky bucket."""
    strict: bool = False
    """Instead of the bucket: no second, whenever it begins, with more than `rate` requests."""
    jitter: float = 0.0
    """strict: seconds that a second may lack; requests do not come as evenly as they were sent."""

    cap: int = 10_000
    """Most crimes or outcomes of an area; 0: no cap."""
    latest: str = ""
    """Newest month shown; empty: all."""
    window: int = 0
    """Number of months shown; 0: all."""

    share: float = 0.2
    """flaky: of requests that go wrong."""
    hang: float = 2.0
    """flaky: before a hanging request is cut off."""
    storm_every: int = 40
    """storm: requests that go well between two storms."""
    storm_seconds: float = 1.0
    outage_seconds: float = 0.0
    """outage: ends by itself after this time; 0: not."""
    outage_requests: int = 0
    """outage: ends by itself after as many requests; 0: not."""
    moved_after: int = 50
    """moved: requests before the revised release comes."""
    shrunken_force: str = "surrey"
    shrunken_month: str = ""
    """shrunken: the month; empty: all."""
    emptied_force: str = "city-of-london"
    """shrunken: the force whose stops are an empty list, in all months."""


NAMES = tuple(field.name for field in msgspec.structs.fields(Settings))


def changed(settings: Settings, changes: Mapping[str, object], months: list[str]) -> Settings:
    """The settings with changes.

    Raises:
        ValueError: an unknown name, a value of the wrong kind, or a `latest` that no data is there for.
    """
    try:
        # Not strict: the command line gives everything as text.
        result = msgspec.convert({**msgspec.structs.asdict(settings), **changes}, Settings, strict=False)
    except msgspec.ValidationError as error:
        valid = f"scenarios are {', '.join(get_args(Scenario))}; settings are {', '.join(NAMES)}"
        raise ValueError(f"{error}; {valid}") from error
    if result.latest and result.latest < months[0]:
        raise ValueError(f"latest is {result.latest}: the data begin in {months[0]}")
    return result
