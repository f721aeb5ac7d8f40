"""The embedded servers: they start, come back with their data, and never stay behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import asyncpg
import nats
import nats.errors
import psutil
import pytest
import redis

from deploy.local import process, programs
from deploy.local.postgres import SYSTEM_DIR
from deploy.local.process import ServerFailed, free_port, sweep
from deploy.local.programs import (
    INSTALL_POSTGIS,
    POSTGRES_BIN,
    POSTGRES_KIND,
    MissingServer,
    WrongSetting,
    find_cache,
    find_postgres,
)
from deploy.local.servers import LocalServers, read_endpoints
from deploy.local.var_dir import VarDirInUse, run_dir, temporary_var_dir

PARENT = """
import json, psutil, signal
from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir

with temporary_var_dir() as var_dir, LocalServers(var_dir, durable=False):
    children = [child.pid for child in psutil.Process().children(recursive=True)]
    print(json.dumps({"var_dir": str(var_dir), "children": children}), flush=True)
    signal.pause()
"""
How = Literal["graceful", "kill"]
NOTHING_TO_START = {"DATABASE_URL": "postgresql://a", "NATS_URL": "nats://b", "REDIS_URL": "redis://c"}


@pytest.fixture
def var_dir() -> Iterator[Path]:
    with temporary_var_dir() as path:
        yield path


async def test_the_databases_role_is_no_superuser(servers: LocalServers) -> None:
    connection = await asyncpg.connect(servers.endpoints.database_url)
    try:
        assert await connection.fetchval("SHOW is_superuser") == "off"
        await connection.execute("CREATE TABLE may_create (id int); DROP TABLE may_create")
    finally:
        await connection.close()


async def test_nobody_can_log_in_as_the_superuser(servers: LocalServers) -> None:
    url = servers.endpoints.database_url.replace("//crimemaps:", "//postgres:")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(url)


async def test_the_bus_takes_messages_of_8_megabytes_and_no_more(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        assert client.max_payload == 8 * 1024 * 1024
        stream = await client.jetstream().add_stream(name="BIG", subjects=["big"])
        assert stream.config.name == "BIG"
        ack = await client.jetstream().publish("big", bytes(8_380_000))
        assert ack.seq == 1
        with pytest.raises(nats.errors.MaxPayloadError):
            await client.jetstream().publish("big", bytes(20_000_000))
    finally:
        await client.close()


@pytest.mark.parametrize("how", ["graceful", "kill"])
async def test_a_restarted_database_keeps_port_and_rows(
    servers: LocalServers, database_url: str, how: How
) -> None:
    before = await asyncpg.connect(database_url)
    await before.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    servers.restart("postgres", how=how)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await before.fetchval("SELECT 1")
    after = await asyncpg.connect(database_url)
    try:
        assert await after.fetchval("SELECT sum(n) FROM kept") == 500_500
    finally:
        await after.close()


@pytest.mark.parametrize("how", ["graceful", "kill"])
async def test_a_restarted_bus_keeps_port_and_messages(
    servers: LocalServers, nats_url: str, how: How
) -> None:
    before = await nats.connect(nats_url, allow_reconnect=False)
    await before.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await before.jetstream().publish("kept", b"of before")
    servers.restart("nats", how=how)
    after = await nats.connect(nats_url)
    try:
        message = await after.jetstream().get_msg("KEPT", 1)
        assert message.data == b"of before"
    finally:
        await after.close()


@pytest.mark.parametrize("how", ["graceful", "kill"])
def test_a_restarted_cache_keeps_its_port_and_is_empty(
    servers: LocalServers, redis_url: str, how: How
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"
        servers.restart("cache", how=how)
        assert client.get("key") is None


def test_stopped_servers_leave_no_child_and_start_again_with_the_same_secret(var_dir: Path) -> None:
    others = set(psutil.Process().children(recursive=True))
    with LocalServers(var_dir, durable=False) as first:
        secret = first.endpoints.nats_url.split(":")[2]
        assert len(set(psutil.Process().children(recursive=True)) - others) >= 3
    assert set(psutil.Process().children(recursive=True)) <= others
    with LocalServers(var_dir, durable=False) as second:
        assert second.endpoints.nats_url.split(":")[2] == secret
        assert second.failures() == []


def test_a_killed_parent_leaves_no_child_and_its_folder_goes_with_the_next() -> None:
    with parent_process() as (parent, folder, pids):
        children = [psutil.Process(pid) for pid in pids]
        assert len(children) > 3
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_for(lambda: process.all_gone(children))
    assert folder.exists()
    with temporary_var_dir():
        assert not folder.exists()


def test_a_second_start_on_the_same_folder_names_the_process_that_has_it(var_dir: Path) -> None:
    with LocalServers(var_dir, durable=False) as first:
        with pytest.raises(VarDirInUse, match=f"process {os.getpid()} already runs .* {var_dir}"):
            LocalServers(var_dir).start()
        assert first.failures() == []


def test_another_process_can_read_where_running_servers_are(var_dir: Path) -> None:
    assert read_endpoints(var_dir) is None
    with LocalServers(var_dir, durable=False) as running:
        assert read_endpoints(var_dir) == running.endpoints
    assert read_endpoints(var_dir) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run under another account")
def test_where_the_account_of_the_database_cannot_go_its_data_are_elsewhere(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with LocalServers(tmp_path / "var", durable=False) as servers:
        assert servers.failures() == []
        record = json.loads((run_dir(tmp_path / "var") / "postgres.pid").read_text())
        home = Path(record["command"][2]).parent
        assert home.parent == SYSTEM_DIR
        assert not (tmp_path / "var" / "postgres").exists()
    shutil.rmtree(home)


def test_given_servers_are_neither_started_nor_contacted(tmp_path: Path) -> None:
    others = set(psutil.Process().children(recursive=True))
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [listener.getsockname()[1] for listener in listeners]
    environ = {
        "DATABASE_URL": f"postgresql://me@127.0.0.1:{ports[0]}/mine",
        "NATS_URL": f"nats://127.0.0.1:{ports[1]}",
        "REDIS_URL": f"redis://127.0.0.1:{ports[2]}/3",
    }
    with LocalServers(tmp_path, environ=environ) as servers:
        assert servers.endpoints.environ() == environ
        assert set(psutil.Process().children(recursive=True)) <= others
        with pytest.raises(ValueError, match="postgres is not ours to restart: DATABASE_URL names it"):
            servers.restart("postgres")
    for listener in listeners:
        listener.setblocking(False)
        with listener, pytest.raises(BlockingIOError):
            listener.accept()


def test_an_empty_url_is_no_url(var_dir: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/db", "NATS_URL": "", "REDIS_URL": ""}
    with LocalServers(var_dir, environ=given) as servers:
        assert servers.endpoints.database_url == "postgresql://elsewhere/db"
        assert servers.endpoints.nats_url.startswith("nats://crimemaps:")
        assert not (var_dir / "postgres").exists()


@pytest.fixture
def no_postgres(tmp_path: Path) -> dict[str, str]:
    """A machine whose own folder of PostgreSQL is empty."""
    empty = tmp_path / "bin"
    empty.mkdir()
    return {POSTGRES_BIN: str(empty)}


@pytest.mark.usefixtures("postgis")
async def test_with_postgis_every_new_database_has_it(servers: LocalServers) -> None:
    assert servers.database.endswith("with PostGIS")
    connection = await asyncpg.connect(servers.endpoints.database_url)
    try:
        assert await connection.fetchval("SELECT st_area(st_makeenvelope(0, 0, 2, 3))") == 6
    finally:
        await connection.close()


def test_without_postgis_the_postgresql_from_pypi_is_used_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch, var_dir: Path
) -> None:
    monkeypatch.setattr(programs, "POSTGRES_DIRS", ())
    with LocalServers(var_dir, durable=False, environ={"PATH": ""}) as servers:
        assert servers.failures() == []
        words = r"PostgreSQL \d+\.\d+ from PyPI \(without PostGIS: all answers are the same\)"
        assert re.fullmatch(words, servers.database)


def test_a_machine_without_pango_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PANGO", ("no-such-library",))
    assert not programs.has_pango()


def test_either_kind_can_be_forced() -> None:
    assert not find_postgres({POSTGRES_KIND: "pypi"}).has_postgis
    with pytest.raises(WrongSetting, match="CRIMEMAPS_POSTGRES=oracle: valid are postgis, pypi"):
        find_postgres({POSTGRES_KIND: "oracle"})


def test_the_data_of_another_postgresql_are_not_opened(var_dir: Path) -> None:
    environ = {"CRIMEMAPS_POSTGRES": "pypi", "NATS_URL": "nats://b", "REDIS_URL": "redis://c"}
    with LocalServers(var_dir, durable=False, environ=environ) as servers:
        [folder] = {Path(json.loads((run_dir(var_dir) / "postgres.pid").read_text())["command"][2])}
        assert servers.failures() == []
    (folder / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServerFailed, match=r"belong to PostgreSQL 15, but .*choose that one with"):
        LocalServers(var_dir, durable=False, environ=environ).start()


def test_where_postgis_is_demanded_the_error_is_the_line_that_installs_it(
    tmp_path: Path, no_postgres: dict[str, str]
) -> None:
    with pytest.raises(MissingServer) as caught:
        LocalServers(tmp_path / "var", environ={**no_postgres, POSTGRES_KIND: "postgis"}).start()
    assert str(caught.value) == INSTALL_POSTGIS
    with LocalServers(tmp_path / "var", environ=NOTHING_TO_START):
        pass  # the folder is free again


def test_a_database_below_the_version_floor_counts_as_missing(tmp_path: Path) -> None:
    for program in ("postgres", "initdb"):
        (tmp_path / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.11'\n")
        (tmp_path / program).chmod(0o755)
    with pytest.raises(MissingServer):
        LocalServers(tmp_path / "var", environ={POSTGRES_BIN: str(tmp_path)}).start()


def test_a_port_that_somebody_takes_first_is_replaced(var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as rival:
        taken = rival.getsockname()[1]
        ports = iter([taken] * 3)
        monkeypatch.setattr(process, "free_port", lambda: next(ports, None) or free_port())
        with LocalServers(var_dir, durable=False) as servers:
            assert str(taken) not in "".join(servers.endpoints.environ().values())


def test_a_server_that_cannot_start_shows_its_log_and_the_others_stop(var_dir: Path) -> None:
    with LocalServers(var_dir, durable=False):
        pass
    (var_dir / "postgres" / "global" / "pg_control").unlink()
    others = set(psutil.Process().children(recursive=True))
    with pytest.raises(ServerFailed, match=r"postgres ended with .*[\s\S]*pg_control"):
        LocalServers(var_dir, durable=False).start()
    assert set(psutil.Process().children(recursive=True)) <= others


def test_a_server_that_dies_is_noticed(var_dir: Path) -> None:
    with LocalServers(var_dir, durable=False, environ={"DATABASE_URL": "postgresql://elsewhere"}) as servers:
        pid = json.loads((run_dir(var_dir) / "cache.pid").read_text())["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: bool(servers.failures()))
        assert servers.failures()[0].startswith("cache ended with -9")
        servers.restart("cache")
        assert servers.failures() == []


def test_sweeping_ends_a_recorded_server_and_no_other_process(tmp_path: Path) -> None:
    commands = [[str(find_cache()), "--port", str(free_port()), "--set-proc-title", "no"] for _ in range(2)]
    ours, foreign = (subprocess.Popen(it, stdout=subprocess.DEVNULL, cwd=tmp_path) for it in commands)
    try:
        for name, pid in (("ours", ours.pid), ("reused", foreign.pid)):
            record = {"pid": pid, "command": commands[0], "signal": signal.SIGTERM}
            (tmp_path / f"{name}.pid").write_text(json.dumps(record))
        (tmp_path / "half_written.pid").write_text('{"pid": ')
        wait_for(lambda: psutil.Process(ours.pid).cmdline() == commands[0])
        sweep(tmp_path)
        assert ours.poll() is not None
        assert foreign.poll() is None
        assert list(tmp_path.glob("*.pid")) == []
    finally:
        for server in (ours, foreign):
            server.kill()
            server.wait()


@contextmanager
def parent_process() -> Iterator[tuple[subprocess.Popen[str], Path, list[int]]]:
    """A process of its own that runs servers, its folder, and the pids of its children."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            said = json.loads(parent.stdout.readline())
            yield parent, Path(said["var_dir"]), said["children"]
        finally:
            parent.kill()


def wait_for(condition: Callable[[], bool]) -> None:
    assert process.wait_until(condition, 20), "not within 20 seconds"
