"""What every pod of ours must be: restricted, bounded, watched, spread, and stopped in order."""

import re
from pathlib import Path

import pytest

from services.gateway.settings import GatewaySettings
from shared.settings import Settings
from tests.k8s import (
    K8S,
    NAME,
    OVERLAYS,
    SERVICES,
    Resource,
    containers,
    every_workload,
    label_of,
    named,
    of_kind,
    overlay,
    overlay_with,
    pod_of,
    workloads,
)

STOP_TIMEOUT = Settings.model_fields["stop_timeout"].default
POOL = 8
"""Connections that each process of a service may open (shared/service.py)."""
WORKLOADS = [
    pytest.param(workload, id=f"{name}-{workload['kind']}-{workload['metadata']['name']}")
    for name, workload in every_workload()
]


def amount(text: str) -> int:
    """Bytes of a quantity of memory."""
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", text).groups()  # type: ignore[union-attr]
    return int(number) << {"Mi": 20, "Gi": 30}[unit]


def settings_of(resources: list[Resource], name: str) -> dict[str, str]:
    """A generated ConfigMap, whatever hash its name ends in."""
    pattern = re.compile(rf"{name}-[a-z0-9]{{10}}")
    [found] = [one for one in of_kind(resources, "ConfigMap") if pattern.fullmatch(one["metadata"]["name"])]
    data: dict[str, str] = found["data"]
    return data


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_pod_is_as_restricted_as_the_namespace_asks_and_more(workload: Resource) -> None:
    pod = pod_of(workload)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    for volume in pod["volumes"]:
        [kind] = set(volume) - {"name"}
        assert kind in ("emptyDir", "configMap", "secret", "persistentVolumeClaim")
        assert kind != "emptyDir" or "sizeLimit" in volume["emptyDir"]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_pod_has_no_token_and_no_variables_of_services(workload: Resource) -> None:
    pod = pod_of(workload)
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["serviceAccountName"] != "default"


def test_no_account_has_a_token_and_nobody_has_a_role() -> None:
    for name in OVERLAYS:
        accounts = of_kind(overlay(name), "ServiceAccount")
        assert {one["automountServiceAccountToken"] for one in accounts} == {False}
        used = {pod_of(one)["serviceAccountName"] for one in workloads(overlay(name))}
        assert {one["metadata"]["name"] for one in accounts} == used
        assert of_kind(overlay(name), "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding") == []


def test_the_namespace_refuses_pods_that_are_not_restricted() -> None:
    for name in OVERLAYS:
        [namespace] = of_kind(overlay(name), "Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("workload", WORKLOADS)
def test_memory_is_asked_for_and_bounded_and_the_processor_is_asked_for_and_not(workload: Resource) -> None:
    for container in containers(pod_of(workload)):
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert set(requests) == {"cpu", "memory"}
        assert set(limits) == {"memory"}
        most = 8 if label_of(workload) == "console" else 4
        assert amount(requests["memory"]) <= amount(limits["memory"]) <= most * amount(requests["memory"])


@pytest.mark.parametrize("workload", WORKLOADS)
def test_images_have_a_tag_that_does_not_move(workload: Resource) -> None:
    for container in containers(pod_of(workload)):
        repository, _, tag = container["image"].rpartition(":")
        assert repository
        assert tag not in ("", "latest")
        ours = "crimemapsuk/" in repository
        assert ours or any(letter.isdigit() for letter in tag)
    images = {container["image"] for container in containers(pod_of(workload))}
    assert len(images) == 1, "what waits and what works are one version"


def test_what_answers_is_alive_before_it_is_ready() -> None:
    for name in OVERLAYS:
        for service in SERVICES:
            [container] = pod_of(named(overlay(name), "Deployment", service))["containers"]
            paths = {
                probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness")
            }
            assert paths == {"startup": "/livez", "liveness": "/livez"}
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            port = {"gateway": 8000}.get(service, 8080)
            assert container["ports"] == [{"name": "http", "containerPort": port}]
            assert {"name": "HTTP_PORT", "value": str(port)} in container["env"]


def test_every_server_has_its_probes() -> None:
    for _, workload in every_workload():
        if workload["kind"] != "Job" and label_of(workload) != "console":
            for container in pod_of(workload)["containers"]:
                assert {"startupProbe", "readinessProbe"} <= set(container), label_of(workload)


def test_grace_periods_are_longer_than_what_a_stop_may_take() -> None:
    drain = float(settings_of(overlay("production"), "gateway")["DRAIN_SECONDS"])
    assert drain > 3 * 2, "longer than it takes to be found not ready"
    assert "drain_seconds" in GatewaySettings.model_fields
    for name in OVERLAYS:
        for service in SERVICES:
            pod = pod_of(named(overlay(name), "Deployment", service))
            # Requests first, then handlers and the bus, each as long as STOP_TIMEOUT.
            least = 2 * STOP_TIMEOUT + 5 + (drain if service == "gateway" else 0)
            assert pod["terminationGracePeriodSeconds"] > least, service
    assert pod_of(named(overlay("production"), "StatefulSet", "nats"))["terminationGracePeriodSeconds"] > 35


def test_each_deployment_survives_a_drained_node_and_spreads_over_the_others() -> None:
    resources = overlay("production")
    for workload in of_kind(resources, "Deployment", "StatefulSet"):
        name = label_of(workload)
        if name == "console":  # not there unless somebody works in it
            assert workload["spec"]["replicas"] == 0
            continue
        budget = named(resources, "PodDisruptionBudget", name)["spec"]
        assert budget["selector"] == {"matchLabels": {NAME: name}}
        replicas = workload["spec"].get("replicas", 2)
        # One must always be allowed to go, or no node could be drained.
        assert budget.get("maxUnavailable") == 1 or budget["minAvailable"] < replicas
        spread = pod_of(workload)["topologySpreadConstraints"]
        assert spread[0]["topologyKey"] == "kubernetes.io/hostname"
        assert all(one["labelSelector"] == {"matchLabels": {NAME: name}} for one in spread)


def test_there_is_one_fetcher_and_never_two() -> None:
    for name in OVERLAYS:
        fetcher = named(overlay(name), "Deployment", "fetcher")
        assert fetcher["spec"]["replicas"] == 1
        assert fetcher["spec"]["strategy"] == {"type": "Recreate"}
        scaled = of_kind(overlay(name), "HorizontalPodAutoscaler", "ScaledObject")
        assert "fetcher" not in {one["spec"]["scaleTargetRef"]["name"] for one in scaled}
    assert float(settings_of(overlay("production"), "fetcher")["WATCH_SECONDS"]) > 0


def test_others_are_replaced_one_by_one_and_only_by_ready_ones() -> None:
    for name in OVERLAYS:
        for service in set(SERVICES) - {"fetcher"}:
            strategy = named(overlay(name), "Deployment", service)["spec"]["strategy"]
            assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_who_is_scaled_has_no_number_that_an_apply_would_set_back() -> None:
    resources = overlay("production")
    scaled = of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject")
    names = [one["spec"]["scaleTargetRef"]["name"] for one in scaled]
    assert sorted(names) == ["gateway", "hexer", "loader", "reporter"]
    for name in names:
        assert "replicas" not in named(resources, "Deployment", name)["spec"]
    assert named(resources, "HorizontalPodAutoscaler", "gateway")["spec"]["minReplicas"] >= 2


def test_the_database_has_a_connection_for_every_pool() -> None:
    resources = overlay("production")
    processes = 1
    for one in of_kind(resources, "HorizontalPodAutoscaler", "ScaledObject"):
        # and one more while an update is under way
        processes += one["spec"].get("maxReplicas", one["spec"].get("maxReplicaCount")) + 1
    [cluster] = of_kind(resources, "Cluster")
    most = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
    assert processes * POOL + 40 <= most


def test_jobs_are_named_by_their_version_and_bear_every_other_change(tmp_path: Path) -> None:
    now = {one["metadata"]["name"]: one["spec"] for one in of_kind(overlay("production"), "Job")}
    assert set(now) == {"migrate-0.1.0", "provision-0.1.0"}
    settings = "configMapGenerator: [{name: common, behavior: merge, literals: [LOG_LEVEL=debug]}]\n"
    same = overlay_with(tmp_path / "settings", "production", settings)
    assert {one["metadata"]["name"]: one["spec"] for one in of_kind(same, "Job")} == now
    for job in now.values():
        assert job["template"]["spec"]["restartPolicy"] == "OnFailure"
        assert job["ttlSecondsAfterFinished"] <= 3600
    text = (K8S / "overlays" / "production" / "kustomization.yaml").read_text(encoding="utf-8")
    assert text.count("newTag: 0.1.0") == 2


def test_every_service_waits_for_what_the_jobs_make() -> None:
    for name in OVERLAYS:
        for service in SERVICES:
            [first] = pod_of(named(overlay(name), "Deployment", service))["initContainers"]
            assert first["command"] == ["python", "-m", "shared.await_setup", service]


def test_the_public_reaches_nothing_but_the_gateway_by_tls_and_no_metrics() -> None:
    resources = overlay("production")
    assert {one["spec"].get("type", "ClusterIP") for one in of_kind(resources, "Service")} == {"ClusterIP"}
    [gateway] = of_kind(resources, "Gateway")
    listeners = {one["name"]: one for one in gateway["spec"]["listeners"]}
    assert listeners["https"]["tls"]["mode"] == "Terminate"
    hidden, public = named(resources, "HTTPRoute", "public")["spec"]["rules"]
    assert "backendRefs" not in hidden
    assert {one["path"]["value"] for one in hidden["matches"]} == {"/livez", "/readyz", "/metrics"}
    assert public["backendRefs"] == [{"name": "gateway", "port": 80}]
    [rule] = named(resources, "HTTPRoute", "public-redirect")["spec"]["rules"]
    assert rule["filters"][0]["requestRedirect"]["scheme"] == "https"
    assert settings_of(resources, "gateway")["TRUSTED_PROXIES"] == "1"
