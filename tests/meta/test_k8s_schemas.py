"""Every overlay renders, and what it renders is what Kubernetes and the operators take."""

import re
import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate.utils as published
import pytest
from msgspec import yaml
from referencing import Registry
from referencing import Resource as Schema

from shared.settings import Settings
from tests.k8s import (
    K8S,
    OVERLAYS,
    ROOT,
    Resource,
    containers,
    named,
    of_kind,
    overlay,
    pod_of,
    render,
    workloads,
)

VERSIONS = ("1.30", "1.37")
"""The oldest that docs/kubernetes.md promises, and the newest whose schemas are here."""

CUSTOM: dict[str, tuple[str, set[str], set[str]]] = {
    "Certificate": (
        "cert-manager.io/v1",
        {"secretName", "issuerRef"},
        {"isCA", "commonName", "dnsNames", "duration", "privateKey", "secretTemplate", "usages"},
    ),
    "Issuer": ("cert-manager.io/v1", set(), {"ca", "selfSigned"}),
    "Cluster": (
        "postgresql.cnpg.io/v1",
        {"instances", "storage", "imageName", "bootstrap", "managed", "plugins", "certificates"},
        {
            *("affinity", "enablePDB", "inheritedMetadata", "postgresGID", "postgresUID", "postgresql"),
            *("resources", "walStorage"),
        },
    ),
    "ObjectStore": ("barmancloud.cnpg.io/v1", {"configuration"}, {"retentionPolicy"}),
    "ScheduledBackup": (
        "postgresql.cnpg.io/v1",
        {"schedule", "cluster", "method", "pluginConfiguration"},
        {"immediate", "backupOwnerReference"},
    ),
    "ExternalSecret": (
        "external-secrets.io/v1",
        {"secretStoreRef", "target", "dataFrom"},
        {"refreshInterval"},
    ),
    "ScaledObject": (
        "keda.sh/v1alpha1",
        {"scaleTargetRef", "triggers", "minReplicaCount", "maxReplicaCount"},
        {"pollingInterval", "cooldownPeriod"},
    ),
    "TriggerAuthentication": ("keda.sh/v1alpha1", {"secretTargetRef"}, set()),
    "PodMonitor": (
        "monitoring.coreos.com/v1",
        {"selector", "podMetricsEndpoints"},
        {"jobLabel", "podTargetLabels"},
    ),
    "PrometheusRule": ("monitoring.coreos.com/v1", {"groups"}, set()),
    "Gateway": ("gateway.networking.k8s.io/v1", {"gatewayClassName", "listeners"}, set()),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", {"parentRefs", "rules", "hostnames"}, set()),
}
"""What operators bring: the version of the API, fields of `spec` that must be there, and fields that may."""
TRIGGERS = {
    "nats-jetstream": {"natsServerMonitoringEndpoint", "account", "stream", "consumer", "lagThreshold"},
    "postgresql": {"query", "targetQueryValue"},
}


@cache
def schemas(version: str) -> Path:
    return Path(published.__file__).parent / "kubernetes-json-schema" / f"v{version}.0-local-strict"


@cache
def definitions(version: str) -> Schema[Any]:
    return Schema.from_contents(
        published.schema_contents(str(schemas(version) / "_definitions.json"), version)
    )


@cache
def validator(version: str, kind: str, api_version: str) -> jsonschema.protocols.Validator | None:
    """By the published schema of this kind, in which unknown fields are errors; None if there is none."""
    group, _, last = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], last) if part)
    path = schemas(version) / f"{name}.json"
    if not path.exists():
        return None
    schema = Schema.from_contents(published.schema_contents(str(path), version))
    registry = definitions(version) @ (schema @ Registry())
    return jsonschema.validators.Draft202012Validator(schema.contents, registry=registry)


def problems(resource: Resource, version: str) -> list[str]:
    """Why Kubernetes, or an operator, would refuse it."""
    kind, api_version = resource["kind"], resource["apiVersion"]
    what = f"{kind} {resource['metadata']['name']}"
    if found := validator(version, kind, api_version):
        return [f"{what}: {error.json_path}: {error.message}" for error in found.iter_errors(resource)]
    if kind not in CUSTOM:
        return [f"{what}: nobody knows this kind"]
    expected, must, may = CUSTOM[kind]
    given = set(resource["spec"])
    return [
        *([f"{what}: {api_version} is not {expected}"] if api_version != expected else []),
        *(f"{what}: {name} is missing" for name in sorted(must - given)),
        *(f"{what}: {name} is unknown" for name in sorted(given - must - may)),
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_every_resource_of_an_overlay_is_valid(name: str, version: str) -> None:
    found = [problem for resource in overlay(name) for problem in problems(resource, version)]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0, "readinesProbe"), {}),
        ("Deployment", ("spec", "replicas"), "two"),
        ("NetworkPolicy", ("spec", "egres"), []),
        ("ScaledObject", ("spec", "maxReplicas"), 3),
        ("HTTPRoute", ("apiVersion",), "gateway.networking.k8s.io/v1alpha2"),
    ],
)
def test_a_mistake_is_found(kind: str, path: tuple[str | int, ...], value: object) -> None:
    resource = deepcopy(of_kind(overlay("production"), kind)[0])
    assert problems(resource, VERSIONS[-1]) == []
    place: Any = resource
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert problems(resource, VERSIONS[-1]) != []


def test_all_is_in_the_namespace_of_its_overlay_and_nothing_is_there_twice() -> None:
    for name, namespace in (("dev", "crimemaps-dev"), ("production", "crimemaps")):
        ids = [(one["kind"], one["metadata"]["name"]) for one in overlay(name)]
        assert len(ids) == len(set(ids))
        assert ("Namespace", namespace) in ids
        others = [one for one in overlay(name) if one["kind"] != "Namespace"]
        assert {one["metadata"]["namespace"] for one in others} == {namespace}


def test_triggers_of_the_autoscaler_have_what_they_need_and_name_consumers_that_exist() -> None:
    from shared.provision import CONSUMERS

    for scaled in of_kind(overlay("production"), "ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            metadata = trigger["metadata"]
            assert set(metadata) == TRIGGERS[trigger["type"]]
            if trigger["type"] == "nats-jetstream":
                assert CONSUMERS[metadata["consumer"]].event.stream == metadata["stream"]
                assert metadata["consumer"].startswith(f"{scaled['metadata']['name']}-")


def test_every_folder_renders_or_is_a_component_of_one_that_does() -> None:
    """A component that no overlay has is rendered on top of one."""
    used = set()
    for path in K8S.glob("overlays/*/kustomization.yaml"):
        entries = yaml.decode(path.read_bytes())["components"]
        used |= {Path(entry).name for entry in entries}
    spare = {path.parent.name for path in K8S.glob("components/*/kustomization.yaml")} - used
    assert spare == {"backfill", "partners", "tracing"}


@pytest.mark.parametrize("component", ["backfill", "partners", "tracing"])
def test_a_component_that_no_overlay_has_can_be_added_to_production(component: str, tmp_path: Path) -> None:
    """To a copy of the overlay, since the order of components matters."""
    for part in ("k8s", "nats", "monitoring", "compose"):
        shutil.copytree(ROOT / "deploy" / part, tmp_path / part)
    path = tmp_path / "k8s" / "overlays" / "production" / "kustomization.yaml"
    text = path.read_text(encoding="utf-8")
    console = "  - ../../components/console\n"
    assert console in text
    path.write_text(text.replace(console, f"{console}  - ../../components/{component}\n"), encoding="utf-8")
    resources = render(path.parent)
    assert [problem for one in resources for problem in problems(one, VERSIONS[-1])] == []
    assert len(resources) >= len(overlay("production"))
    for config in of_kind(resources, "ConfigMap"):
        if config["metadata"]["name"].startswith("common-"):
            assert {name.lower() for name in config["data"]} <= set(Settings.model_fields)
    if component == "backfill":
        [job] = [one for one in workloads(resources) if one["metadata"]["name"] == "backfill"]
        assert job["spec"]["suspend"] is True
        [container] = containers(pod_of(job))
        mounts = [one["mountPath"] for one in container["volumeMounts"]]
        assert mounts == ["/tmp", "/archives", "/etc/crimemaps/ca"]


def test_partners_are_added_as_the_documentation_has_it(tmp_path: Path) -> None:
    for part in ("k8s", "nats", "monitoring", "compose"):
        shutil.copytree(ROOT / "deploy" / part, tmp_path / part)
    production = tmp_path / "k8s" / "overlays" / "production"
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    [component] = re.findall(r"# overlays/production/partners/kustomization.yaml\n(.+?)```", page, re.DOTALL)
    (production / "partners").mkdir()
    (production / "partners" / "kustomization.yaml").write_text(component)
    (production / "partners" / "partners.conf").write_text("# acme\n")
    path = production / "kustomization.yaml"
    path.write_text(path.read_text().replace("../../components/keda", "../../components/keda\n  - partners"))
    resources = render(production)
    [config] = [one for one in of_kind(resources, "ConfigMap") if "partners.conf" in one["data"]]
    assert config["data"]["partners.conf"] == "# acme\n"
    assert config["data"].keys() == {"nats.conf", "tls.conf", "server.conf", "partners.conf"}
    assert "nats.crimemaps.example" in named(resources, "Certificate", "nats")["spec"]["dnsNames"]
    assert named(resources, "Service", "nats-partners")["spec"]["type"] == "LoadBalancer"


def test_the_rules_are_those_of_the_alerts_file() -> None:
    from deploy.k8s.prometheus_rule import ALERTS, RULE
    from deploy.k8s.prometheus_rule import render as render_rule

    made = render_rule(ALERTS.read_text(encoding="utf-8"))
    assert RULE.read_text(encoding="utf-8") == made, "run python -m deploy.k8s.prometheus_rule"
    rule = yaml.decode(made)
    assert rule["spec"] == yaml.decode(ALERTS.read_bytes())


def test_grafana_has_every_dashboard() -> None:
    [found] = [one for one in of_kind(overlay("production"), "ConfigMap") if "freshness.json" in one["data"]]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    files = (ROOT / "deploy" / "monitoring" / "grafana" / "dashboards").glob("*.json")
    assert found["data"] == {path.name: path.read_text(encoding="utf-8") for path in files}


def test_kubectl_comes_with_the_tools_of_development() -> None:
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    assert "\nkubectl-cli-bin==" in text
