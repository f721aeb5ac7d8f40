"""The folder in which one set of servers keeps its data: its lock, its secret, and throw-away ones."""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from deploy.local.process import sweep
from shared.errors import CrimeMapsError


class VarDirInUse(CrimeMapsError):
    """Another process runs its servers on this folder."""


def run_dir(var_dir: Path) -> Path:
    """Where pid files and logs are."""
    return var_dir / "run"


def lock(var_dir: Path) -> IO[str]:
    """Take the folder, until the file is closed or this process ends.

    Raises:
        VarDirInUse: it is taken.
    """
    run_dir(var_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (run_dir(var_dir) / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise VarDirInUse(f"process {owner} already runs its servers on {var_dir}") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def is_locked(var_dir: Path) -> bool:
    """Whether a living process runs its servers on this folder."""
    try:
        with (run_dir(var_dir) / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_secret(var_dir: Path) -> str:
    """The password of the folder's servers, made at its first use: other accounts reach their ports too."""
    path = var_dir / "secret"
    if not path.exists():
        with open(path, "x", opener=owner_only) as file:
            file.write(secrets.token_hex(16))
    return path.read_text()


def owner_only(path: str, flags: int) -> int:
    """An opener that lets only the owner read the new file."""
    return os.open(path, flags, 0o600)


@contextmanager
def temporary_var_dir() -> Iterator[Path]:
    """A folder that goes when the block ends; what killed processes left of theirs goes first."""
    top = temporary_top()
    for left in top.glob("crimemaps-*-*"):
        remove_leftover(left)
    path = Path(tempfile.mkdtemp(prefix=f"crimemaps-{os.getpid()}-", dir=top))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def temporary_top() -> Path:
    """A folder for temporary files that every account reaches: PostgreSQL may have to run as another."""
    candidates = [Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    for folder in candidates:
        if all(one.stat().st_mode & 0o001 for one in (folder, *folder.parents)):
            return folder
    return candidates[0]


def remove_leftover(path: Path) -> None:
    """Remove a temporary folder of ours whose process is gone, with the servers that still run on it."""
    owner = path.name.split("-")[1]
    if path.lstat().st_uid == os.geteuid() and owner.isdecimal() and not psutil.pid_exists(int(owner)):
        sweep(run_dir(path))
        shutil.rmtree(path)
