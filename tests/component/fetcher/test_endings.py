"""How runs end that cannot end well."""

from pathlib import Path
from uuid import uuid4, uuid5

import pytest

from deploy.local.police_api.server import SamplePoliceApi
from shared.errors import TransientError
from shared.events import IngestRequested, MonthFetched, run_id
from shared.model import Dataset, parse_month
from tests.component.fetcher.desk import CITY, fetching
from tests.component.fetcher.insider import inside
from tests.component.fetcher.odd_source import Answer, OddSource

OCTOBER, DECEMBER = parse_month("2018-10"), parse_month("2018-12")
FORCES = Answer(b'[{"id":"kent","name":"Kent Police"}]')


async def test_a_release_that_comes_during_a_run_has_the_month_fetched_again(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    with SamplePoliceApi(scenario="moved", moved_after=30) as api:
        async with fetching(api, database_url, nats_url, tmp_path) as desk:
            (run,) = await desk.order("2018-10", Dataset.STREET)
            torn = await desk.ended(run)
            assert torn["state"] == "failed"
            assert "the source published 2022-02 meanwhile" in torn["error"]
            again = await desk.fetched(uuid5(run, "again"))
            assert (again.dataset, again.month) == (Dataset.STREET, OCTOBER)
            assert {event.run_id for event in await desk.bus.events(MonthFetched)} == {again.run_id}


async def test_a_run_that_nothing_moves_is_given_up_with_the_last_reason(
    database_url: str, nats_url: str
) -> None:
    source = OddSource({"forces": [FORCES] * 9})
    order = IngestRequested(order_id=uuid4(), month=DECEMBER, datasets=(Dataset.STREET,))
    run = run_id(order.order_id, Dataset.STREET, DECEMBER)
    async with source.serving() as url, inside(url, database_url, nats_url, run_patience=1e-6) as fetcher:
        await fetcher.runs.order(order)
        await fetcher.store.note_slice(run, "t0", "crimes-street: HTTP 500")
        await fetcher.runs.tick()
        row = await fetcher.pool.fetchrow("SELECT state, error FROM run WHERE id = $1", run)
    assert row is not None
    assert row["state"] == "failed"
    assert "crimes-street: HTTP 500" in row["error"]


@pytest.mark.parametrize("status", [302, 400, 403, 404, 503])
async def test_a_list_that_the_source_refuses_to_give_fails_no_run(
    status: int, database_url: str, nats_url: str
) -> None:
    source = OddSource({"crimes-street-dates": [Answer(b"", status)] * 2, "forces": [FORCES] * 9})
    order = IngestRequested(order_id=uuid4(), month=DECEMBER, datasets=(Dataset.STREET,))
    run = run_id(order.order_id, Dataset.STREET, DECEMBER)
    async with source.serving() as url, inside(url, database_url, nats_url, tries=2) as fetcher:
        with pytest.raises(TransientError):
            await fetcher.runs.order(order)
        waiting = await fetcher.pool.fetchrow("SELECT state, error FROM run WHERE id = $1", run)
        await fetcher.runs.tick()
        state = await fetcher.pool.fetchval("SELECT state FROM run WHERE id = $1", run)
    assert waiting is not None
    assert waiting["state"] == "queued"
    assert f"HTTP {status}" in waiting["error"]
    assert state == "fetching"


async def test_stops_of_forces_that_published_none_fail_with_the_reason(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path) as desk:
        (nobody,) = await desk.order("2018-10", Dataset.STOPS, forces=["kent"])
        (city,) = await desk.order("2018-10", Dataset.STOPS, forces=[CITY])
        row = await desk.ended(nobody)
        assert row["state"] == "failed"
        assert row["error"] == "none of these forces published stops in 2018-10"
        assert len((await desk.fetched(city)).pages) == 1
