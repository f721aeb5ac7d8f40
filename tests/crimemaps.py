"""The `crimemaps` command as its users run it: in a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVERS = ("DATABASE_URL", "NATS_URL", "REDIS_URL")


def environment(servers: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these servers and no others."""
    kept = {name: value for name, value in os.environ.items() if name not in SERVERS}
    return {**kept, "PYTHONPATH": str(ROOT), **servers}


def heed_ctrl_c() -> None:
    """As in a terminal: a test run that was put in the background hands down that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(
    arguments: list[str], cwd: Path, servers: Mapping[str, str], output: Path | None = None
) -> subprocess.Popen[str]:
    """Start the command; its two outputs can be read apart, or are both in a file."""
    command = [sys.executable, "-m", "services.console", *arguments]
    if output is None:
        return subprocess.Popen(
            command, cwd=cwd, env=environment(servers), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c,
        )  # fmt: skip
    with output.open("w") as file:
        return subprocess.Popen(
            command, cwd=cwd, env=environment(servers), text=True,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, preexec_fn=heed_ctrl_c,
        )  # fmt: skip


def crimemaps(
    *arguments: str, cwd: Path, servers: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    process = start(list(arguments), cwd, servers or {})
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


async def call(*arguments: str, cwd: Path, servers: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The same from a test that is a coroutine."""
    return await asyncio.to_thread(crimemaps, *arguments, cwd=cwd, servers=servers)


def poll(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until the condition holds; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
