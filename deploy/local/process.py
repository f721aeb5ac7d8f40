"""One server as a child process: start it, wait until it answers, stop or kill it, leave none behind."""

import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol

import psutil

from shared.errors import CrimeMapsError

HOST = "127.0.0.1"
PORTS = range(20_000, 30_000)
"""Below what systems hand out to outgoing connections: there, a client that keeps trying to reach a
stopped server can be given that very port, connect to itself, and keep the server from coming back."""
PORT_ATTEMPTS = 20
READY_SECONDS = 60.0
"""Recovery after a crash may replay gigabytes."""
STOP_SECONDS = 15.0
POLL_SECONDS = 0.01
LOG_TAIL_BYTES = 2_000
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""All that a server inherits: a PGDATA or PGPORT of the user's must not reach it."""

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawn-servers")
"""Starts every child. Linux signals a child when the *thread* that started it ends, so that must be one that
lives as long as this process: children then also go when a program ends without having stopped them."""


class ServerFailed(CrimeMapsError):
    """A server did not start or stopped by itself; the text has the end of its log."""


class PortTaken(ServerFailed):
    """Somebody took the port between our look and the server's."""


class Server(Protocol):
    """What differs between the servers."""

    @property
    def name(self) -> str: ...
    @property
    def stop_signal(self) -> signal.Signals:
        """Asks for a quick but orderly end."""

    @property
    def user(self) -> str | None:
        """The account to run as; None is this process's own."""

    def prepare(self) -> None:
        """Make its data folder, if there is none yet."""

    def command(self, port: int) -> list[str]: ...
    def is_ready(self, port: int, pid: int) -> bool: ...
    def url(self, port: int) -> str: ...


class Process:
    """A server's running process. `run_dir` keeps `NAME.pid` and `NAME.log`."""

    def __init__(self, server: Server, run_dir: Path) -> None:
        self.server = server
        self.port: int | None = None
        self._pid_file = run_dir / f"{server.name}.pid"
        self._log_file = run_dir / f"{server.name}.log"
        self._log_start = 0
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and return when it answers; again on the same port, if it ran before.

        Raises:
            ServerFailed: it ended instead, or does not answer within a minute.
        """
        for attempt in range(PORT_ATTEMPTS):
            port = self.port or free_port()
            self._launch(port)
            try:
                self._wait_until_ready(port)
            except PortTaken:
                if attempt == PORT_ATTEMPTS - 1:
                    raise
                time.sleep(POLL_SECONDS)
            except BaseException:
                self.kill()
                raise
            else:
                self.port = port
                return

    def stop(self) -> None:
        """End the server in order; kill it if it takes too long."""
        if self._child is None:
            return
        try:
            self._child.send_signal(self.server.stop_signal)
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """SIGKILL to the server and all its own children: nothing is flushed, nobody says goodbye."""
        if self._child is None:
            return
        if self._child.poll() is None:
            kill_tree(psutil.Process(self._child.pid))
            self._child.wait()
        self._forget()

    def failure(self) -> str | None:
        """Why the server is not running although nobody stopped it; None while all is well."""
        if self._child is None or self._child.poll() is None:
            return None
        return f"{self.server.name} ended with {self._child.returncode}:\n{self._log_tail()}"

    def _launch(self, port: int) -> None:
        command = self.server.command(port)
        with self._log_file.open("ab") as log:
            self._log_start = log.tell()
            self._child = SPAWNER.submit(spawn, command, self.server, log.fileno()).result()
        self._pid_file.write_text(
            json.dumps({"pid": self._child.pid, "command": command, "signal": self.server.stop_signal})
        )

    def _wait_until_ready(self, port: int) -> None:
        assert self._child is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            ready = self.server.is_ready(port, self._child.pid)
            if failure := self.failure():
                self._forget()
                raise (PortTaken if "address already in use" in failure.lower() else ServerFailed)(failure)
            if ready:
                return
            time.sleep(POLL_SECONDS)
        raise ServerFailed(f"{self.server.name} does not answer on port {port}:\n{self._log_tail()}")

    def _forget(self) -> None:
        self._child = None
        self._pid_file.unlink(missing_ok=True)

    def _log_tail(self) -> str:
        with self._log_file.open("rb") as log:
            log.seek(max(self._log_start, self._log_file.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace").strip()


def spawn(command: list[str], server: Server, log: int) -> subprocess.Popen[bytes]:
    """Start the process, out of reach of the terminal's Ctrl-C: who started it decides when it ends."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",  # whoever it runs as can be there
        env=ENVIRONMENT,
        start_new_session=True,
        preexec_fn=partial(die_with_parent, server.stop_signal, os.getpid()),
        user=server.user,
        group=server.user,
        extra_groups=None if server.user is None else [],
    )


def die_with_parent(stop_signal: signal.Signals, parent: int) -> None:
    """Have the system send this process the signal when its parent ends, however it ends (Linux only)."""
    if LIBC is None:
        return
    LIBC.prctl(PR_SET_PDEATHSIG, stop_signal)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def sweep(run_dir: Path) -> None:
    """End the servers that a killed parent left: only processes with exactly the recorded command line."""
    for pid_file in run_dir.glob("*.pid"):
        try:
            record = json.loads(pid_file.read_text())
            left = psutil.Process(record["pid"])
            if left.cmdline() == record["command"]:
                left.send_signal(record["signal"])
                if not wait_until(partial(is_gone, left), STOP_SECONDS):
                    kill_tree(left)
        except (ValueError, psutil.NoSuchProcess):
            pass  # half-written by a killed parent, or the process is gone: nothing of ours runs
        pid_file.unlink(missing_ok=True)


def kill_tree(process: psutil.Process) -> None:
    """SIGKILL a process and its children, and wait until they are gone."""
    doomed = [process, *process.children(recursive=True)]
    for one in doomed:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    if not wait_until(lambda: all_gone(doomed), STOP_SECONDS):
        raise ServerFailed(f"process {process.pid} cannot be killed")


def all_gone(processes: Iterable[psutil.Process]) -> bool:
    return all(is_gone(process) for process in processes)


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; one that waits for its parent to notice counts."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for the condition; False if it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now; somebody may before we do."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServerFailed(f"no free port of {HOST} from {PORTS.start} to {PORTS.stop - 1}")
