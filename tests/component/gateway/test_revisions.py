"""The ledger of revisions over HTTP: the true case of the City of London, republished."""

import asyncpg
import pytest

from shared.events import RollbackRequested
from shared.model import Dataset
from tests.builders import sample_run
from tests.component.gateway.server import Client, get
from tests.pipeline import loaded, loader_store

URL = "/api/v1/revisions"
CHANGED = {"2018-10": 1, "2018-11": 2, "2018-12": 4}


@pytest.fixture
async def versions(pool: asyncpg.Pool) -> dict[str, tuple[int, int]]:
    """Three months as they were published, and as they were published again."""
    store = loader_store(pool)
    return {
        month: (
            (await loaded(store, sample_run(month=month))).version,
            (await loaded(store, sample_run(month=month, revised=True))).version,
        )
        for month in CHANGED
    }


async def test_every_replaced_version_is_told_with_what_differs(
    client: Client, versions: dict[str, tuple[int, int]]
) -> None:
    answer = await get(client, URL)
    found = answer["revisions"]
    assert [one["month"] for one in found] == ["2018-12", "2018-11", "2018-10"]
    assert {one["month"]: one["outcome_changed"] for one in found} == CHANGED
    for one in found:
        assert (one["added"], one["removed"], one["otherwise_changed"]) == (0, 0, 0)
        assert (one["replaced"]["version"], one["by"]["version"]) == versions[one["month"]]
        assert sum(line["outcome_changed"] for line in one["differences"]) == CHANGED[one["month"]]
        assert {line["force"] for line in one["differences"]} == {"city-of-london"}
    assert answer["data_version"] == {"street": {month: new for month, (_, new) in versions.items()}}


async def test_filters_and_pages_leave_what_was_asked_for(
    client: Client, versions: dict[str, tuple[int, int]]
) -> None:
    [november] = (await get(client, URL, dataset="street", month="2018-11"))["revisions"]
    assert november["outcome_changed"] == 2
    assert (await get(client, URL, dataset="stops"))["revisions"] == []
    assert (await get(client, URL, force="kent"))["revisions"] == []
    assert len((await get(client, URL, force="kent,city-of-london"))["revisions"]) == 3
    first = await get(client, URL, limit="2")
    assert len(first["revisions"]) == 2
    rest = (await client.get(first["next"])).json()
    assert ([one["month"] for one in rest["revisions"]], rest["next"]) == (["2018-10"], None)
    held = await client.get(URL)
    assert (await client.get(URL, headers={"If-None-Match": held.headers["etag"]})).status_code == 304


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"dataset": "cats"}, "street"),
        ({"force": "camelot"}, "kent"),
        ({"limit": "0"}, "from 1 to 100"),
        ({"limit": "x"}, "from 1 to 100"),
        ({"before": "-1"}, "from 1 to"),
        ({"month": "2018-13"}, "YYYY-MM"),
    ],
)
async def test_what_does_not_exist_is_refused(client: Client, parameters: dict[str, str], named: str) -> None:
    assert named in (await get(client, URL, 400, **parameters))["detail"]


async def test_a_month_that_was_taken_back_is_in_the_ledger_with_its_reason(
    client: Client, pool: asyncpg.Pool, versions: dict[str, tuple[int, int]]
) -> None:
    month, before = sample_run().month, (await client.get(URL)).headers["etag"]
    await loader_store(pool).roll_back(
        RollbackRequested(
            order_id=sample_run().id, dataset=Dataset.STREET, month=month,
            version=versions["2018-10"][0], reason="the new outcome was an error",
        )
    )  # fmt: skip
    answer = await client.get(URL, headers={"If-None-Match": before})
    newest = answer.json()["revisions"][0]
    assert (newest["kind"], newest["reason"]) == ("rolled_back", "the new outcome was an error")
    assert (newest["replaced"]["version"], newest["by"]["version"]) == versions["2018-10"][::-1]
    assert newest["outcome_changed"] == 1
