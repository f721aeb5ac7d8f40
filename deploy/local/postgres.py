"""A private PostgreSQL, with PostGIS where it is installed."""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import ENVIRONMENT, HOST, ServerFailed
from deploy.local.programs import POSTGRES_KIND, MissingServer, PostgresPrograms, find_postgres
from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER

NAME = "crimemaps"
"""Of the database and of the role that owns it."""

SYSTEM_DIR = Path("/var/lib/crimemaps")
"""Where root's databases live when the account that runs PostgreSQL cannot reach the var folder."""

# The single-user mode takes one command a line.
# Into template1, so that every new database has it and no role needs a superuser's rights. No service needs
# PostGIS; tests and measurements compare with it.
PREPARE_POSTGIS = "CREATE EXTENSION postgis;\n"
PREPARE = """\
CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD '{secret}';
CREATE DATABASE {name} OWNER {name} TEMPLATE template1;
"""

# Nobody can log in as the superuser: what needs one is done before the server listens. The roles of services
# can where they were given passwords.
LOGINS = ",".join((NAME, FETCHER, LOADER, HEXER, REPORTER, READER))
ACCESS = f"host all {LOGINS} {HOST}/32 scram-sha-256\n"

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path may have 107 bytes only
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # One server without replicas: what is loaded into a table made in the same transaction needs no log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "autovacuum": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}
"""For tests and the demo: data survive the death of the server, not that of the machine.
(synchronous_commit stays on: without it a killed server forgets what it has just committed.)"""


@dataclass(frozen=True)
class Postgres:
    """The server whose database and role `crimemaps` are ready for migrations."""

    programs: PostgresPrograms
    data_dir: Path
    secret: str
    durable: bool
    user: str | None
    name: str = "postgres"
    stop_signal: signal.Signals = signal.SIGINT  # "fast": does not wait for clients to leave

    @classmethod
    def under(cls, var_dir: Path, secret: str, *, durable: bool, environ: Mapping[str, str]) -> "Postgres":
        """The server with its data in `var_dir/postgres`.

        Raises:
            MissingServer: there is no PostgreSQL that can be run here.
        """
        programs = find_postgres(environ)
        user = account()
        if user and not everybody_reaches(programs.folder):
            raise MissingServer(
                f"as root, PostgreSQL runs as {user}, who cannot reach {programs.folder}: "
                "put this project where everybody can, or start it as another user"
            )
        return cls(programs, reachable_home(var_dir, secret, user) / "postgres", secret, durable, user)

    def prepare(self) -> None:
        if not self.data_dir.exists():
            self._create()
        made_by = (self.data_dir / "PG_VERSION").read_text().strip()
        if made_by != str(self.programs.version[0]):
            raise ServerFailed(
                f"the data in {self.data_dir} belong to PostgreSQL {made_by}, but {self.programs.folder} is "
                f"{self.programs.version[0]}: choose that one with {POSTGRES_KIND} (postgis or pypi), "
                "install it, or remove the folder and load again"
            )

    def command(self, port: int) -> list[str]:
        settings = SETTINGS | ({} if self.durable else FORGETFUL) | {"port": str(port)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [str(self.programs.folder / "postgres"), "-D", str(self.data_dir), *options]

    def is_ready(self, port: int, pid: int) -> bool:
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def url(self, port: int) -> str:
        return f"postgresql://{NAME}:{self.secret}@{HOST}:{port}/{NAME}"

    def _create(self) -> None:
        """Make the data folder under another name first, so that a killed attempt is not taken for one."""
        unfinished = self.data_dir.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.user:
            shutil.chown(unfinished, self.user, self.user)
        self._run(
            *("initdb", "-D", str(unfinished), "--username=postgres", "--auth=reject", "--no-instructions"),
            *("--encoding=UTF8", "--locale=C"),
            *(() if self.durable else ("--no-sync",)),
        )
        statements = PREPARE.format(name=NAME, secret=self.secret)
        if self.programs.has_postgis:
            statements = PREPARE_POSTGIS + statements
        self._run("postgres", "--single", "-D", str(unfinished), "-F", "template1", stdin=statements)
        (unfinished / "pg_hba.conf").write_text(ACCESS)
        if self.durable:
            self._run("initdb", "-D", str(unfinished), "--sync-only")
        unfinished.rename(self.data_dir)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            [str(self.programs.folder / program), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            env=ENVIRONMENT,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            check=False,
        )
        # The single-user mode reports failed statements, but ends with 0.
        if done.returncode or "ERROR:" in done.stderr:
            raise ServerFailed(f"{program} failed: {done.stderr.strip()}")


def account() -> str | None:
    """The account to run PostgreSQL as: it refuses to run as root. None is our own."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise MissingServer("as root, PostgreSQL needs an account to run as: useradd --system postgres")


def everybody_reaches(path: Path) -> bool:
    """Whether every account can get to what is in this folder, as far as the folders above it say."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def reachable_home(var_dir: Path, secret: str, user: str | None) -> Path:
    """`var_dir`, or a folder under /var/lib if `user` cannot get to it, as in root's own home.

    There a new secret is a new folder, so that who deletes `var_dir` starts afresh.
    """
    if user is None:
        return var_dir
    var_dir.chmod(var_dir.stat().st_mode | 0o011)
    if everybody_reaches(var_dir):
        return var_dir
    home = SYSTEM_DIR / hashlib.sha256(f"{var_dir} {secret}".encode()).hexdigest()[:12]
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    return home
