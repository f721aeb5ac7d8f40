"""The images of compose.yaml: our own, and stand-ins for those that a registry would give."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.compose_proof.engine import ProofFailed, run
from deploy.local.programs import find_nats

ROOT = Path(__file__).parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
DEBIAN = "debian:bookworm-slim"
NAMES = {
    "python:3.11-slim-bookworm": "python",
    "postgis/postgis": "postgis",
    "nats": "nats",
    "valkey/valkey": "valkey",
    "prom/prometheus": "prometheus",
}
"""Which stand-in takes the place of which image; of most, whatever the tag."""


def has(image: str, environ: Mapping[str, str]) -> bool:
    """Whether the engine has an image."""
    return bool(run("docker", "images", "--quiet", image, environ=environ).strip())


def stand_in_for(image: str) -> str | None:
    """The name of the stand-in of an image, if there is one."""
    return NAMES.get(image) or NAMES.get(image.partition(":")[0])


def make_debian(folder: Path, environ: Mapping[str, str]) -> None:
    """The base of all stand-ins, from Debian's packages; it trusts whom this machine trusts."""
    root = folder / "debian"
    run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root)
    variables = []
    if CERTIFICATES.exists():
        shutil.copyfile(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        variables = ["--change", f"ENV PIP_CERT={CERTIFICATES}"]
    archive = folder / "debian.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    run("docker", "import", *variables, archive, DEBIAN, environ=environ)
    shutil.rmtree(root)
    archive.unlink()


def make_stand_in(image: str, environ: Mapping[str, str]) -> None:
    """One stand-in, under the name of what it stands for."""
    name = stand_in_for(image)
    with tempfile.TemporaryDirectory() as context:
        shutil.copy(STAND_INS / "start_postgres", context)
        shutil.copy(find_nats(), context)
        build(image, "--file", STAND_INS / f"{name}.Dockerfile", context, environ=environ)


def build(image: str, *arguments: str | Path, environ: Mapping[str, str]) -> None:
    """`docker build`; the packages come over this machine's own network."""
    run("docker", "build", "--quiet", "--network", "host", "--tag", image, *arguments, environ=environ)


def make_images(wanted: list[str], folder: Path, environ: Mapping[str, str]) -> list[str]:
    """See to it that the engine has all these images; returns those that are stand-ins.

    Raises:
        ProofFailed: there is one that nobody can give.
    """
    base = next(name for name in NAMES if name.startswith("python"))
    foreign = [base, *(name for name in wanted if not name.startswith("crimemapsuk/"))]
    missing = [name for name in foreign if not has(name, environ)]
    if unknown := [name for name in missing if stand_in_for(name) is None]:
        raise ProofFailed(f"there is no stand-in for {', '.join(unknown)}")
    if missing and not has(DEBIAN, environ):
        make_debian(folder, environ)
    for name in missing:
        make_stand_in(name, environ)
    for name in wanted:
        if name.startswith("crimemapsuk/"):
            target = name.partition("/")[2].partition(":")[0]
            build(name, "--target", target, ROOT, environ=environ)
    return missing
