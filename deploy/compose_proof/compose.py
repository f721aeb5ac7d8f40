"""`docker compose` on a project of its own, and what its containers say of themselves."""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from deploy.compose_proof.engine import ProofFailed, run
from deploy.compose_proof.images import ROOT

POLL_SECONDS = 0.5
PATIENCE = 180.0
"""Seconds; a container is started again after at most one, and a service is ready after some ten."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Compose:
    """The project: which program, which settings, which engine."""

    program: tuple[str | Path, ...]
    env_file: Path
    environ: Mapping[str, str]
    port: int

    project = "crimemaps-proof"

    @property
    def command(self) -> tuple[str | Path, ...]:
        """The program with the options that choose the project."""
        options = ("--project-name", self.project, "--project-directory", ROOT, "--env-file", self.env_file)
        return (*self.program, *options)

    def __call__(self, *words: str | Path, check: bool = True) -> str:
        """What `docker compose` writes."""
        return run(*self.command, *words, environ=self.environ, check=check)

    def console(self, *words: str, check: bool = True) -> str:
        """What the operator's command writes."""
        return self("--profile", "console", "run", "--rm", "-T", "--no-deps", "console", *words, check=check)

    def containers(self, *services: str) -> list[dict[str, Any]]:
        """What the engine knows of the containers, ended ones too."""
        ids = self("--profile", "*", "ps", "--all", "--quiet", *services).split()
        return list(json.loads(run("docker", "inspect", *ids, environ=self.environ))) if ids else []

    def ask(self, path: str, body: Mapping[str, str] | None = None) -> bytes:
        """What the gateway answers, from outside."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return bytes(answer.read())


def service_of(container: Mapping[str, Any]) -> str:
    """The name of a container's service in compose.yaml."""
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def is_well(container: Mapping[str, Any]) -> bool:
    """Whether it runs and its health check, if it has one, says so; or has done what it was for."""
    state = container["State"]
    if "Health" in state:
        return bool(
            state["Status"] == "running" and state["Health"]["Status"] == "healthy" and is_fresh(state)
        )
    return state["Status"] == "running" or (state["Status"], state["ExitCode"]) == ("exited", 0)


def is_fresh(state: Mapping[str, Any]) -> bool:
    """Whether the last health check was of this start: for a moment the engine still tells the one before."""
    checks = state["Health"]["Log"] or []
    started = datetime.fromisoformat(state["StartedAt"])
    return any(datetime.fromisoformat(one["Start"]) > started and one["ExitCode"] == 0 for one in checks)


def kill(container: Mapping[str, Any]) -> None:
    """SIGKILL its first process, as a crash would: what `docker kill` ends is not started again."""
    os.kill(int(container["State"]["Pid"]), signal.SIGKILL)


def patiently(look: Callable[[], Result | None], what: str, patience: float = PATIENCE) -> Result:
    """The first result that is true.

    Raises:
        ProofFailed: there was none in time.
    """
    deadline = time.monotonic() + patience
    while not (result := look()):
        if time.monotonic() > deadline:
            raise ProofFailed(f"after {patience:.0f} s still not: {what}")
        time.sleep(POLL_SECONDS)
    return result
