"""A service waits for what the jobs make, and says for what."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import nats
import pytest

from shared.await_setup import await_setup, reason_to_wait
from shared.db import READER, open_pool
from shared.migrate import migrate
from shared.provision import CONSUMERS, check_provisioned, provision
from shared.settings import Settings
from tests.crimemaps import ROOT, environment
from tests.k8s import named, overlay
from tests.production import production_nats
from tests.servers import execute

NOBODY = "nats://127.0.0.1:9"


async def test_it_ends_when_the_schema_and_the_consumers_are_there_and_says_each_reason_once(
    empty_url: str, nats_url: str
) -> None:
    said: list[str] = []
    settings = Settings(database_url=empty_url, nats_url=nats_url)
    waiting = asyncio.create_task(await_setup("loader", settings, said.append, seconds=0.01))
    for make, reason in (
        (migrate(empty_url), "the database lacks migration 0001_reference: run `python -m shared.migrate`"),
        (provision(nats_url), "the bus lacks consumer loader-pages: run `python -m shared.provision`"),
    ):
        while not said or reason not in said[-1]:
            assert not waiting.done()
            await asyncio.sleep(0.01)
        await make
    await asyncio.wait_for(waiting, 30)
    assert len(said) == len(set(said))


@pytest.mark.parametrize("service", ["fetcher", "loader", "hexer", "reporter"])
async def test_each_service_misses_a_consumer_of_its_own_and_no_other(
    service: str, database_url: str, nats_url: str
) -> None:
    await provision(nats_url)
    settings = Settings(database_url=database_url, nats_url=nats_url)
    client = await nats.connect(nats_url)
    try:
        for durable, consumer in CONSUMERS.items():
            if not durable.startswith(f"{service}-"):
                await client.jetstream().delete_consumer(consumer.event.stream, durable)
        assert await reason_to_wait(service, settings) is None
        [durable, *_] = [durable for durable in CONSUMERS if durable.startswith(f"{service}-")]
        await client.jetstream().delete_consumer(CONSUMERS[durable].event.stream, durable)
        assert f"lacks consumer {durable}" in str(await reason_to_wait(service, settings))
    finally:
        await client.close()


async def test_a_database_of_a_newer_version_will_do(database_url: str, nats_url: str) -> None:
    await provision(nats_url)
    await execute(database_url, "INSERT INTO migration (name) VALUES ('9999_of_tomorrow')")
    settings = Settings(database_url=database_url, nats_url=nats_url)
    assert await reason_to_wait("hexer", settings) is None


@pytest.mark.parametrize("service", ["fetcher", "loader", "hexer", "reporter", "gateway"])
async def test_the_rights_of_a_service_are_enough_to_look(
    service: str, database_url: str, tmp_path: Path
) -> None:
    role = READER if service == "gateway" else f"crimemaps_{service}"
    async with open_pool(database_url, role=role) as pool:
        assert await pool.fetchval("SELECT count(*) FROM migration") > 0
    with production_nats(tmp_path) as server:
        await check_provisioned(server.url(service.upper()), service)
        assert server.violations() == []


async def test_the_autoscaler_may_count_waiting_orders_with_the_rights_of_the_gateway(
    database_url: str,
) -> None:
    reporter = named(overlay("production"), "ScaledObject", "reporter")
    [query] = [
        one["metadata"]["query"] for one in reporter["spec"]["triggers"] if one["type"] == "postgresql"
    ]
    async with open_pool(database_url, role=READER) as pool:
        assert await pool.fetchval(query) == 0


def test_as_a_program_it_waits_for_servers_that_are_away_and_ends_when_told(database_url: str) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "shared.await_setup", "gateway"],
        cwd=ROOT,
        env=environment({"DATABASE_URL": database_url, "NATS_URL": NOBODY}),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("gateway waits: no NATS server at nats://127.0.0.1:9")
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 143
    finally:
        program.kill()
