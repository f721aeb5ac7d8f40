"""The whole system on this machine: servers, schema, streams, services; up until a signal comes."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import NoReturn, TypeVar

from deploy.local.process import HOST, free_port
from deploy.local.programs import INSTALL_PANGO, has_pango
from deploy.local.servers import Endpoints, LocalServers
from deploy.local.var_dir import run_dir
from services.console.endpoints import announced
from services.console.processes import REPORTER, SERVICES, Services
from services.console.screen import OUT, note, table
from shared.errors import CrimeMapsError, RequestError
from shared.migrate import migrate
from shared.provision import provision
from shared.tasks import end

WATCH_SECONDS = 0.5
Result = TypeVar("Result")


class ServersFailed(CrimeMapsError):
    """A server ended although nobody stopped it."""


class System:
    """A running system."""

    def __init__(self, servers: LocalServers, services: Services, seconds: dict[str, float]) -> None:
        self.servers, self.services = servers, services
        self.seconds = seconds
        """How long starting took, by stage."""

    @property
    def endpoints(self) -> Endpoints:
        """Where its servers are."""
        return self.servers.endpoints

    async def during(self, work: Coroutine[None, None, Result]) -> Result:
        """Do some work while the system is watched; a server that dies ends the work."""
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(self.watch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done = next(task for task in tasks if task.done())
            return done.result()
        finally:
            await end(*tasks)

    async def watch(self) -> NoReturn:
        """Start services again that die; raise when that does not help, or a server died."""
        while True:
            self.services.revive()
            if failures := self.servers.failures():
                raise ServersFailed("\n".join(failures))
            await asyncio.sleep(WATCH_SECONDS)

    @property
    def makes_reports(self) -> bool:
        """Whether a reporter runs."""
        return REPORTER in self.services.members

    def show_addresses(self) -> None:
        """Tell where to look."""
        gateway = self.services.members["gateway"].url
        rows = table("Where to look", "what", "where", words=2)
        rows.add_row("page", f"{gateway}/")
        rows.add_row("API", f"{gateway}/api/v1/coverage")
        for name, service in self.services.members.items():
            rows.add_row(f"metrics of the {name}", f"{service.url}/metrics")
        rows.add_row("logs", str(run_dir(self.servers.var_dir)))
        OUT.print(rows)


@asynccontextmanager
async def running_system(
    var_dir: Path, *, port: int, durable: bool, environ: Mapping[str, str]
) -> AsyncIterator[System]:
    """Start everything, and stop it in the reverse order at the end of the block.

    `environ` is added to the environment of the services.

    Raises:
        CrimeMapsError: something does not start; the text says what and why.
    """
    started = perf_counter()
    servers = LocalServers(var_dir, durable=durable)
    try:
        note(f"starting {servers.database}, NATS and the cache")
        await to_the_end(servers.start)
        await migrate(servers.endpoints.database_url)
        await provision(servers.endpoints.nats_url)
        servers_ready = perf_counter()
        port = port or free_port()
        public = {"PUBLIC_URL": f"http://{HOST}:{port}"}
        makes_reports = has_pango()
        if not makes_reports:
            note(f"Pango is not installed: all works but reports, which {INSTALL_PANGO} brings")
        public["TAKE_REPORTS"] = str(makes_reports)
        names = [name for name in SERVICES if makes_reports or name != REPORTER]
        variables = {**public, **os.environ, **servers.endpoints.environ(), **environ}
        services = Services(run_dir(servers.var_dir), variables, port=port, names=names)
        try:
            note(f"starting {', '.join(services.members)}")
            await services.start()
            seconds = {
                "start_servers": servers_ready - started,
                "start_services": perf_counter() - servers_ready,
            }
            with announced(servers.var_dir):
                yield System(servers, services, seconds)
        finally:
            note("stopping")
            await asyncio.to_thread(services.stop)
    finally:
        await asyncio.to_thread(servers.stop)


async def to_the_end(work: Callable[[], Result]) -> Result:
    """Do something in a thread; who cancels waits until it is done."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def run_until_signal(work: Coroutine[None, None, Result]) -> Result | None:
    """Run the work to its end, or until SIGINT or SIGTERM: it is then cancelled, once, and None returned."""

    async def main() -> Result | None:
        task = asyncio.ensure_future(work)
        signals: list[signal.Signals] = []

        def stop(number: signal.Signals) -> None:
            if not signals:
                task.cancel()
            signals.append(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        try:
            return await task
        except asyncio.CancelledError:
            return None

    return asyncio.run(main())


def check_port(port: int) -> None:
    """Refuse a port that somebody listens on; 0 is any free one.

    Raises:
        RequestError: the text says what to do.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise RequestError(f"port {port} cannot be used ({error}): choose another with --port") from error
