"""What pods find in their environment: settings that exist, with right values, and secrets by name only."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from msgspec import yaml

from deploy.k8s.secrets import CA, NAMESPACES, dev, make_passwords, manifest, production
from services.fetcher.settings import FetcherSettings
from services.gateway.settings import GatewaySettings
from services.hexer.settings import HexerSettings
from services.loader.settings import LoaderSettings
from services.reporter.settings import ReporterSettings
from shared.role_logins import RolePasswords
from shared.settings import ProvisionSettings, Settings
from tests.k8s import (
    OVERLAYS,
    ROOT,
    SERVICES,
    Resource,
    containers,
    every_workload,
    label_of,
    named,
    of_kind,
    overlay,
    pod_of,
    workloads,
)

CLASSES: dict[str, type[Settings]] = {
    "fetcher": FetcherSettings,
    "loader": LoaderSettings,
    "hexer": HexerSettings,
    "reporter": ReporterSettings,
    "gateway": GatewaySettings,
    "migrate": Settings,
    "provision": ProvisionSettings,
    "console": Settings,
}
LOGINS = {field.upper() for field in RolePasswords.model_fields}
"""What `shared.migrate` makes logins of; the secret of the trial's operator has them."""
SECRETS = {"dev": dev(make_passwords()), "production": production(make_passwords())}
COMPOSE = ROOT / "compose.yaml"
IMAGE = {"HTTP_HOST"}
"""The Dockerfile sets it; Kubernetes says it again."""
KUBERNETES_ONLY = {
    "DRAIN_SECONDS",  # compose has no balancer that looks at /readyz
    "DOWNLOAD_KEEP_HOURS",
    "KEEP_VERSIONS",
    "LOG_LEVEL",
    "PROCESSES",
    "REFRESH_MONTHS",
    "WATCH_SECONDS",
    "WORKERS",
}
"""Settings whose default compose takes; here they are named, so that an overlay finds them."""


def environment(name: str, pod_name: str, container: Resource) -> dict[str, str]:
    """What a container of an overlay finds; of secrets made-up values."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(overlay(name), "ConfigMap")}
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            found |= maps[source["configMapRef"]["name"]]
        else:
            found |= SECRETS[name][source["secretRef"]["name"]]
    for one in container.get("env", []):
        assert "value" in one, f"{pod_name}: {one}"
        found[one["name"]] = one["value"]
    return found


OURS = [
    pytest.param(name, label_of(workload), container, id=f"{name}-{label_of(workload)}-{container['name']}")
    for name, workload in every_workload()
    if label_of(workload) in CLASSES
    for container in containers(pod_of(workload))
]


@pytest.mark.parametrize(("name", "pod_name", "container"), OURS)
def test_every_variable_is_a_setting_and_every_value_is_taken(
    name: str, pod_name: str, container: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = environment(name, pod_name, container)
    fields = {field.upper() for field in CLASSES[pod_name].model_fields}
    others = LOGINS if pod_name in ("migrate", "provision", "console") else set()
    assert set(given) - others <= fields
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = CLASSES[pod_name]()  # type: ignore[call-arg]
    assert settings.database_url.startswith("postgresql://")


def test_each_service_logs_in_as_itself() -> None:
    for name in OVERLAYS:
        for service in SERVICES:
            secret = SECRETS[name][f"crimemaps-{service}"]
            role = "crimemaps_reader" if service == "gateway" else f"crimemaps_{service}"
            assert secret["DATABASE_URL"].startswith(f"postgresql://{role}:")
            assert f"://{service.upper()}:" in secret["NATS_URL"]


def test_production_speaks_tls_to_every_server() -> None:
    for service in (*SERVICES, "operator"):
        secret = SECRETS["production"][f"crimemaps-{service}"]
        assert "sslmode=verify-full" in secret["DATABASE_URL"]
        assert secret["NATS_URL"].startswith("tls://")
        assert CA in secret["DATABASE_URL"]
        assert CA in secret["NATS_URL"]
    redis_url = SECRETS["production"]["crimemaps-gateway"]["REDIS_URL"]
    assert redis_url.startswith("rediss://")
    assert CA in redis_url


def test_whoever_is_told_of_the_authority_has_its_certificate_and_not_its_key() -> None:
    folder = str(PurePosixPath(CA).parent)
    for workload in workloads(overlay("production")):
        if label_of(workload) in CLASSES:
            pod = pod_of(workload)
            for container in containers(pod):
                assert folder in [one["mountPath"] for one in container["volumeMounts"]]
            [volume] = [one["secret"] for one in pod["volumes"] if one["name"] == "ca"]
            assert volume["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def referred(resources: list[Resource]) -> set[str]:
    """The names of all secrets that pods and the database ask for."""
    found = set()
    for workload in workloads(resources):
        pod = pod_of(workload)
        for container in containers(pod):
            found |= {one["secretRef"]["name"] for one in container.get("envFrom", []) if "secretRef" in one}
            found |= {
                one["valueFrom"]["secretKeyRef"]["name"]
                for one in container.get("env", [])
                if "secretKeyRef" in one.get("valueFrom", {})
            }
        found |= {one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
    for cluster in of_kind(resources, "Cluster"):
        found |= {role["passwordSecret"]["name"] for role in cluster["spec"]["managed"]["roles"]}
        found |= {cluster["spec"]["bootstrap"]["initdb"]["secret"]["name"]}
        found |= set(cluster["spec"]["certificates"].values())
    for trigger in of_kind(resources, "TriggerAuthentication"):
        found |= {one["name"] for one in trigger["spec"]["secretTargetRef"]}
    for store in of_kind(resources, "ObjectStore"):
        found |= {one["name"] for one in store["spec"]["configuration"]["s3Credentials"].values()}
    return found


def test_every_secret_that_is_asked_for_is_made_by_somebody_and_no_other_is() -> None:
    assert referred(overlay("dev")) == set(SECRETS["dev"])
    certificates = {one["spec"]["secretName"] for one in of_kind(overlay("production"), "Certificate")}
    external = {one["metadata"]["name"] for one in of_kind(overlay("production"), "ExternalSecret")}
    assert referred(overlay("production")) == external | certificates
    assert external == set(SECRETS["production"]) | {"object-store"}


def test_external_secrets_are_written_as_the_script_writes_them() -> None:
    passwords = make_passwords()
    made = production(passwords)
    for one in of_kind(overlay("production"), "ExternalSecret"):
        template = one["spec"]["target"]["template"]
        if one["metadata"]["name"] != "object-store":
            data = {
                key: re.sub(r"\{\{ \.(\w+) \}\}", lambda match: passwords[match[1]], text)
                for key, text in template["data"].items()
            }
            name = one["metadata"]["name"]
            assert data == made[name]
            assert template.get("type", "Opaque") == manifest(name, "", data)["type"]


def strings(value: Any) -> list[str]:
    """Every text in a resource."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def test_no_overlay_holds_a_secret() -> None:
    password = re.compile(r"://[^/\s:@]*:(?!\{\{)[^/\s@]+@")
    for name in OVERLAYS:
        assert of_kind(overlay(name), "Secret") == []
        assert [text for text in strings(overlay(name)) if password.search(text)] == []
    assert password.search("postgresql://crimemaps:hunter2@postgres/crimemaps")


def test_secrets_are_made_anew_for_the_namespace_of_the_overlay() -> None:
    assert make_passwords() != make_passwords()
    assert all(value[0].isalpha() for value in make_passwords().values())
    for name, namespace in NAMESPACES.items():
        assert {one["metadata"].get("namespace", namespace) for one in overlay(name)} == {namespace}


@pytest.mark.skipif(not COMPOSE.exists(), reason="there is no compose.yaml")
@pytest.mark.parametrize("service", SERVICES)
def test_compose_sets_the_same_variables(service: str) -> None:
    defined: Resource = yaml.decode(Path(COMPOSE).read_bytes())["services"][service]
    [container] = pod_of(named(overlay("production"), "Deployment", service))["containers"]
    here = environment("production", service, container)
    there = set(defined["environment"])
    assert there - set(here) == set()
    assert set(here) - there <= KUBERNETES_ONLY | IMAGE
