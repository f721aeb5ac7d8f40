"""What the fetcher measures for all: releases that wait, queues, and messages that were given up."""

import asyncpg
import pytest
from prometheus_client import REGISTRY

from deploy.local.police_api.server import SamplePoliceApi
from services.fetcher.bus_watch import measure_bus
from services.fetcher.store import Store
from shared.bus import create_broker
from shared.errors import TransientError
from shared.model import Dataset, parse_month
from shared.provision import CONSUMERS, provision
from tests.component.fetcher.insider import inside
from tests.component.gateway.records import load
from tests.pipeline import connected, eventually

NOTICED = (
    "INSERT INTO release (newest_month, seen_at) "
    "VALUES ($1, clock_timestamp() - make_interval(hours => $2::integer))"
)
NEWEST, FORCE = "2022-01", "thames-valley"
OF_ALL = {"2021-12": 99, NEWEST: 7}
"""Releases by their newest month, and the hours since they were noticed."""


def gauge(name: str, **labels: str) -> float | None:
    """What a metric says now."""
    return REGISTRY.get_sample_value(f"crimemaps_{name}", labels)


async def notice(pool: asyncpg.Pool) -> None:
    """As the watcher leaves it."""
    for month, hours in OF_ALL.items():
        await pool.execute(NOTICED, parse_month(month), hours)


async def test_a_release_waits_until_its_newest_month_can_be_seen_on_maps_too(database_url: str) -> None:
    async with connected(database_url) as pool:
        store = Store(pool)
        assert await store.release_waiting() == {}
        await notice(pool)
        waiting = await store.release_waiting()
        assert {dataset: round(waiting[dataset] / 3600) for dataset in Dataset} == dict.fromkeys(Dataset, 7)
        for dataset in (Dataset.STREET, Dataset.OUTCOMES):
            await load(pool, dataset, NEWEST, (FORCE,), cells=False)
        waiting = await store.release_waiting()
        assert (waiting[Dataset.STREET] > 0, waiting[Dataset.OUTCOMES]) == (True, 0)
        await load(pool, Dataset.STREET, NEWEST, (FORCE,))
        waiting = await store.release_waiting()
        assert (waiting[Dataset.STREET], waiting[Dataset.STOPS] > 0) == (0, True)


async def test_queues_and_dead_letters_are_counted(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    async with inside(api.url, database_url, nats_url) as fetcher:
        for _ in range(3):
            await fetcher.bus.send("month.loaded", b"{}")
        await fetcher.bus.send("dead.hexer-months", b"{}")
        await notice(fetcher.pool)

        async def all_told() -> bool:  # the server tells its consumers of a message a moment after it has it
            await fetcher.watcher(0).measure_queues()
            names = ("hexer-months", "hexer-downloads")
            return [gauge("queue_messages", durable=name, state="waiting") for name in names] == [3, 3]

        await eventually(all_told, "three messages of each consumer")
        await fetcher.watcher(0).measure_data()
    assert {gauge("queue_messages", durable=durable, state="in_progress") for durable in CONSUMERS} == {0}
    assert gauge("dead_letters_held") == 1
    assert round((gauge("release_waiting_seconds", dataset="stops") or 0) / 3600) == 7


async def test_a_bus_that_is_not_provisioned_is_told(nats_url: str) -> None:
    broker = create_broker(nats_url, stop_timeout=5)
    await broker.start()
    try:
        with pytest.raises(TransientError, match=r"run `python -m shared.provision`"):
            await measure_bus(broker)
        assert gauge("queue_messages", durable="hexer-months", state="waiting") is None
        await provision(nats_url)
        await measure_bus(broker)
    finally:
        await broker.stop()
    assert gauge("dead_letters_held") == 0
