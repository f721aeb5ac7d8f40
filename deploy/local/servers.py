"""Private PostgreSQL, NATS and Valkey on this machine, as child processes."""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from deploy.local.cache import Cache
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from deploy.local.process import Process, sweep
from deploy.local.programs import find_postgres
from deploy.local.var_dir import is_locked, lock, owner_only, read_secret, run_dir

ServerName = Literal["postgres", "nats", "cache"]
VARIABLES: Mapping[ServerName, str] = {"postgres": "DATABASE_URL", "nats": "NATS_URL", "cache": "REDIS_URL"}


@dataclass(frozen=True)
class Endpoints:
    """Where the servers are, credentials included."""

    database_url: str
    nats_url: str
    redis_url: str

    def environ(self) -> dict[str, str]:
        """The same as the environment variables that the services read."""
        return {"DATABASE_URL": self.database_url, "NATS_URL": self.nats_url, "REDIS_URL": self.redis_url}


class LocalServers:
    """The three servers, from `start()` to `stop()`; also as a context manager.

    A server whose URL is in `environ` is used as it is: never started, stopped or touched.
    Not `durable` servers lose data when the machine dies, not when they are killed.
    Data, logs and passwords are in `var_dir` and stay there.
    """

    def __init__(
        self, var_dir: Path, *, environ: Mapping[str, str] = os.environ, durable: bool = True
    ) -> None:
        self.var_dir = var_dir.resolve()
        self._environ = environ
        self._durable = durable
        self._given = {
            name: environ[variable] for name, variable in VARIABLES.items() if environ.get(variable)
        }
        self._processes: dict[ServerName, Process] = {}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start what is not given, all at once, and return when all answer.

        Raises:
            MissingServer: a server's program is not on this machine; the text is the line that installs it.
            VarDirInUse: another process runs its servers on `var_dir`.
            ServerFailed: a server does not start; the text has the end of its log.
        """
        self._lock = lock(self.var_dir)
        try:
            sweep(run_dir(self.var_dir))
            self._processes = self._make_processes()
            with ThreadPoolExecutor(len(VARIABLES)) as threads:
                starts = [threads.submit(prepare_and_start, process) for process in self._processes.values()]
            for start in starts:
                start.result()
            with open(endpoints_file(self.var_dir), "w", opener=owner_only) as file:
                json.dump(asdict(self.endpoints), file)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the servers that were started here."""
        if self._lock is None:
            return
        with ThreadPoolExecutor(len(VARIABLES)) as threads:
            stops = [threads.submit(process.stop) for process in self._processes.values()]
        endpoints_file(self.var_dir).unlink(missing_ok=True)
        self._processes = {}
        self._lock.close()
        self._lock = None
        for stop in stops:
            stop.result()

    def restart(self, name: ServerName, *, how: Literal["graceful", "kill"] = "graceful") -> None:
        """Stop or SIGKILL a whole server and start it on the same port and data; the cache is then empty.

        Raises:
            ValueError: the server is not ours, or does not run.
        """
        process = self._own(name)
        if how == "kill":
            process.kill()
        else:
            process.stop()
        process.start()

    def failures(self) -> list[str]:
        """Which servers ended although nobody stopped them, and the end of their logs."""
        return [text for process in self._processes.values() if (text := process.failure())]

    @property
    def database(self) -> str:
        """Which PostgreSQL it is, in words.

        Raises:
            MissingServer: there is none on this machine.
        """
        if "postgres" in self._given:
            return f"the database of {VARIABLES['postgres']}"
        return find_postgres(self._environ).words

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers are; only between `start()` and `stop()`."""
        return Endpoints(self._url("postgres"), self._url("nats"), self._url("cache"))

    def _url(self, name: ServerName) -> str:
        if name in self._given:
            return self._given[name]
        process = self._own(name)
        assert process.port is not None
        return process.server.url(process.port)

    def _own(self, name: ServerName) -> Process:
        if name in self._given:
            raise ValueError(f"{name} is not ours to restart: {VARIABLES[name]} names it")
        if name not in self._processes:
            raise ValueError(f"{name} does not run: valid between start() and stop()")
        return self._processes[name]

    def _make_processes(self) -> dict[ServerName, Process]:
        secret = read_secret(self.var_dir)
        makers: dict[ServerName, Callable[[], Postgres | Nats | Cache]] = {
            "postgres": lambda: Postgres.under(
                self.var_dir, secret, durable=self._durable, environ=self._environ
            ),
            "nats": lambda: Nats.under(self.var_dir, secret),
            "cache": lambda: Cache.under(self.var_dir, secret),
        }
        runs = run_dir(self.var_dir)
        return {name: Process(make(), runs) for name, make in makers.items() if name not in self._given}


def prepare_and_start(process: Process) -> None:
    process.server.prepare()
    process.start()


def endpoints_file(var_dir: Path) -> Path:
    return run_dir(var_dir) / "endpoints.json"


def read_endpoints(var_dir: Path) -> Endpoints | None:
    """Where the servers are that another process runs on `var_dir` now; None when none runs."""
    try:
        text = endpoints_file(var_dir).read_text()
    except FileNotFoundError:
        return None
    return Endpoints(**json.loads(text)) if is_locked(var_dir) else None
