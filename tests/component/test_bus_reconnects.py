"""A service's connection to the bus survives what happens to the servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from faststream.nats import NatsBroker

from deploy.local.nats import Nats
from deploy.local.nats_cluster import NatsCluster, nats_cluster
from deploy.local.process import Process
from deploy.local.programs import find_nats
from shared.bus import create_broker, publish, subscriber
from shared.errors import TransientError
from shared.events import SliceRequested
from shared.provision import provision
from tests.pipeline import eventually


@asynccontextmanager
async def handling(url: str) -> AsyncIterator[tuple[NatsBroker, set[str]]]:
    """A service that notes which slices it was sent."""
    broker, handled = create_broker(url, stop_timeout=5), set[str]()

    @subscriber(broker, "fetcher-slices")
    async def slice_requested(event: SliceRequested) -> None:
        handled.add(event.slice_id)

    await broker.start()
    try:
        yield broker, handled
    finally:
        await broker.stop()


async def arrives(broker: NatsBroker, handled: set[str], name: str) -> None:
    """Publish until it is confirmed, as services do, and wait until it is handled."""

    async def confirmed() -> bool:
        try:
            await publish(broker, SliceRequested(run_id=uuid4(), slice_id=name))
        except TransientError:
            return False
        return True

    async def here() -> bool:
        return name in handled

    await eventually(confirmed, f"{name} is confirmed", 60)
    await eventually(here, f"{name} is handled", 60)


async def agreed(cluster: NatsCluster) -> None:
    """Provision as soon as the servers have agreed on who leads."""

    async def provisioned() -> bool:
        try:
            await provision(cluster.url, replicas=3)
        except TransientError:
            return False
        return True

    await eventually(provisioned, "the cluster has streams", 60)


async def test_it_goes_on_at_another_server_of_the_cluster_under_the_same_user() -> None:
    with nats_cluster() as cluster:
        await agreed(cluster)
        async with handling(cluster.url) as (broker, handled):
            await arrives(broker, handled, "before")
            at = broker.connection.connected_url
            assert at is not None
            (name,) = (name for name, process in cluster.members.items() if process.port == at.port)
            await asyncio.to_thread(cluster.kill, name)
            await arrives(broker, handled, "after")
            now = broker.connection.connected_url
            assert now is not None
            assert now.port != at.port
            await asyncio.to_thread(cluster.start, name)


async def test_it_comes_back_to_a_server_that_did_not_know_it_for_a_while(tmp_path: Path) -> None:
    server = Nats(find_nats(), tmp_path / "nats", "secret")
    stranger = replace(server, secret="other")
    process = Process(server, tmp_path)
    server.prepare()
    process.start()
    try:
        assert process.port is not None
        url = server.url(process.port)
        await provision(url)
        async with handling(url) as (broker, handled):
            await arrives(broker, handled, "before")
            await asyncio.to_thread(process.kill)
            stranger.prepare()
            process.server = stranger
            await asyncio.to_thread(process.start)

            async def refused() -> bool:
                return "authentication error" in (tmp_path / "nats.log").read_text()

            await eventually(refused, "the server refuses us", 30)
            await asyncio.to_thread(process.kill)
            server.prepare()
            process.server = server
            await asyncio.to_thread(process.start)
            await arrives(broker, handled, "after")
    finally:
        process.kill()


async def test_it_ends_in_order_while_it_looks_for_its_server(tmp_path: Path) -> None:
    server = Nats(find_nats(), tmp_path / "nats", "secret")
    process = Process(server, tmp_path)
    server.prepare()
    process.start()
    assert process.port is not None
    url = server.url(process.port)
    try:
        await provision(url)
        async with handling(url) as (broker, handled):
            await arrives(broker, handled, "before")
            await asyncio.to_thread(process.kill)

            async def is_looking() -> bool:
                return broker.connection.is_reconnecting

            await eventually(is_looking, "the server is missed")
    finally:
        process.kill()
