"""From an order to pages and a manifest, with a source in which all goes well."""

import asyncio
from collections import Counter
from datetime import date
from pathlib import Path
from uuid import uuid4

import httpx

from deploy.local.police_api.server import SamplePoliceApi
from services.fetcher.tiles import Tile, poly
from shared.events import MonthFetched, PageFetched
from shared.model import Dataset, SliceKind
from tests.component.fetcher.desk import CITY, csv_rows, fetching


async def test_an_order_becomes_pages_and_manifests_with_exactly_the_records_of_the_csv_files(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path) as desk:
        street, outcomes, stops = await desk.order("2018-10")

        crimes = await desk.records(street)
        rows = csv_rows(Dataset.STREET, "2018-10")
        assert len(crimes) == len({crime["id"] for crime in crimes}) == len(rows) == 43_382
        assert Counter(crime["persistent_id"] for crime in crimes) == Counter(row["Crime ID"] for row in rows)
        unlocated = sum(1 for row in rows if not row["Latitude"])
        assert sum(1 for crime in crimes if crime["location"] is None) == unlocated > 0

        # The sample has no outcomes files of 2018: its API makes them of the last outcomes.
        found = [outcome["crime"]["id"] for outcome in await desk.records(outcomes)]
        last = [row for row in rows if row["Latitude"] and row["Last outcome category"]]
        assert len(found) == len(set(found)) == len(last) > 10_000

        published = Counter(row["force"] for row in csv_rows(Dataset.STOPS, "2018-10"))
        pages = await desk.checked_pages(stops)
        assert {page.force: page.records for page, _ in pages.values()} == published
        await desk.nothing_is_left()


async def test_a_page_on_the_bus_is_byte_for_byte_what_the_source_answers(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with (
        fetching(api, database_url, nats_url, tmp_path, tile_target=300) as desk,
        httpx.AsyncClient(base_url=api.url + "/") as client,
    ):
        street, stops = await desk.order("2019-01", Dataset.STREET, Dataset.STOPS, forces=[CITY])
        pages = await desk.checked_pages(street)
        tiles = {row["id"]: row["tile"] for row in await desk.slices(street)}
        assert {page.kind for page, _ in pages.values()} == {SliceKind.TILE, SliceKind.UNLOCATED}
        for slice_id, (page, body) in pages.items():
            if tiles[slice_id]:
                fields = {"date": "2019-01", "poly": poly(Tile(*tiles[slice_id]))}
                again = await client.post("crimes-street/all-crime", data=fields)
            else:
                fields = {"date": "2019-01", "force": str(page.force)}
                again = await client.get("crimes-no-location", params=fields)
            assert again.content == body
        ((page, body),) = (await desk.checked_pages(stops)).values()
        again = await client.get("stops-force", params={"date": "2019-01", "force": CITY})
        assert (page.kind, page.force, again.content) == ("force", CITY, body)


async def test_a_run_that_cannot_be_fetched_fails_with_what_is_valid_and_the_next_goes_on(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path) as desk:
        (too_old,) = await desk.order("2017-01", Dataset.STREET)
        (unknown,) = await desk.order("2019-01", Dataset.STREET, forces=["atlantis", CITY])
        (good,) = await desk.order("2019-01", Dataset.STREET, forces=[CITY])
        failed = await desk.ended(too_old)
        assert failed["state"] == "failed"
        assert failed["error"] == "the source has no 2017-01; it has 2018-04 to 2020-08, 2022-01"
        failed = await desk.ended(unknown)
        assert failed["state"] == "failed"
        assert failed["error"].startswith(
            "no force atlantis; there are avon-and-somerset, bedfordshire, btp,"
        )
        await desk.fetched(good)
        assert await desk.slices(too_old) == await desk.slices(unknown) == []
        assert [event.run_id for event in await desk.bus.events(MonthFetched)] == [good]
        await desk.nothing_is_left()


async def test_the_second_month_is_planned_from_what_the_first_has_taught(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path) as desk:
        plans, tiles = [], []
        for month in ("2018-10", "2018-11"):
            api.control(reset=True)
            (run,) = await desk.order(month, Dataset.STREET)
            manifest = await desk.fetched(run)
            plans.append((await desk.run(run))["plan"])
            pages = [page for page in manifest.pages if page.slice_id.startswith("t")]
            asked = api.report()["requests"]["crimes-street"]
            assert asked["200"] == len(pages)
            tiles.append(sum(asked.values()))
        (outcomes,) = await desk.order("2018-11", Dataset.OUTCOMES)
        await desk.fetched(outcomes)
        plans.append((await desk.run(outcomes))["plan"])
        assert plans == [
            "prior",
            "tiles learned from street",
            "tiles learned from street",
        ]
        # Without knowledge a whole country is expected; with it, four counties and the railways.
        assert tiles[0] > 50
        assert tiles[1] <= 8


async def test_two_orders_for_a_month_are_two_runs_and_an_order_that_comes_twice_is_one(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path) as desk:
        order_id = uuid4()
        (first,) = await desk.order("2019-01", Dataset.STOPS, order_id=order_id)
        assert await desk.order("2019-01", Dataset.STOPS, order_id=order_id) == [first]
        (second,) = await desk.order("2019-01", Dataset.STOPS)
        one, two = await asyncio.gather(desk.fetched(first), desk.fetched(second))
        assert [page.sha256 for page in one.pages] == [page.sha256 for page in two.pages]
        await desk.nothing_is_left()
        assert await desk.pool.fetchval("SELECT count(*) FROM run") == 2
        assert len(await desk.bus.messages(PageFetched.subject)) == 2
        # One dataset is fetched one run at a time.
        ended, started = [
            (await desk.ended(run))[word] for run, word in ((first, "ended_at"), (second, "started_at"))
        ]
        assert ended <= started


async def test_a_month_that_is_revised_while_it_is_fetched_is_fetched_again_from_one_release(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, tile_target=1000) as desk:
        api.control(scenario="moved", moved_after=20, latest="2018-12")
        (mixed,) = await desk.order("2018-10", Dataset.STREET, forces=[CITY, "surrey"])
        failed = await desk.ended(mixed)
        assert failed["state"] == "failed"
        assert "the source published 2019-01" in failed["error"]
        again = await desk.pool.fetchval("SELECT id FROM run WHERE id <> $1", mixed)
        assert (await desk.fetched(again)).release == date(2019, 1, 1)
        # A new release numbers its records anew.
        assert min(crime["id"] for crime in await desk.records(again)) > 1_000_000_000
        assert [event.run_id for event in await desk.bus.events(MonthFetched)] == [again]
        await desk.nothing_is_left()
