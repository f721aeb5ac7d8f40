"""A Docker engine: the one that answers, or one of our own until the end of the proof."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0
POLL_SECONDS = 0.2
PACKAGES = ("docker.io", "iptables", "debootstrap")


class ProofFailed(Exception):
    """Something is not as compose.yaml promises; the text says what."""


def run(
    *command: str | Path, environ: Mapping[str, str] | None = None, check: bool = True, **options: object
) -> str:
    """What a program writes on standard output.

    Raises:
        ProofFailed: it ended with another code than 0; the text has the end of what it wrote.
    """
    done = subprocess.run(  # type: ignore[call-overload]
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environ or {})},
        check=False,
        **options,
    )
    if check and done.returncode:
        raise ProofFailed(
            f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout[-3000:]}"
        )
    return str(done.stdout)


def answers(environ: Mapping[str, str]) -> bool:
    """Whether an engine is there."""
    return bool(shutil.which("docker")) and "Server Version" in run(
        "docker", "info", environ=environ, check=False
    )


@contextmanager
def engine(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which `docker` finds an engine.

    Raises:
        ProofFailed: none answers, and we may not start one.
    """
    if answers({}):
        yield {}
        return
    if os.geteuid():
        raise ProofFailed("no Docker engine answers, and only root can start one")
    if missing := [name for name in ("dockerd", "iptables", "debootstrap") if not shutil.which(name)]:
        print(f"{', '.join(missing)} missing: apt-get install {' '.join(PACKAGES)}", flush=True)
        apt = {"DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "-qq", "update")
        run("apt-get", "-qq", "-y", "--no-install-recommends", "install", *PACKAGES, environ=apt)
    socket = folder / "docker.sock"
    # Debian's client builds images by itself; others need a plug-in for it.
    own = {
        "DOCKER_HOST": f"unix://{socket}",
        "DOCKER_BUILDKIT": "1",
        "PATH": f"/usr/bin:{os.environ['PATH']}",
    }
    command = [
        "dockerd",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
    ]
    command += ["-H", own["DOCKER_HOST"]]
    with (folder / "dockerd.log").open("w") as log:
        daemon = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(own):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise ProofFailed(f"dockerd does not start:\n{(folder / 'dockerd.log').read_text()[-3000:]}")
            time.sleep(POLL_SECONDS)
        yield own
    finally:
        daemon.terminate()
        daemon.wait(START_SECONDS)
