"""The services as child processes: started, watched, started again, stopped."""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from deploy.local.process import HOST, SPAWNER, die_with_parent, free_port, kill_tree
from services.console.screen import note
from shared.errors import CrimeMapsError

ROOT = Path(__file__).parents[2]
"""Where the packages are: the project's folder, or site-packages."""
REPORTER = "reporter"
SERVICES = ("fetcher", "loader", "loader-2", "hexer", "gateway", REPORTER)
"""Two loaders: reading pages keeps one of them busy on one core, and a national month waits for that."""
MAX_RESTARTS = 5
LONG_ENOUGH = 600.0
"""Seconds that a service must have run for its earlier ends to be forgotten."""
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
"""More than the 20 s that a service's handlers may go on after SIGTERM."""
POLL_SECONDS = 0.1
PROBE_SECONDS = 5.0
LOG_TAIL_BYTES = 2_000


class ServiceFailed(CrimeMapsError):
    """A service does not run; the text has the end of its log."""


class Service:
    """One service's process. `run_dir` keeps `NAME.pid` and `NAME.log`."""

    def __init__(self, name: str, run_dir: Path, environ: Mapping[str, str], port: int | None) -> None:
        """Without a port, every start takes a free one."""
        self.name, self.environ = name, environ
        self.restarts = 0
        self.started_at = 0.0
        self.port = 0
        self._fixed_port = port
        self._pid_file, self._log_file = run_dir / f"{name}.pid", run_dir / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        self.started_at = time.monotonic()
        self.port = self._fixed_port or free_port()
        package = self.name.partition("-")[0]
        command = [sys.executable, "-m", f"services.{package}"]
        environ = {"HTTP_PORT": str(self.port), "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
        with self._log_file.open("ab") as log:
            started = SPAWNER.submit(spawn, command, {**self.environ, **environ}, log.fileno())
            self._child = started.result()
        record = {"pid": self._child.pid, "command": command, "signal": signal.SIGTERM}
        self._pid_file.write_text(json.dumps(record), encoding="utf-8")

    def exit_code(self) -> int | None:
        """How it ended by itself; None while it runs."""
        return self._child.poll() if self._child else None

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def terminate(self) -> None:
        """Ask it to end in order."""
        if self._child:
            self._child.terminate()

    def wait(self, deadline: float) -> None:
        """Return when it has ended; after the deadline it is killed."""
        if self._child is None:
            return
        try:
            self._child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            note(f"{self.name} takes too long to stop and is killed")
            kill_tree(psutil.Process(self._child.pid))
            self._child.wait()
        self._child = None
        self._pid_file.unlink(missing_ok=True)

    def log_tail(self) -> str:
        """The end of its log."""
        with self._log_file.open("rb") as log:
            log.seek(max(0, self._log_file.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace").strip()


class Services:
    """All services; whoever dies is started again, a few times."""

    def __init__(
        self, run_dir: Path, environ: Mapping[str, str], *, port: int, names: Sequence[str] = SERVICES
    ) -> None:
        """`port` is the gateway's."""
        self.members = {
            name: Service(name, run_dir, environ, port or None if name == "gateway" else None)
            for name in names
        }

    async def start(self) -> None:
        """Start all and return when every one is ready.

        Raises:
            ServiceFailed: one dies again and again, or does not get ready.
        """
        for service in self.members.values():
            service.start()
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(self.members.values())
        while waiting:
            self.revive()
            waiting = [service for service in waiting if not await asyncio.to_thread(service.is_ready)]
            if waiting and time.monotonic() > deadline:
                late = waiting[0]
                raise ServiceFailed(
                    f"{late.name} is not ready after {READY_SECONDS:.0f} s:\n{late.log_tail()}"
                )
            await asyncio.sleep(POLL_SECONDS)

    def revive(self) -> None:
        """Start again whoever has died.

        Raises:
            ServiceFailed: one dies again and again.
        """
        for service in self.members.values():
            code = service.exit_code()
            if code is None:
                continue
            if time.monotonic() - service.started_at > LONG_ENOUGH:
                service.restarts = 0
            if service.restarts >= MAX_RESTARTS:
                raise ServiceFailed(
                    f"{service.name} ended with {code}, and not for the first time:\n{service.log_tail()}"
                )
            service.restarts += 1
            note(f"{service.name} ended with {code}: started again ({service.restarts} of {MAX_RESTARTS})")
            service.start()

    def stop(self) -> None:
        """Stop all at once, in order where they let us."""
        deadline = time.monotonic() + STOP_SECONDS
        for service in self.members.values():
            service.terminate()
        for service in self.members.values():
            service.wait(deadline)


def spawn(command: list[str], environ: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
    """Start a process, out of reach of the terminal's Ctrl-C."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=environ,
        start_new_session=True,
        # Who is killed cannot stop anybody in order, and the services bear to be killed.
        preexec_fn=partial(die_with_parent, signal.SIGKILL, os.getpid()),
    )
