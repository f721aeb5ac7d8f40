"""A PostgreSQL primary with a standby that confirms every commit, on this machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.postgres import NAME, Postgres, account
from deploy.local.process import HOST, Process
from deploy.local.programs import find_postgres
from deploy.local.var_dir import temporary_var_dir

SECRET = "standby"
REPLICATION = f"host replication {NAME} {HOST}/32 scram-sha-256\n"
FOLLOWED = {"wal_level": "replica", "max_wal_senders": "10"}
IN_STEP = {"synchronous_standby_names": "*", "synchronous_commit": "on"}
"""The standby, once it is alone, waits for nobody."""


@dataclass(frozen=True)
class Member(Postgres):
    """One of the two; `follows` is where the standby finds the other."""

    follows: str = ""

    def command(self, port: int) -> list[str]:
        """As for one server, but with a log that another can follow."""
        settings = FOLLOWED | ({"primary_conninfo": self.follows} if self.follows else IN_STEP)
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [*super().command(port), *options]

    def is_ready(self, port: int, pid: int) -> bool:
        """Whether it answers, if only to readers."""
        if super().is_ready(port, pid):
            return True
        file = self.data_dir / "postmaster.pid"
        return file.exists() and file.read_text().splitlines()[7:8] == ["standby "]

    def prepare(self) -> None:
        """Data with an owner whom others may follow."""
        super().prepare()
        self._run(
            *("postgres", "--single", "-D", str(self.data_dir), "-F", "template1"),
            stdin=f"ALTER ROLE {NAME} REPLICATION;\n",
        )
        with (self.data_dir / "pg_hba.conf").open("a") as file:
            file.write(REPLICATION)

    def copy(self, target: Path) -> None:
        """The data folder, as long as no server runs on it, for one that follows."""
        shutil.copytree(self.data_dir, target, symlinks=True)
        (target / "standby.signal").touch()
        for path in (target, *target.rglob("*")):
            if self.user:
                shutil.chown(path, self.user, self.user)
        target.chmod(0o700)


@dataclass(frozen=True)
class Pair:
    """The two servers, and the one address for both."""

    primary: Process
    standby: Process

    @property
    def url(self) -> str:
        """Whichever of the two takes writes."""
        hosts = f"{HOST}:{self.primary.port},{HOST}:{self.standby.port}"
        return f"postgresql://{NAME}:{SECRET}@{hosts}/{NAME}?target_session_attrs=read-write"

    def kill_primary(self) -> None:
        """SIGKILL."""
        self.primary.kill()

    def promote(self) -> None:
        """Have the standby take writes."""
        member = self.standby.server
        assert isinstance(member, Member)
        member._run("pg_ctl", "-D", str(member.data_dir), "-w", "promote")


@contextmanager
def postgres_pair() -> Iterator[Pair]:
    """A fresh pair; the servers end with the block."""
    with temporary_var_dir() as top:
        top.chmod(0o755)
        programs, user = find_postgres({}), account()
        first = Member(programs, top / "primary", SECRET, True, user, "primary")
        first.prepare()
        first.copy(top / "standby")
        primary = Process(first, top)
        standby = None
        try:
            # Nothing can be committed before the standby is there.
            primary.start()
            follows = f"host={HOST} port={primary.port} user={NAME} password={SECRET}"
            second = Member(programs, top / "standby", SECRET, True, user, "standby", follows=follows)
            standby = Process(second, top)
            standby.start()
            yield Pair(primary, standby)
        finally:
            for process in (standby, primary):
                if process:
                    process.kill()
