"""Which servers a command talks to: those of the environment, or those of a running `up` or `demo`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.servers import read_endpoints
from services.console.screen import note
from shared.errors import RequestError

VAR_DIR = Path(".var")
"""Where `up` keeps its data, below the folder that a command is called in."""
RUNNING = VAR_DIR / "running"
"""Names the folder of the system that was last started from here."""


@dataclass(frozen=True)
class Target:
    """The servers, and where we know them from."""

    database_url: str
    nats_url: str
    origin: str


def find_target(environ: Mapping[str, str] = os.environ) -> Target:
    """The servers to talk to.

    Raises:
        RequestError: the environment does not name them, and nothing was started from here.
    """
    database_url, nats_url = environ.get("DATABASE_URL"), environ.get("NATS_URL")
    if database_url and nats_url:
        return Target(database_url, nats_url, "DATABASE_URL and NATS_URL")
    for var_dir in candidates():
        if running := read_endpoints(var_dir):
            given = [name for name in ("DATABASE_URL", "NATS_URL") if environ.get(name)]
            return Target(
                database_url or running.database_url,
                nats_url or running.nats_url,
                " and ".join([*given, f"the system running in {var_dir}"]),
            )
    raise RequestError(
        "no servers: set DATABASE_URL and NATS_URL, or run `crimemaps up` or `crimemaps demo` in this folder"
    )


def candidates() -> list[Path]:
    """Folders that a running system may use."""
    try:
        return [Path(RUNNING.read_text(encoding="utf-8")), VAR_DIR]
    except FileNotFoundError:
        return [VAR_DIR]


@contextmanager
def announced(var_dir: Path) -> Iterator[None]:
    """Let commands that are called in this folder find the system in `var_dir`."""
    text = str(var_dir.resolve())
    try:
        RUNNING.parent.mkdir(exist_ok=True)
        RUNNING.write_text(text, encoding="utf-8")
    except OSError as error:
        note(f"{RUNNING} cannot be written ({error}): other commands need DATABASE_URL and NATS_URL")
    try:
        yield
    finally:
        if RUNNING.is_file() and RUNNING.read_text(encoding="utf-8") == text:
            RUNNING.unlink()
