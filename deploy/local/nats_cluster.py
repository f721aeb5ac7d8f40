"""Three NATS servers on this machine that keep streams together."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.nats import Nats
from deploy.local.process import HOST, Process, free_port
from deploy.local.programs import find_nats

SECRET = "cluster"  # noqa: S105
"""Of servers that only this machine reaches, and that end with the block."""
CONFIGURATION = """\
server_name: {name}
max_payload: 8MB
jetstream {{ store_dir: "{folder}" }}
authorization {{ user: crimemaps, password: {secret} }}
cluster {{
  name: crimemaps
  listen: "{host}:{route}"
  routes: [{routes}]
}}
"""


@dataclass(frozen=True)
class Member(Nats):
    """One server of the cluster."""

    text: str = ""

    def prepare(self) -> None:
        """Its folder and its configuration."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._configuration.write_text(self.text)


@dataclass(frozen=True)
class NatsCluster:
    """The servers by name."""

    members: dict[str, Process]
    dead: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Of a server that runs; it tells clients of the others."""
        running = next(process for name, process in self.members.items() if name not in self.dead)
        assert running.port is not None
        return running.server.url(running.port)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.dead.add(name)
        self.members[name].kill()

    def start(self, name: str) -> None:
        """Start one again."""
        self.members[name].start()
        self.dead.discard(name)


@contextmanager
def nats_cluster() -> Iterator[NatsCluster]:
    """A fresh cluster; its servers end with the block."""
    with tempfile.TemporaryDirectory(prefix="crimemaps-cluster-", ignore_cleanup_errors=True) as top:
        names = ("n1", "n2", "n3")
        ports = {name: free_port() for name in names}
        routes = ", ".join(f'"nats://{HOST}:{port}"' for port in ports.values())
        members = {}
        for name in names:
            folder = Path(top) / name
            text = CONFIGURATION.format(
                name=name, folder=folder, secret=SECRET, host=HOST, route=ports[name], routes=routes
            )
            member = Member(find_nats(), folder, SECRET, name=name, text=text)
            member.prepare()
            members[name] = Process(member, Path(top))
        try:
            # A server is ready when it has found the others.
            with ThreadPoolExecutor(len(members)) as threads:
                list(threads.map(Process.start, members.values()))
            yield NatsCluster(members)
        finally:
            for process in members.values():
                process.kill()
