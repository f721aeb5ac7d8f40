"""A private Valkey, which speaks Redis's protocol. It keeps nothing on disk: a restarted cache is empty."""

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import HOST
from deploy.local.programs import find_cache

CONFIGURATION = """\
bind {host}
requirepass {secret}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
set-proc-title no
"""
# set-proc-title: the command line is how we tell our servers from others'.
PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Cache:
    """The server with its configuration in `data_dir`."""

    program: Path
    data_dir: Path
    secret: str
    user: str | None = None
    name: str = "cache"
    stop_signal: signal.Signals = signal.SIGTERM

    @classmethod
    def under(cls, var_dir: Path, secret: str) -> "Cache":
        """The server with its configuration in `var_dir/cache`.

        Raises:
            MissingServer: there is no valkey-server in this environment.
        """
        return cls(find_cache(), var_dir / "cache", secret)

    @property
    def _configuration(self) -> Path:
        return self.data_dir / "valkey.conf"

    def prepare(self) -> None:
        self.data_dir.mkdir(mode=0o700, exist_ok=True)
        self._configuration.write_text(CONFIGURATION.format(host=HOST, secret=self.secret))

    def command(self, port: int) -> list[str]:
        return [str(self.program), str(self._configuration), "--port", str(port)]

    def is_ready(self, port: int, pid: int) -> bool:
        try:
            with socket.create_connection((HOST, port), PROBE_SECONDS) as connection:
                connection.sendall(f"AUTH {self.secret}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def url(self, port: int) -> str:
        return f"redis://:{self.secret}@{HOST}:{port}/0"
