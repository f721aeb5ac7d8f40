"""One source for all tests of the fetcher, as good as new for each."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.police_api.server import SamplePoliceApi


@pytest.fixture(scope="package")
def source() -> Iterator[tuple[SamplePoliceApi, dict[str, Any]]]:
    """The source, and how it is set at first."""
    with SamplePoliceApi(rate=0, hang=0.1) as api:
        yield api, api.report()["settings"]


@pytest.fixture
def api(source: tuple[SamplePoliceApi, dict[str, Any]]) -> SamplePoliceApi:
    """A source in which all goes well, without a limit of requests, its counters at zero."""
    api, settings = source
    api.control(**settings, reset=True)
    return api
