"""The commands of docs/backup.md as they are written there, on containers."""

import re
import shlex
import tempfile
from pathlib import Path
from typing import Any

from deploy.compose_proof.acts import check, checksums
from deploy.compose_proof.compose import Compose, is_well, patiently
from deploy.compose_proof.engine import run
from deploy.compose_proof.images import ROOT

PAGE = ROOT / "docs" / "backup.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
SAMPLE = {"COMPOSE_PROFILES": "sample"}
NO_SOURCE = {"COMPOSE_PROFILES": ""}
"""Without a fetcher: the one of `live` would ask the real source."""


def restore_a_backup(compose: Compose) -> dict[str, Any]:
    """Backed up at work, everything removed, restored: the same rows, and every record is there."""
    before = checksums(compose)
    back_up, restore = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="crimemaps-backup-") as name:
        folder = Path(name)
        (folder / "deploy").symlink_to(ROOT / "deploy")
        follow(compose, back_up, folder, SAMPLE)
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
        compose("--profile", "*", "down", "--volumes", "--remove-orphans")
        follow(compose, restore, folder, NO_SOURCE)
    patiently(lambda: all(map(is_well, compose.containers())), "all services are healthy after the restore")
    check(checksums(compose) == before, "other rows after the restore")
    compose.console("proof")  # exit code 1 if a month does not add up
    return {"months": len(before), "bytes": sizes}


def follow(compose: Compose, commands: str, folder: Path, profiles: dict[str, str]) -> None:
    """Run the commands in a folder, on the proof's own project and its own fetcher."""
    ours = commands.replace("docker compose", shlex.join(map(str, compose.command)))
    ours = ours.replace("crimemaps_nats", f"{compose.project}_nats")
    ours = re.sub(r"\bfetcher\b", "sample-fetcher", ours)
    run("sh", "-euxc", ours, environ={**compose.environ, **profiles}, cwd=folder)
