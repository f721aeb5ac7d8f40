"""How the gateway ends: balancers and clients learn it before it stops to listen."""

import asyncio
import http.client
from pathlib import Path

from deploy.local.process import HOST, Process
from shared.provision import provision
from tests.pipeline import eventually, running, service

DRAIN_SECONDS = 3


def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str | None]:
    """The status, and what the answer says of the connection."""
    connection.request("GET", path)
    with connection.getresponse() as answer:
        answer.read()
        return answer.status, answer.getheader("Connection")


async def readiness(process: Process) -> int:
    """What a new connection is told."""
    assert process.port is not None
    connection = http.client.HTTPConnection(HOST, process.port, timeout=5)
    try:
        return (await asyncio.to_thread(get, connection, "/readyz"))[0]
    finally:
        connection.close()


async def test_after_sigterm_it_is_not_ready_answers_on_and_ends_each_connection_with_its_answer(
    database_url: str, nats_url: str, tmp_path: Path
) -> None:
    await provision(nats_url)
    gateway = service("gateway", tmp_path, database_url, nats_url, drain_seconds=DRAIN_SECONDS)
    async with running(gateway):
        assert gateway.port is not None
        kept = http.client.HTTPConnection(HOST, gateway.port, timeout=5)
        assert await asyncio.to_thread(get, kept, "/api/v1/forces") == (200, None)
        assert await readiness(gateway) == 200

        stopping = asyncio.create_task(asyncio.to_thread(gateway.stop))

        async def is_leaving() -> bool:
            return await readiness(gateway) == 503

        await eventually(is_leaving, "it says that it is not ready")
        assert await asyncio.to_thread(get, kept, "/api/v1/forces") == (200, "close")
        assert not stopping.done()
        await asyncio.wait_for(stopping, 15)
