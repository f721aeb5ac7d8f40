"""The sample police API as a child process, for the demo and the tests."""

import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.police_api.archive import DEFAULT_SAMPLE
from deploy.local.process import HOST, Process

ROOT = Path(__file__).parents[3]
"""Where the `deploy` package is: the project's folder, or site-packages."""
PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class Program:
    """The server's program, as `Process` wants it."""

    data: Sequence[Path]
    settings: Mapping[str, str | float]
    name: str = "police-api"
    stop_signal: signal.Signals = signal.SIGTERM
    user: str | None = None

    def prepare(self) -> None:
        """It has no data folder."""

    def command(self, port: int) -> list[str]:
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()]
        # Also found where the project is not installed.
        python = ["/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable]
        data = [str(path.resolve()) for path in self.data]
        return [*python, "-m", "deploy.local.police_api", f"--port={port}", *options, "--data", *data]

    def is_ready(self, port: int, pid: int) -> bool:
        try:
            return bool(json.loads(control(port, "GET"))["pid"] == pid)
        except (OSError, ValueError):
            return False

    def url(self, port: int) -> str:
        return f"http://{HOST}:{port}"


class SamplePoliceApi:
    """A sample police API on a free port of this machine, from `start()` (or `with`) to `stop()`.

    `data`: folders, CSV files or tars of the archive; the bundled sample by default.
    `settings`: those of `deploy.local.police_api.settings.Settings`.

    Raises:
        ServerFailed: from `start()`: it does not run; the text says why.
    """

    def __init__(
        self,
        data: Path | Sequence[Path] | None = None,
        scenario: str = "good",
        **settings: str | float,
    ) -> None:
        paths = [data or DEFAULT_SAMPLE] if data is None or isinstance(data, Path) else data
        self._program = Program(paths, {"scenario": scenario, **settings})
        self._run_dir: tempfile.TemporaryDirectory[str] | None = None
        self._process: Process | None = None

    def start(self) -> Self:
        self._run_dir = tempfile.TemporaryDirectory(prefix="police-api-")
        self._process = Process(self._program, Path(self._run_dir.name))
        try:
            self._process.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server; nothing is left of it."""
        if self._process is not None:
            self._process.stop()
        if self._run_dir is not None:
            self._run_dir.cleanup()
        self._process = self._run_dir = None

    @property
    def url(self) -> str:
        """What stands in for `https://data.police.uk/api`."""
        return f"{self._program.url(self._port)}/api"

    def control(self, **changes: str | float) -> None:
        """Change settings while it runs; scenario and limit begin anew. `reset=True` clears the counters.

        Raises:
            ValueError: a setting or value that does not exist.
        """
        control(self._port, "POST", json.dumps(changes))

    def report(self) -> dict[str, Any]:
        """`requests` (route → status → n), `max_in_flight`, `max_requests_per_second`, `arrivals` …"""
        report: dict[str, Any] = json.loads(control(self._port, "GET"))
        return report

    @property
    def _port(self) -> int:
        if self._process is None or self._process.port is None:
            raise RuntimeError("the sample police API is not started")
        return self._process.port

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def control(port: int, method: str, body: str = "") -> bytes:
    """Ask the server's `/_control`.

    Raises:
        OSError: it does not answer.
        ValueError: it refuses; the text says why.
    """
    connection = HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
    try:
        connection.request(method, "/_control", body)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(content.decode())
    return content
