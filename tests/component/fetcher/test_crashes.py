"""A fetcher that is killed, and a bus that is away: the run goes on, and no slice is lost."""

import asyncio
import random
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.police_api.server import SamplePoliceApi
from shared.errors import TransientError
from shared.events import WORK, IngestRequested, MonthFetched, SliceRequested
from shared.model import Dataset
from shared.provision import provision
from tests.component.fetcher.desk import CITY, Desk, fetching
from tests.component.fetcher.insider import Insider, inside
from tests.pipeline import eventually

OCTOBER = date(2018, 10, 1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_fetcher_killed_in_the_middle_continues_its_run_and_no_slice_is_lost(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path, seed: int
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, tile_target=1000) as desk:
        (reference,) = await desk.order("2018-10", Dataset.STREET, forces=[CITY, "surrey"])
        good = {page.slice_id: page.sha256 for page in (await desk.fetched(reference)).pages}
        assert len(good) > 30
        api.control(latency=0.05)
        (run,) = await desk.order("2018-10", Dataset.STREET, forces=[CITY, "surrey"])
        for number in sorted(random.Random(seed).sample(range(len(good)), 3)):
            await fetched_slices(desk, run, number)
            await asyncio.to_thread(desk.process.kill)
            await asyncio.to_thread(desk.process.start)
        pages = await desk.checked_pages(run)
        assert {slice_id: page.sha256 for slice_id, (page, _) in pages.items()} == good
        assert {row["state"] for row in await desk.slices(run)} == {"fetched"}
        assert [event.run_id for event in await desk.bus.events(MonthFetched)] == [reference, run]
        await desk.nothing_is_left()


async def fetched_slices(desk: Desk, run: object, number: int) -> None:
    """Wait until so many slices of a run have their page."""

    async def look() -> bool:
        count = "SELECT count(*) FROM slice WHERE run_id = $1 AND state = 'fetched'"
        return bool(await desk.pool.fetchval(count, run) >= number)

    await eventually(look, f"{number} slices")


async def test_requests_that_the_bus_did_not_take_are_made_at_the_next_tick(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    async with inside(api.url, database_url, nats_url) as fetcher:
        await fetcher.runs.tick()
        order = IngestRequested(
            order_id=uuid4(), month=OCTOBER, datasets=(Dataset.STREET,), forces=(CITY, "surrey")
        )
        await fetcher.bus.client.jetstream().delete_stream(WORK)
        with pytest.raises(TransientError, match=r"slice\.requested was not confirmed"):
            await fetcher.runs.order(order)
        await provision(nats_url)
        await fetcher.runs.order(order)  # comes again, and has nothing to do
        assert await asked(fetcher) == []
        await fetcher.runs.tick()
        slices = [slice_id for _, slice_id in await fetcher.store.waiting_slices()]
        assert len(slices) > 3
        assert await asked(fetcher) == slices
        await fetcher.runs.tick()
        assert await asked(fetcher) == slices


async def test_halves_that_the_bus_did_not_take_are_asked_for_at_the_next_tick(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    async with inside(api.url, database_url, nats_url) as fetcher:
        await fetcher.runs.tick()
        order = IngestRequested(order_id=uuid4(), month=OCTOBER, datasets=(Dataset.OUTCOMES,), forces=(CITY,))
        await fetcher.runs.order(order)
        ((run, whole),) = await fetcher.store.waiting_slices()
        api.control(cap=400)
        await fetcher.bus.client.jetstream().delete_stream(WORK)
        request = SliceRequested(run_id=run, slice_id=whole)
        with pytest.raises(TransientError, match=r"slice\.requested was not confirmed"):
            await fetcher.runs.fetch(request)
        await provision(nats_url)
        await fetcher.runs.fetch(request)  # comes again, and finds the slice split
        assert await asked(fetcher) == []
        await fetcher.runs.tick()
        assert await asked(fetcher) == [f"{whole}.0", f"{whole}.1"]


async def test_a_page_that_the_bus_did_not_take_is_fetched_again(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    async with inside(api.url, database_url, nats_url) as fetcher:
        order = IngestRequested(order_id=uuid4(), month=OCTOBER, datasets=(Dataset.STOPS,), forces=(CITY,))
        await fetcher.runs.order(order)
        ((run, piece),) = await fetcher.store.waiting_slices()
        await fetcher.bus.client.jetstream().delete_stream("PAGES")
        request = SliceRequested(run_id=run, slice_id=piece)
        with pytest.raises(TransientError, match=r"page\.fetched was not confirmed"):
            await fetcher.runs.fetch(request)
        assert await fetcher.store.waiting_slices() == [(run, piece)]
        await provision(nats_url)
        await fetcher.runs.fetch(request)
        assert await fetcher.store.waiting_slices() == []
        assert [event.run_id for event in await fetcher.bus.events(MonthFetched)] == [run]


async def test_a_manifest_that_the_bus_did_not_take_is_published_at_the_next_tick(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    async with inside(api.url, database_url, nats_url) as fetcher:
        order = IngestRequested(order_id=uuid4(), month=OCTOBER, datasets=(Dataset.STOPS,), forces=(CITY,))
        await fetcher.runs.order(order)
        ((run, piece),) = await fetcher.store.waiting_slices()
        await fetcher.bus.client.jetstream().delete_stream("FACTS")
        with pytest.raises(TransientError, match=r"month\.fetched was not confirmed"):
            await fetcher.runs.fetch(SliceRequested(run_id=run, slice_id=piece))
        assert await fetcher.store.fetching_runs() == [run]
        await provision(nats_url)
        await fetcher.runs.tick()
        assert await fetcher.store.fetching_runs() == []
        await fetcher.runs.tick()
        assert [event.run_id for event in await fetcher.bus.events(MonthFetched)] == [run]


async def asked(fetcher: Insider) -> list[str]:
    """The slices that are asked for on the bus."""
    return sorted(event.slice_id for event in await fetcher.bus.events(SliceRequested))
