"""Who can reach whom: exactly the flows that are needed, each allowed on both of its sides."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.k8s import NAME, SERVICES, Resource, label_of, of_kind, overlay, overlay_with, workloads

Flow = tuple[str, str, int | str]
"""From, to, port. Outside of the namespace: `internet`, `anywhere`, `dns`, or another as `ns/monitoring`."""
PRIVATE = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}
STORES = [*SERVICES, "console"]
METRICS = {("ns/monitoring/prometheus", name, "http") for name in SERVICES}


def pods(resources: list[Resource]) -> dict[str, dict[str, str]]:
    """The labels of all pods, by name."""
    found = {label_of(one): one["spec"]["template"]["metadata"]["labels"] for one in workloads(resources)}
    for cluster in of_kind(resources, "Cluster"):
        labels = cluster["spec"]["inheritedMetadata"]["labels"]
        found[labels[NAME]] = labels
    if of_kind(resources, "Gateway"):
        found["acme"] = {"acme.cert-manager.io/http01-solver": "true"}
    return found


def selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """As Kubernetes matches labels."""
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In"
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def names(peers: list[dict[str, Any]] | None, of: dict[str, dict[str, str]]) -> Iterator[str]:
    """What a policy names as the other side."""
    if peers is None:
        yield "anywhere"
    for peer in peers or []:
        if block := peer.get("ipBlock"):
            is_public = set(block.get("except", ())) >= PRIVATE or block["cidr"] == "::/0"
            yield "internet" if is_public else block["cidr"]
        elif namespace := peer.get("namespaceSelector"):
            place = namespace["matchLabels"]["kubernetes.io/metadata.name"]
            inside = peer.get("podSelector", {}).get("matchLabels", {})
            yield "dns" if place == "kube-system" else "/".join(["ns", place, *inside.values()])
        else:
            yield from (name for name, labels in of.items() if selected(peer["podSelector"], labels))


def flows(resources: list[Resource], direction: str) -> set[Flow]:
    """What the policies of one direction, Ingress or Egress, allow."""
    of, found = pods(resources), set()
    for policy in of_kind(resources, "NetworkPolicy"):
        spec = policy["spec"]
        assert direction.lower() not in spec or direction in spec["policyTypes"]
        chosen = [name for name, labels in of.items() if selected(spec["podSelector"], labels)]
        for rule in spec.get(direction.lower(), []):
            for other in names(rule.get("from" if direction == "Ingress" else "to"), of):
                for port in rule["ports"]:
                    for one in chosen:
                        ends = (other, one) if direction == "Ingress" else (one, other)
                        found.add((*ends, port["port"]))
    return found


def expected(resources: list[Resource]) -> set[Flow]:
    """What services need of each other, wherever they run."""
    present = pods(resources)
    wanted: set[Flow] = {(name, "postgres", 5432) for name in (*STORES, "migrate")}
    wanted |= {(name, "nats", 4222) for name in (*STORES, "provision")}
    wanted |= {("gateway", "valkey", 6379)}
    return wanted | {(name, "dns", 53) for name in present}


PRODUCTION: set[Flow] = {
    ("fetcher", "internet", 443),
    ("reporter", "internet", 443),
    ("gateway", "internet", 443),
    ("nats", "nats", 6222),
    ("postgres", "postgres", 5432),
    ("postgres", "postgres", 8000),
    ("postgres", "anywhere", 443),
    ("postgres", "anywhere", 6443),
    ("ns/cnpg-system", "postgres", 5432),
    ("ns/cnpg-system", "postgres", 8000),
    ("ns/keda", "postgres", 5432),
    ("ns/keda", "nats", 8222),
    ("ns/envoy-gateway-system", "gateway", 8000),
    ("ns/envoy-gateway-system", "acme", 8089),
    *METRICS,
}
DEV: set[Flow] = {("fetcher", "police-api", 8080)}


def inside(found: set[Flow], resources: list[Resource]) -> set[Flow]:
    """The flows between pods of the namespace, which both sides must allow."""
    here = set(pods(resources))
    return {flow for flow in found if {flow[0], flow[1]} <= here}


@pytest.mark.parametrize(("name", "more"), [("production", PRODUCTION), ("dev", DEV)])
def test_the_flows_of_an_overlay_are_those_that_are_needed_and_no_others(name: str, more: set[Flow]) -> None:
    resources = overlay(name)
    out, into = flows(resources, "Egress"), flows(resources, "Ingress")
    assert inside(out, resources) == inside(into, resources)
    assert out | into == expected(resources) | more


def test_all_else_is_denied_to_every_pod() -> None:
    for name in ("dev", "production"):
        [deny] = [
            one
            for one in of_kind(overlay(name), "NetworkPolicy")
            if one["metadata"]["name"] == "default-deny"
        ]
        assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_services_point_at_pods_that_exist() -> None:
    for name in ("dev", "production"):
        present = pods(overlay(name))
        for service in of_kind(overlay(name), "Service"):
            assert any(
                selected({"matchLabels": service["spec"]["selector"]}, one) for one in present.values()
            )


OWN_DATABASE = """\
patches:
  - target: {kind: NetworkPolicy, name: to-postgres}
    patch: |
      - op: replace
        path: /spec/egress/0/to
        value: [{ipBlock: {cidr: 192.0.2.10/32}}]
"""


def test_a_server_of_ones_own_is_one_patch_as_the_documentation_has_it(tmp_path: Path) -> None:
    resources = overlay_with(tmp_path / "own", "production", OWN_DATABASE)
    out = flows(resources, "Egress")
    assert {flow for flow in out if flow[2] == 5432 and flow[0] != "postgres"} == {
        (name, "192.0.2.10/32", 5432) for name in (*STORES, "migrate")
    }
    page = (Path(__file__).parents[2] / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    assert OWN_DATABASE in page
