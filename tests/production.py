"""A NATS server as production has it: the configuration of `deploy/nats`, partners and all."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
from nats.aio.client import Client

from deploy.local.process import HOST, free_port
from deploy.local.programs import find_nats
from shared.partners import account_block, password_variable
from shared.provision import add_partner, provision
from tests.crimemaps import poll
from tests.servers import run

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nats"
OPERATOR = "CRIMEMAPS"
SERVICES = ("FETCHER", "LOADER", "HEXER", "REPORTER", "GATEWAY")


@dataclass(frozen=True)
class Production:
    """A running server."""

    port: int
    log: Path

    def url(self, user: str) -> str:
        return f"nats://{user}:{password_of(user)}@{HOST}:{self.port}"

    def violations(self) -> list[str]:
        """What the server has forbidden so far."""
        return [line for line in self.log.read_text().splitlines() if "Violation" in line]


def password_of(user: str) -> str:
    """One that is found wherever it is told."""
    return f"secret-of-{user}"


def variables(*partners: str) -> dict[str, str]:
    """The passwords as the server's environment has them."""
    names = {"NATS_PASSWORD": OPERATOR} | {f"{user}_NATS_PASSWORD": user for user in SERVICES}
    names |= {password_variable(partner): partner for partner in partners}
    return {name: password_of(user) for name, user in names.items()}


@contextmanager
def serving(
    folder: Path, *partners: str, config: str = "nats.conf", environment: Mapping[str, str] | None = None
) -> Iterator[Production]:
    """The server on a free port, with data and log in `folder`; not provisioned yet."""
    shutil.copytree(CONFIGURATION, folder, dirs_exist_ok=True)
    (folder / "partners.conf").write_text("\n".join(map(account_block, partners)))
    port, log = free_port(), folder / "log"
    command = [str(find_nats()), "--config", str(folder / config), "--addr", HOST, "--port", str(port)]
    given = {"NATS_DATA": str(folder / "data"), **variables(*partners), **(environment or {})}
    with log.open("w") as file:
        process = subprocess.Popen(command, env=given, stderr=file)
    try:
        poll(lambda: "Server is ready" in log.read_text() or process.poll() is not None, "a NATS server")
        assert process.poll() is None, log.read_text()
        yield Production(port, log)
    finally:
        process.kill()
        process.wait()


@contextmanager
def production_nats(folder: Path, *partners: str) -> Iterator[Production]:
    """The same, provisioned, with these partners."""
    with serving(folder, *partners) as server:
        run(provision(server.url(OPERATOR)))
        for partner in partners:
            run(add_partner(server.url(OPERATOR), partner))
        yield server


@dataclass(frozen=True)
class Connection:
    """A connection, and what the server forbids it."""

    client: Client
    problems: asyncio.Queue[str]

    async def problem(self) -> str:
        """What the server forbids next."""
        return await asyncio.wait_for(self.problems.get(), 10)


async def connect(url: str, inbox: str = "_INBOX") -> Connection:
    """A user's connection, which hears what is forbidden."""
    problems: asyncio.Queue[str] = asyncio.Queue()

    async def note(error: Exception) -> None:
        problems.put_nowait(str(error).lower())

    client = await nats.connect(url, inbox_prefix=inbox, error_cb=note, allow_reconnect=False)
    return Connection(client, problems)
