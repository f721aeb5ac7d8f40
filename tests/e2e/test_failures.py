"""Whatever breaks on the way, the end is the same, row for row, as when nothing does."""

import asyncio
import random
from pathlib import Path
from typing import Any, Literal

import pytest

from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.servers import LocalServers, ServerName
from shared.events import MonthLoaded, MonthRejected
from shared.model import Dataset, format_month
from tests.e2e.ingest import CITY, MONTHS, Checksums, ingesting, sql
from tests.pipeline import eventually

SLICES = "SELECT count(*) FROM slice WHERE state = 'fetched'"
FETCHED_RUNS = "SELECT count(*) FROM run WHERE state = 'fetched'"
VERDICTS = "SELECT count(*) FROM verdict"
RUNS = len(MONTHS) * len(Dataset)


def test_the_reference_holds_every_read_model_of_every_month(reference: Checksums) -> None:
    models = {
        *("street", "outcomes", "stops", "street_cell", "stop_cell", "street_cube", "stop_cube"),
        *("outcome_cube", "street_point_count", "stop_point_count"),
    }
    assert reference.keys() == {(model, month) for model in models for month in MONTHS}
    assert len(set(reference.values())) == len(reference)


@pytest.mark.parametrize(
    "weather",
    [
        {"scenario": "flaky", "share": 0.25, "seed": 5},
        {"scenario": "storm", "storm_every": 60, "storm_seconds": 0.5},
    ],
    ids=["flaky", "storm"],
)
async def test_a_difficult_source_leaves_the_same_as_a_good_one(
    api: SamplePoliceApi,
    database_url: str,
    nats_url: str,
    tmp_path: Path,
    reference: Checksums,
    weather: dict[str, Any],
) -> None:
    api.control(**weather)
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        await ingest.finish(await ingest.order(*MONTHS))
        assert await ingest.checksums() == reference
    statuses = {status for route in api.report()["requests"].values() for status in route}
    assert statuses >= ({"500", "502", "cut"} if weather["scenario"] == "flaky" else {"429"})


async def test_an_outage_in_the_middle_leaves_the_same_when_it_is_over(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path, reference: Checksums
) -> None:
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        runs = await ingest.order(*MONTHS)
        await ingest.reaches(SLICES, random.Random(3).randrange(20, 120))
        api.control(scenario="outage")
        await ingest.reaches("SELECT count(*) FROM slice WHERE error <> ''", 1)
        assert await ingest.pool.fetchval(VERDICTS) < RUNS
        api.control(scenario="good")
        await ingest.finish(runs)
        assert await ingest.checksums() == reference


@pytest.mark.parametrize(
    ("name", "clock", "last", "seed"),
    [
        ("fetcher", SLICES, 200, 1),
        ("loader", SLICES, 200, 2),
        ("loader", FETCHED_RUNS, RUNS, 3),
        ("hexer", VERDICTS, RUNS, 4),
    ],
    ids=["fetcher", "loader while pages come", "loader when months are complete", "hexer"],
)
async def test_a_service_killed_at_any_moment_leaves_the_same(
    api: SamplePoliceApi,
    database_url: str,
    nats_url: str,
    tmp_path: Path,
    reference: Checksums,
    name: str,
    clock: str,
    last: int,
    seed: int,
) -> None:
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        runs = await ingest.order(*MONTHS)
        for moment in sorted(random.Random(seed).sample(range(1, last), 3)):
            await ingest.reaches(clock, moment)
            await ingest.kill(name)
        await ingest.finish(runs)
        assert await ingest.checksums() == reference


@pytest.mark.parametrize("how", ["graceful", "kill"])
@pytest.mark.parametrize("name", ["nats", "postgres"])
async def test_a_server_restarted_in_the_middle_leaves_the_same(
    api: SamplePoliceApi,
    servers: LocalServers,
    database_url: str,
    nats_url: str,
    tmp_path: Path,
    reference: Checksums,
    name: ServerName,
    how: Literal["graceful", "kill"],
) -> None:
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        runs = await ingest.order(*MONTHS)
        for moment in sorted(random.Random(f"{name} {how}").sample(range(1, 150), 2)):
            await ingest.reaches(SLICES, moment)
            await asyncio.to_thread(servers.restart, name, how=how)
        await ingest.finish(runs)
        assert await ingest.checksums() == reference


async def test_a_shrunken_month_is_rejected_with_the_reason_and_the_old_one_stays(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path, reference: Checksums
) -> None:
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        runs = await ingest.order("2018-11")
        await ingest.finish(runs)
        whole = {key: checksum for key, checksum in reference.items() if key[1] == "2018-11"}
        assert await ingest.checksums() == whole
        api.control(scenario="shrunken", shrunken_force=CITY, emptied_force=CITY)
        runs += await ingest.order("2018-11")
        await ingest.finish(runs)
        assert await ingest.checksums() == whole
        rejected = {row["dataset"]: row["reasons"] for row in (await ingest.verdicts())[3:]}
        assert rejected.keys() == set(Dataset)
        for dataset in (Dataset.STREET, Dataset.OUTCOMES):
            assert "city-of-london went from " in rejected[dataset][0]
            assert "a loss of more than 30%" in rejected[dataset][0]
        assert rejected[Dataset.STOPS] == [
            "the source has no record of this month",
            "city-of-london went from 122 to 0 records, a loss of more than 30%",
        ]
        published = {event.dataset: list(event.reasons) for event in await ingest.bus.events(MonthRejected)}
        assert published == rejected


async def test_a_new_release_is_fetched_by_itself_once_with_the_months_before(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path, reference: Checksums
) -> None:
    api.control(latest="2018-11")
    async with ingesting(api, database_url, nats_url, tmp_path, watch_seconds=0.2) as ingest:
        await ingest.finish(2 * len(Dataset))  # nobody ordered them
        before = {key: checksum for key, checksum in reference.items() if key[1] != "2018-12"}
        assert await ingest.checksums() == before
        api.control(latest="2018-12")
        await ingest.reaches("SELECT count(*) FROM release", 2)
        await ingest.finish(2 * len(Dataset) + RUNS)
        assert await ingest.checksums() == reference
        again = (await ingest.verdicts())[2 * len(Dataset) :]
        assert {(format_month(row["month"]), row["verdict"]) for row in again} == {
            ("2018-10", "unchanged"),
            ("2018-11", "unchanged"),
            ("2018-12", "loaded"),
        }

        looks = len(api.report()["arrivals"])

        async def looked() -> bool:
            return len(api.report()["arrivals"]) >= looks + 5

        await eventually(looked, "the watcher looks again")
        await ingest.finish(2 * len(Dataset) + RUNS)


async def test_a_revised_release_changes_exactly_the_revised_records(
    api: SamplePoliceApi, database_url: str, nats_url: str, tmp_path: Path, reference: Checksums
) -> None:
    async with ingesting(api, database_url, nats_url, tmp_path) as ingest:
        await ingest.finish(await ingest.order(*MONTHS))
        api.control(scenario="revised")
        await ingest.order(*MONTHS)
        await ingest.finish(2 * RUNS)
        changes = [tuple(row.values()) for row in await ingest.pool.fetch(sql("select_changes"))]
        assert changes == [("2018-10", 1, 1, 1), ("2018-11", 2, 2, 2), ("2018-12", 4, 4, 4)]
        assert {(row["dataset"], row["verdict"]) for row in (await ingest.verdicts())[RUNS:]} == {
            ("street", "loaded"),
            ("outcomes", "loaded"),
            ("stops", "unchanged"),
        }
        loaded = await ingest.bus.events(MonthLoaded)
        assert [event.changed for event in loaded if event.dataset is Dataset.STOPS] == [True] * 3 + [
            False
        ] * 3
        stops = {key: value for key, value in (await ingest.checksums()).items() if key[0].startswith("stop")}
        assert stops == {key: value for key, value in reference.items() if key[0].startswith("stop")}
