"""Backing up and restoring as docs/backup.md says."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import ENVIRONMENT
from deploy.local.programs import find_postgres
from deploy.local.servers import LocalServers

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Backup:
    """The copy of the bus's store, and the dump of the database."""

    bus: Path
    dump: Path


def postgres_program(environ: Mapping[str, str], name: str, *arguments: str) -> None:
    """Run one of the programs of the PostgreSQL that `environ` chooses; fails with what it says."""
    program = find_postgres(environ).folder / name
    done = subprocess.run([program, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def back_up(
    servers: LocalServers, database_url: str, folder: Path, environ: Mapping[str, str] = os.environ
) -> Backup:
    """First the bus, as it is at one moment, then the database; both are at work, the fetcher is not."""
    backup = Backup(folder / "bus", folder / "crimemaps.dump")
    pid = json.loads((servers.var_dir / "run" / "nats.pid").read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)  # what a snapshot of a volume gives: the files of one moment
    try:
        shutil.copytree(servers.var_dir / "nats" / "jetstream", backup.bus)
    finally:
        os.kill(pid, signal.SIGCONT)
    postgres_program(
        environ,
        "pg_dump",
        "--format=custom",
        "--exclude-table-data=*.spatial_ref_sys",
        f"--dbname={database_url}",
        f"--file={backup.dump}",
    )
    return backup


def place_bus(backup: Backup, var_dir: Path) -> None:
    """Put the bus's store where servers that are not started yet will look for it."""
    shutil.copytree(backup.bus, var_dir / "nats" / "jetstream")


def restore_database(dump: Path, database_url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Into an empty database of a server that has never heard of us."""
    roles = ROOT / "deploy" / "postgres" / "roles.sql"
    postgres_program(environ, "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={roles}", database_url)
    options = ("--no-owner", "--no-comments", "--exit-on-error")
    postgres_program(environ, "pg_restore", *options, f"--dbname={database_url}", str(dump))
