"""A source that limits, refuses, fails and stops: what is fetched is the same, and it is asked politely."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from deploy.local.police_api.server import SamplePoliceApi
from services.fetcher.plan import Slice
from services.fetcher.store import Store
from services.fetcher.tiles import Tile
from shared.events import IngestRequested, SliceRequested
from shared.model import Dataset, SliceKind
from tests.component.fetcher.desk import CITY, Desk, Record, csv_rows, fetching
from tests.pipeline import eventually

JANUARY = date(2019, 1, 1)
FORCES = (CITY, "surrey")
"""Orders for some forces are planned without what earlier runs have learned: their tiles are the same."""
MANY_TILES = {"tile_target": 1200}


async def shas(desk: Desk, run: UUID) -> dict[str, str]:
    """The checksum of every page of a complete run, by slice."""
    return {slice_id: page.sha256 for slice_id, (page, _) in (await desk.checked_pages(run)).items()}


async def order_many(desk: Desk) -> UUID:
    """A run of dozens of slices."""
    (run,) = await desk.order("2018-10", Dataset.STREET, forces=FORCES)
    return run


def ids(records: list[Record]) -> list[int]:
    """The numbers by which the source knows its records."""
    return sorted(record["id"] for record in records)


def statuses(api: SamplePoliceApi) -> Counter[str]:
    """How many answers of each status the source gave; `cut` is a broken one."""
    routes: dict[str, dict[str, int]] = api.report()["requests"]
    return sum((Counter(route) for route in routes.values()), Counter())


async def test_a_source_that_fails_now_and_then_gives_the_same_pages_as_a_good_one(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, **MANY_TILES) as desk:
        good = await shas(desk, await order_many(desk))
        assert len(good) > 40
        api.control(scenario="flaky", share=0.35, seed=7, reset=True)
        assert await shas(desk, await order_many(desk)) == good
        failed = statuses(api)
        assert min(failed["500"], failed["502"], failed["cut"]) > 0
        await desk.nothing_is_left()


async def test_a_source_that_does_not_answer_is_asked_again(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, request_timeout=0.5, tile_target=3000) as desk:
        good = await shas(desk, await order_many(desk))
        # Longer than the fetcher waits; only "hang" keeps a request, the other faults answer at once.
        api.control(scenario="flaky", share=0.35, hang=30, seed=3, reset=True)
        assert await shas(desk, await order_many(desk)) == good
        await desk.nothing_is_left()


async def test_a_storm_of_429_stops_everybody_with_and_without_retry_after_and_loses_nothing(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, **MANY_TILES) as desk:
        good = await shas(desk, await order_many(desk))
        api.control(scenario="storm", storm_every=15, storm_seconds=0.4, reset=True)
        assert await shas(desk, await order_many(desk)) == good
        found = statuses(api)
        storms = found["200"] // 15
        assert storms >= 3
        # Those in flight when a storm begins, and one try after each pause, which grow from 0.05 s.
        assert storms <= found["429"] <= storms * (8 + 8)
        await desk.nothing_is_left()


async def test_the_strictest_limit_is_never_exceeded(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, requests_per_second=15, **MANY_TILES) as desk:
        (first,) = await desk.order("2018-10", Dataset.STREET, forces=[CITY])  # the source reads the month
        await desk.fetched(first)
        api.control(rate=15, strict=True, jitter=0.03, reset=True)
        pages = await shas(desk, await order_many(desk))
        report = api.report()
        # Three requests plan a run, one looks at its end whether the release is still the same.
        assert len(report["arrivals"]) == len(pages) + 4 > 40
        assert statuses(api) == {"200": len(report["arrivals"])}
        assert report["max_in_flight"] <= 8


async def test_a_slow_source_has_never_more_than_eight_requests_at_once(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, **MANY_TILES) as desk:
        api.control(latency=0.2, reset=True)
        await shas(desk, await order_many(desk))
        assert api.report()["max_in_flight"] == 8


async def test_tiles_that_are_too_large_are_split_and_hold_the_same_records(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    api.control(cap=500, latest="2019-06")
    async with fetching(api, database_url, nats_url, tmp_path) as desk:
        (run,) = await desk.order("2019-06", Dataset.STREET)
        crimes = await desk.records(run)
        rows = csv_rows(Dataset.STREET, "2019-06")
        assert Counter(crime["persistent_id"] for crime in crimes) == Counter(row["Crime ID"] for row in rows)
        assert len(crimes) == len(rows) == 922
        slices = {row["id"]: row for row in await desk.slices(run)}
        split = [slice_id for slice_id, row in slices.items() if row["state"] == "split"]
        assert len(split) >= 1
        for slice_id in split:
            assert {f"{slice_id}.0", f"{slice_id}.1"} <= slices.keys()
        tiles = [row for row in slices.values() if row["kind"] == "tile" and row["state"] == "fetched"]
        assert max(row["records"] for row in tiles) <= 500
        assert api.report()["requests"]["crimes-street"] == {"200": len(tiles), "503": len(split)}
        await desk.nothing_is_left()


async def test_an_outage_in_the_middle_is_shown_and_survived_and_loses_nothing(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    async with fetching(api, database_url, nats_url, tmp_path, **MANY_TILES) as desk:
        good = await order_many(desk)
        expected = ids(await desk.records(good))
        api.control(latency=0.1, reset=True)
        run = await order_many(desk)
        await desk.requests(20)
        api.control(scenario="outage")

        async def slice_errors() -> list[Any]:
            return [row["error"] for row in await desk.slices(run) if row["error"]]

        errors = await eventually(slice_errors, "the outage is seen")
        assert "HTTP 503" in errors[0]
        assert (await desk.run(run))["state"] == "fetching"
        assert desk.readiness() == (200, {"database": "ok", "bus": "ok"})
        api.control(scenario="good", latency=0)
        assert ids(await desk.records(run)) == expected
        assert await slice_errors() == []
        # Only what was under way when the source came back may have been taken for too large.
        first = {row["id"] for row in await desk.slices(good)}
        split = {row["id"] for row in await desk.slices(run) if row["state"] == "split"}
        assert split <= first
        assert len(split) <= 8
        await desk.nothing_is_left()


async def test_a_run_that_cannot_begin_because_of_an_outage_waits_and_says_why(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    api.control(scenario="outage")
    async with fetching(api, database_url, nats_url, tmp_path, tries=2) as desk:
        (run,) = await desk.order("2019-01", Dataset.STOPS)

        async def error() -> str:
            row = await desk.find(run)
            return row["error"] if row else ""

        assert await eventually(error, "the outage is seen") == "crimes-street-dates: HTTP 503"
        assert (await desk.run(run))["state"] == "queued"
        assert desk.readiness() == (200, {"database": "ok", "bus": "ok"})
        api.control(scenario="good")
        assert len((await desk.fetched(run)).pages) == 1
        await desk.nothing_is_left()


async def test_an_area_that_cannot_be_cut_ends_its_run_with_the_reason_and_the_next_run_begins(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    points = Counter((row["Latitude"], row["Longitude"]) for row in csv_rows(Dataset.STREET, "2019-01", CITY))
    del points["", ""]
    ((lat, lon), number), *_ = points.most_common(1)
    assert number > 1
    api.control(cap=number - 1)
    async with fetching(api, database_url, nats_url, tmp_path, tick_seconds=600) as desk:
        # A run that has come down to a tile of ten metres around the place with the most crimes.
        store = Store(desk.pool)
        place = Tile(float(lat) - 0.00005, float(lon) - 0.00005, float(lat) + 0.00005, float(lon) + 0.00005)
        order = IngestRequested(order_id=uuid4(), month=JANUARY, datasets=(Dataset.STREET,))
        await store.queue_runs(order, JANUARY)
        run = await store.next_run(Dataset.STREET)
        assert run is not None
        await store.start_run(run, [Slice("t0.0.1", SliceKind.TILE, tile=place)], "by hand", JANUARY)
        (next_run,) = await desk.order("2019-01", Dataset.STREET, forces=["surrey"])
        await desk.bus.publish(SliceRequested(run_id=run.id, slice_id="t0.0.1"))
        failed = await desk.ended(run.id)
        assert failed["state"] == "failed"
        assert "slice t0.0.1: tile" in failed["error"]
        assert "too small to be cut" in failed["error"]
        assert (await desk.ended(next_run))["state"] == "fetched"
