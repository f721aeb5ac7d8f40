"""No password and no key is in what services log and serve, nor in what commands say, well or ill."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from deploy.local.process import HOST, Process, free_port
from tests.bus import provisioned
from tests.component.gateway.server import Cable
from tests.component.reporter.desk import load_postcodes
from tests.crimemaps import call, environment
from tests.e2e.ingest import IMPATIENT, MONTHS, Ingest, sample_source
from tests.logins import made_service_logins
from tests.pipeline import connected, eventually, running, service
from tests.production import OPERATOR, Production, connect, production_nats

NAMES = ("fetcher", "loader", "hexer", "reporter", "gateway")
ORDER = {"postcode": "EC2M 7PY", "tier": "essential"}
WRONG_KEY = "cmuk_" + "wrong" * 9
COMMANDS = (
    "status", "status --json", "proof", "dead list", "revisions", "reconciliations",
    "keys list", "partners list", "partners config",
)  # fmt: skip


@dataclass
class Told:
    """All that was said, and what must not be in it."""

    secrets: set[str]
    texts: dict[str, str] = field(default_factory=dict)

    def hear(self, where: str, text: str) -> None:
        self.texts[where] = self.texts.get(where, "") + text

    def leaks(self) -> list[str]:
        """Where a secret was told, and by which words."""
        return [
            f"{where}: {line}"
            for where, text in self.texts.items()
            for line in text.splitlines()
            if any(secret in line for secret in self.secrets)
        ]


def passwords(urls: Iterable[str]) -> set[str]:
    """Of addresses, as they are written there, as they are, and as they are in JSON."""
    written = {password for url in urls if (password := urlsplit(url).password)}
    meant = {unquote(password) for password in written}
    return written | meant | {json.dumps(password)[1:-1] for password in meant}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production_nats(tmp_path_factory.mktemp("nats"), "acme") as server:
        yield server


@dataclass
class System:
    """Five services that log all they can, at the end of cables that can be cut."""

    services: dict[str, Process]
    cables: list[Cable]
    client: httpx.AsyncClient
    told: Told

    def address(self, name: str, path: str) -> str:
        port = self.services[name].port
        assert port is not None
        return f"http://{HOST}:{port}{path}"

    async def ask(self, name: str, path: str) -> httpx.Response:
        """An answer of a service, of which a note is made."""
        answer = await self.client.get(self.address(name, path))
        self.told.hear(f"{name}{path}", f"{answer.headers}\n{answer.text}")
        return answer

    async def order(self, key: str) -> httpx.Response:
        """A report, ordered with a key."""
        answer = await self.client.post(
            self.address("gateway", "/api/v1/reports"), json=ORDER, headers={"Authorization": f"Bearer {key}"}
        )
        self.told.hear("orders", f"{answer.headers}\n{answer.text}")
        return answer


@asynccontextmanager
async def started(
    databases: Mapping[str, str], production: Production, redis_url: str, source: str, folder: Path
) -> AsyncIterator[System]:
    """The services, each with a login and a user of its own."""
    cables = [Cable(url) for url in (databases["loader"], production.url(OPERATOR), redis_url)]
    for cable in cables:
        await cable.mend()
    database, bus, cache = cables
    more: dict[str, dict[str, object]] = {
        "fetcher": {"source_url": source, **IMPATIENT},
        "reporter": {"postcodes_io": False},
        "gateway": {"postcodes_io": False, "redis_url": cache.url, "reports_need_key": True},
    }
    services = {
        name: service(
            name,
            folder,
            databases[name].replace(f":{database.target.port}/", f":{database.port}/"),
            production.url(name.upper()).replace(f":{production.port}", f":{bus.port}"),
            log_level="debug",
            **more.get(name, {}),
        )
        for name in NAMES
    }
    told = Told(passwords([*databases.values(), redis_url, *map(production.url, map(str.upper, NAMES))]))
    async with running(*services.values()), httpx.AsyncClient(timeout=30) as client:
        yield System(services, cables, client, told)
    for cable in cables:
        cable.cut()
    for name in NAMES:
        told.hear(f"{name}.log", (folder / f"{name}.log").read_text())


async def test_a_system_at_work_and_one_without_its_servers_tell_no_secret(
    database_url: str, production: Production, redis_url: str, tmp_path: Path
) -> None:
    databases = await made_service_logins(database_url)
    operator = {"DATABASE_URL": database_url, "NATS_URL": production.url(OPERATOR)}
    with sample_source() as source:
        async with (
            provisioned(production.url(OPERATOR)) as bus,
            connected(database_url) as pool,
            started(databases, production, redis_url, source.url, tmp_path) as system,
        ):
            told = system.told
            told.secrets |= passwords([*operator.values(), production.url("acme")]) | {WRONG_KEY}
            ingest = Ingest(bus, pool, {name: system.services[name] for name in NAMES[:3]})
            await load_postcodes(pool)
            key = await made_key(told, operator, tmp_path)
            await hear_commands(told, operator, tmp_path)
            await ingest.finish(await ingest.order(MONTHS[0]))
            await order_reports(system, production, key)
            for name in NAMES:
                assert (await system.ask(name, "/readyz")).status_code == 200
                await system.ask(name, "/metrics")
            await hear_commands(told, operator, tmp_path)

            for cable in system.cables:
                cable.cut()
            for name in NAMES:

                async def is_away(name: str = name) -> bool:
                    return (await system.ask(name, "/readyz")).status_code == 503

                await eventually(is_away, f"{name} is not ready")
                await system.ask(name, "/metrics")
            assert (await system.order(key)).status_code == 503
            await system.ask("gateway", "/api/v1/coverage")
    assert told.leaks() == []
    assert {f"{name}.log" for name in NAMES} <= {where for where, text in told.texts.items() if text}
    assert "no NATS server at nats://GATEWAY@" in told.texts["gateway/readyz"]


async def made_key(told: Told, operator: Mapping[str, str], folder: Path) -> str:
    """A key of the API, and a partner: each is shown a secret, this once."""
    made = await call("keys", "create", "somebody", "--scope", "reports", cwd=folder, servers=operator)
    [key] = [word for word in made.stdout.split() if word.startswith("cmuk_")]
    added = await call("partners", "add", "acme", cwd=folder, servers=operator)
    [password] = [line for line in added.stdout.splitlines() if line.startswith("NATS_PASSWORD_ACME=")]
    told.secrets |= {key, password.partition("=")[2]}
    told.hear("keys create", made.stderr)
    told.hear("partners add", added.stderr)
    return key


async def hear_commands(told: Told, operator: Mapping[str, str], folder: Path) -> None:
    """What the operator's commands say."""
    for command in COMMANDS:
        done = await call(*command.split(), cwd=folder, servers=operator)
        assert done.returncode == 0, done.stderr
        told.hear(command, done.stdout + done.stderr)


async def order_reports(system: System, production: Production, key: str) -> None:
    """By key, by wrong keys, and by a partner."""
    assert (await system.order(WRONG_KEY)).status_code == 401
    assert (await system.order(f"not {key}")).status_code == 401
    ordered = await system.order(key)
    assert ordered.status_code == 202, ordered.text

    async def rendered() -> bool:
        answer = await system.ask("gateway", ordered.headers["Location"])
        return bool(answer.json()["state"] == "rendered")

    await eventually(rendered, "a report")
    partner = await connect(production.url("acme"))
    await partner.client.jetstream().publish("report.requested.acme", b'{"id": "1"}')
    await partner.client.close()


PROGRAMS = (
    "services.loader",  # as every service
    "services.gateway",
    "services.fetcher.backfill x.zip",
    "shared.provision",
    "shared.migrate",
    "services.console status",
)
SECRET = "hushhush"


@pytest.fixture
def wrong(database_url: str, production: Production) -> list[dict[str, str]]:
    """Ways in which the servers' addresses can be wrong."""
    bus = production.url(OPERATOR)
    away = f"loader:{SECRET}@{HOST}:{free_port()}"
    return [
        {"DATABASE_URL": f"postgresql://{away}/db", "NATS_URL": f"nats://{away}"},
        {"DATABASE_URL": wrong_password(database_url), "NATS_URL": wrong_password(bus)},
        {"DATABASE_URL": wrong_password(database_url), "NATS_URL": bus},
        # Not quoted: what follows is no address any more.
        {"DATABASE_URL": f"postgresql://a:{SECRET}/{SECRET}@b", "NATS_URL": f"nats://a:{SECRET}/{SECRET}@b"},
        {"DATABASE_URL": f"postgresql://{SECRET}@a"},
    ]


def wrong_password(url: str) -> str:
    """The same server and user."""
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:{SECRET}@{server}").geturl()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_what_cannot_start_says_why_in_a_line_without_a_secret(
    program: str, wrong: list[dict[str, str]], production: Production, tmp_path: Path
) -> None:
    secrets = {SECRET, *passwords([production.url(OPERATOR)])}
    for servers in wrong:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *program.split(), cwd=tmp_path,
            env={**environment(servers), "LOG_LEVEL": "debug"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        text = out.decode()
        assert text.strip() or process.returncode == 0  # provisioning does without a database
        assert "Traceback" not in text
        assert [secret for secret in secrets if secret in text] == []
