"""A private NATS server with JetStream."""

import json
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import HOST
from deploy.local.programs import find_nats

NAME = "crimemaps"
CONFIGURATION = """\
server_name: {name}
max_payload: 8MB
jetstream {{ store_dir: {store_dir} }}
authorization {{ user: {name}, password: {secret} }}
"""
PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Nats:
    """The server with its streams in `data_dir`."""

    program: Path
    data_dir: Path
    secret: str
    user: str | None = None
    name: str = "nats"
    stop_signal: signal.Signals = signal.SIGTERM

    @classmethod
    def under(cls, var_dir: Path, secret: str) -> "Nats":
        """The server with its data in `var_dir/nats`.

        Raises:
            MissingServer: there is no nats-server in this environment.
        """
        return cls(find_nats(), var_dir / "nats", secret)

    @property
    def _configuration(self) -> Path:
        return self.data_dir / "nats.conf"

    def prepare(self) -> None:
        self.data_dir.mkdir(mode=0o700, exist_ok=True)
        text = CONFIGURATION.format(
            name=NAME, store_dir=json.dumps(str(self.data_dir)), secret=json.dumps(self.secret)
        )
        self._configuration.write_text(text)

    def command(self, port: int) -> list[str]:
        # Not in the file: the command line is how we tell our servers from others'.
        return [str(self.program), "--config", str(self._configuration), "--addr", HOST, "--port", str(port)]

    def is_ready(self, port: int, pid: int) -> bool:
        hello = {"user": NAME, "pass": self.secret, "verbose": False}
        try:
            with socket.create_connection((HOST, port), PROBE_SECONDS) as connection:
                connection.sendall(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline().startswith(b"INFO ") and answers.readline() == b"PONG\r\n"
        except OSError:
            return False

    def url(self, port: int) -> str:
        return f"nats://{NAME}:{self.secret}@{HOST}:{port}"
