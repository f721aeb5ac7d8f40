"""NATS as the overlays configure it: one server, and three that keep every stream together."""

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from deploy.k8s.secrets import make_passwords, servers
from deploy.local.nats import Nats
from deploy.local.process import HOST, Process, free_port
from deploy.local.programs import find_nats
from shared.errors import TransientError
from shared.provision import CONSUMERS, STREAMS, add_partner, bucket_of, provision
from tests.k8s import of_kind, overlay
from tests.pipeline import eventually

TLS = re.compile(r"^ *tls \{[^}]*\}", re.MULTILINE)
"""Certificates are cert-manager's; here is no network between the servers."""
PASSWORDS = servers(make_passwords())["nats-passwords"]
OPERATOR = f"CRIMEMAPS:{PASSWORDS['NATS_PASSWORD']}"


def configuration(name: str) -> dict[str, str]:
    """The files that the pods of an overlay have."""
    [found] = [
        one for one in of_kind(overlay(name), "ConfigMap") if one["metadata"]["name"].startswith("nats-")
    ]
    files: dict[str, str] = found["data"]
    return files


@dataclass(frozen=True)
class Pod(Nats):
    """A server in its pod: the same files and the same environment, ports and folders of this machine."""

    files: dict[str, str] | None = None
    monitor: int = 0

    def prepare(self) -> None:
        """Its folder and its configuration."""
        self.data_dir.mkdir(parents=True)
        for file, text in (self.files or {}).items():
            (self.data_dir / file).write_text(text)

    def command(self, port: int) -> list[str]:
        given = {**PASSWORDS, "POD_NAME": self.name, "NATS_DATA": str(self.data_dir / "data")}
        server = [str(self.program), "--config", str(self.data_dir / "server.conf"), "--addr", HOST]
        variables = [f"{name}={value}" for name, value in given.items()]
        return ["/usr/bin/env", *variables, *server, "--port", str(port)]

    def is_ready(self, port: int, pid: int) -> bool:
        """As the probe of its pod asks."""
        try:
            return bool(ask(self.monitor, "healthz?js-server-only=true") == {"status": "ok"})
        except OSError:
            return False


def ask(monitor: int, path: str) -> Any:
    """An answer of the monitoring port."""
    with urllib.request.urlopen(f"http://{HOST}:{monitor}/{path}", timeout=5) as answer:
        return json.load(answer)


def pods(name: str, folder: Path) -> list[Process]:
    """The servers of an overlay, not started yet."""
    names = [f"nats-{number}" for number in range(3 if name == "production" else 1)]
    routes = {one: free_port() for one in names}
    found = []
    for one in names:
        monitor, files = free_port(), {}
        for file, text in configuration(name).items():
            text = TLS.sub("", text).replace("http_port: 8222", f'http: "{HOST}:{monitor}"')
            text = text.replace("port: 6222", f'listen: "{HOST}:{routes[one]}"')
            text = text.replace("/tmp/nats.pid", str(folder / f"{one}.nats.pid"))
            for other, port in routes.items():
                text = text.replace(f"{other}.nats-peers:6222", f"{HOST}:{port}")
            files[file] = text
        pod = Pod(find_nats(), folder / one, "", name=one, files=files, monitor=monitor)
        pod.prepare()
        found.append(Process(pod, folder))
    return found


@asynccontextmanager
async def started(name: str, folder: Path) -> AsyncIterator[list[Process]]:
    """The servers from here to the end of the block."""
    processes = pods(name, folder)
    try:
        await asyncio.gather(*(asyncio.to_thread(process.start) for process in processes))
        yield processes
    finally:
        for process in processes:
            await asyncio.to_thread(process.kill)


@asynccontextmanager
async def connected(processes: list[Process]) -> AsyncIterator[Client]:
    """The operator, who knows all servers."""

    async def ignore(error: Exception) -> None:
        del error

    addresses = [address(process) for process in processes]
    client = await nats.connect(
        addresses, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=ignore
    )
    try:
        yield client
    finally:
        await client.close()


def address(process: Process) -> str:
    return f"nats://{OPERATOR}@{HOST}:{process.port}"


async def test_the_server_of_the_trial_takes_its_configuration_and_is_provisioned(tmp_path: Path) -> None:
    async with started("dev", tmp_path) as [server]:
        await provision(address(server))
        async with connected([server]) as client:
            names = {stream.config.name for stream in await client.jetstream().streams_info()}
            assert {stream.name for stream in STREAMS} <= names


@pytest.mark.timeout(120)
async def test_three_servers_keep_every_stream_and_go_on_with_two(tmp_path: Path) -> None:
    async with started("production", tmp_path) as servers, connected(servers) as client:
        jetstream = client.jetstream()
        first = address(servers[0])
        await eventually(patient(lambda: provision(first)), "the servers have chosen a leader")
        await add_partner(first, "acme")
        assert await replicas(client) == {1}

        await provision(first, replicas=3)
        assert await replicas(client) == {3}
        await add_partner(first, "later")
        assert (await jetstream.stream_info(f"OBJ_{bucket_of('later')}")).config.num_replicas == 3

        async def all_follow() -> bool:
            infos = [info.cluster for info in await jetstream.streams_info()]
            return all(one and all(other.current for other in one.replicas or []) for one in infos)

        await eventually(all_follow, "every stream is on every server")
        by_name = {process.server.name: process for process in servers}
        leader = (await jetstream.consumer_info("PAGES", "loader-pages")).cluster
        assert leader is not None
        assert leader.leader in by_name, "KEDA asks the pod of this name"
        monitor = by_name[leader.leader].server
        assert isinstance(monitor, Pod)
        told = ask(monitor.monitor, "jsz?acc=CRIMEMAPS&consumers=true")
        streams = {one["name"]: one for one in told["account_details"][0]["stream_detail"]}
        durables = {one["name"] for one in streams["PAGES"]["consumer_detail"]}
        assert "loader-pages" in durables & set(CONSUMERS)

        await asyncio.to_thread(by_name[leader.leader].kill)
        await eventually(
            patient(lambda: jetstream.publish("page.fetched", b"")), "a page is taken by the others"
        )


async def replicas(client: Client) -> set[int | None]:
    """On how many servers streams and object stores are to be."""
    return {stream.config.num_replicas for stream in await client.jetstream().streams_info()}


def patient(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[bool]]:
    """Whether it is done; not while a leader is chosen."""

    async def done() -> bool:
        try:
            await work()
        except (TransientError, nats.errors.Error, OSError, TimeoutError):
            return False
        return True

    return done
