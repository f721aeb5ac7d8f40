"""TLS to each server: with the right authority a service gets in; else it is told why in one line."""

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import nats
import pytest

from deploy.local.postgres import NAME, Postgres
from deploy.local.process import ENVIRONMENT, HOST, Process
from deploy.local.programs import find_postgres
from deploy.local.var_dir import temporary_var_dir
from services.gateway.cache import RedisServer
from shared.bus import create_broker
from shared.db import VALID, open_pool
from shared.errors import CrimeMapsError
from shared.provision import connect
from tests.certificates import Certificates, issue
from tests.component.gateway.server import Cable, pump
from tests.pipeline import eventually
from tests.production import Production, serving

UNKNOWN = "unable to get local issuer certificate"
OTHER_NAME = "Hostname mismatch, certificate is not valid for 'localhost'"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """What the servers show: they are 127.0.0.1, and not localhost."""
    return issue(tmp_path_factory.mktemp("certificates") / "ours", HOST)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of an authority that has issued nothing here."""
    return issue(tmp_path_factory.mktemp("certificates") / "others", HOST)


async def refusal(attempt: Awaitable[object]) -> str:
    """Why there is no connection; one line, without the password."""
    with pytest.raises(CrimeMapsError) as refused:
        await attempt
    text = str(refused.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory, ours: Certificates) -> Iterator[Production]:
    """NATS with `deploy/nats/tls.conf`."""
    files = {"NATS_CERT": str(ours.certificate), "NATS_KEY": str(ours.key)}
    with serving(tmp_path_factory.mktemp("nats"), config="tls.conf", environment=files) as server:
        yield server


def with_tls(url: str, authority: Path | None = None) -> str:
    return url.replace("nats://", "tls://") + (f"?ca={authority}" if authority else "")


async def test_a_service_reaches_nats_by_tls_alone(bus: Production, ours: Certificates) -> None:
    url = with_tls(bus.url("LOADER"), ours.authority)
    await (await connect(url)).close()
    async with create_broker(url, stop_timeout=1) as broker:
        assert await broker.ping(5)
        transport = broker.connection._transport
        assert transport is not None
        assert transport._io_writer.get_extra_info("cipher") is not None  # type: ignore[attr-defined]


async def test_nats_is_refused_without_its_authority(
    bus: Production, others: Certificates, ours: Certificates
) -> None:
    url = bus.url("LOADER")
    where = f"no NATS server at tls://LOADER@{HOST}:{bus.port}: "
    for authority in (None, others.authority):
        text = await refusal(connect(with_tls(url, authority)))
        assert text.startswith(where)
        assert UNKNOWN in text
    assert UNKNOWN in await refusal(connect(url))
    named = with_tls(url, ours.authority).replace(HOST, "localhost")
    assert OTHER_NAME in await refusal(connect(named))


async def test_a_partner_whose_client_waits_to_be_asked_for_tls_gets_in_too(
    bus: Production, ours: Certificates
) -> None:
    trusting = ssl.create_default_context(cafile=str(ours.authority))
    client = await nats.connect(with_tls(bus.url("LOADER")), tls=trusting)
    await client.close()


async def test_no_password_is_told_to_a_nats_server_that_does_not_speak_tls(ours: Certificates) -> None:
    heard = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id": "x", "auth_required": true}\r\n')
        heard.extend(await reader.read(1000))
        writer.close()

    async with await asyncio.start_server(answer, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"tls://LOADER:secret@{HOST}:{port}?ca={ours.authority}"
        await refusal(connect(url))
    assert heard
    assert b"secret" not in heard


async def test_a_service_comes_back_by_tls_when_the_connection_was_cut(
    bus: Production, ours: Certificates
) -> None:
    cable = Cable(bus.url("LOADER"))
    await cable.mend()
    async with create_broker(with_tls(cable.url, ours.authority), stop_timeout=1) as broker:
        assert await broker.ping(5)
        cable.cut()

        async def is_gone() -> bool:
            return not await broker.ping(0.1)

        await eventually(is_gone, "the connection is gone")
        await cable.mend()
        await eventually(lambda: broker.ping(1), "the connection is back")
    cable.cut()


@dataclass(frozen=True)
class TlsPostgres(Postgres):
    """PostgreSQL that shows a certificate."""

    name: str = "tls-postgres"

    def command(self, port: int) -> list[str]:
        files = (("ssl_cert_file", "tls.crt"), ("ssl_key_file", "tls.key"))
        options = [word for name, file in files for word in ("-c", f"{name}={self.data_dir.parent / file}")]
        return [*super().command(port), "-c", "ssl=on", *options]

    def can_do_tls(self) -> bool:
        """Whether it was built with it."""
        asked = [str(self.programs.folder / "postgres"), "-C", "ssl_library", "-D", str(self.data_dir)]
        done = subprocess.run(asked, user=self.user, env=ENVIRONMENT, cwd="/", capture_output=True, text=True)
        return bool(done.stdout.strip())


@pytest.fixture(scope="module")
def database(ours: Certificates) -> Iterator[str]:
    """The address of a PostgreSQL with TLS, password and all."""
    with temporary_var_dir() as var_dir:
        server = TlsPostgres.under(var_dir, "secret", durable=False, environ=os.environ)
        assert isinstance(server, TlsPostgres)
        server.prepare()
        if not server.can_do_tls():
            pytest.skip(f"{find_postgres(os.environ).words} was built without TLS")
        for file in (ours.certificate, ours.key):
            shutil.copy(file, server.data_dir.parent)
            if server.user:
                shutil.chown(server.data_dir.parent / file.name, server.user)
        process = Process(server, var_dir)
        process.start()
        assert process.port is not None
        yield server.url(process.port)
        process.kill()


def verified(url: str, authority: Path) -> str:
    return f"{url}?sslmode=verify-full&sslrootcert={authority}"


async def query(url: str) -> bool:
    """Whether the connection of a service's pool is encrypted."""
    async with open_pool(url, max_size=1) as pool:
        statement = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        return bool(await pool.fetchval(statement))


async def test_a_service_reaches_postgresql_by_tls(database: str, ours: Certificates) -> None:
    assert await query(verified(database, ours.authority))


async def test_postgresql_is_refused_without_its_authority(
    database: str, others: Certificates, ours: Certificates
) -> None:
    address = urlsplit(database)
    text = await refusal(query(verified(database, others.authority)))
    assert text.startswith(f"no database at postgresql://{NAME}@{HOST}:{address.port}/{NAME}: ")
    assert UNKNOWN in text
    assert OTHER_NAME in await refusal(query(verified(database, ours.authority).replace(HOST, "localhost")))
    assert await refusal(query(f"{database}?sslmode=verify-full")) == VALID
    assert "No such file" in await refusal(query(verified(database, Path("/nowhere/ca.crt"))))


@asynccontextmanager
async def tls_door(url: str, shown: Certificates) -> AsyncIterator[int]:
    """The port of a door with TLS in front of a server: the Valkey from PyPI was built without."""
    target = urlsplit(url)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown.certificate, shown.key)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

    async with await asyncio.start_server(join, HOST, 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def count(url: str) -> int:
    """What the gateway counts in Redis."""
    server = RedisServer(url, timeout=5)
    try:
        return (await server.count("somebody", 60))[0]
    finally:
        await server.close()


async def test_the_gateway_reaches_redis_by_tls_and_refuses_it_without_its_authority(
    redis_url: str, ours: Certificates, others: Certificates
) -> None:
    async with tls_door(redis_url, ours) as port:
        password = urlsplit(redis_url).password
        url = f"rediss://:{password}@{HOST}:{port}/0?ssl_ca_certs="
        assert await count(f"{url}{ours.authority}") == 1
        for attempt in (url.partition("?")[0], f"{url}{others.authority}"):
            text = await refusal(count(attempt))
            assert text.startswith(f"rediss://@{HOST}:{port}/0: ")
            assert UNKNOWN in text
            assert str(password) not in text
        assert OTHER_NAME in await refusal(count(f"{url}{ours.authority}".replace(HOST, "localhost")))
        assert "No such file" in await refusal(count(f"{url}/nowhere/ca.crt"))
