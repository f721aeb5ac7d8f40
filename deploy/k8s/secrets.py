"""Make passwords and print Secrets: `python -m deploy.k8s.secrets dev | kubectl create -f -`.

`dev` is for overlays/dev. `production` prints what components/external-secrets would make, for who seals
secrets or keeps them otherwise; that of the object store is not ours to make. Secrets that exist stay:
`create` refuses to replace them.
"""

import json
import secrets
import sys
from collections.abc import Mapping

ROLES = {
    "fetcher": "crimemaps_fetcher",
    "loader": "crimemaps_loader",
    "hexer": "crimemaps_hexer",
    "reporter": "crimemaps_reporter",
    "gateway": "crimemaps_reader",
    "operator": "crimemaps",
}
"""The database role of each service, and of the operator."""
CA = "/etc/crimemaps/ca/ca.crt"
NAMESPACES = {"dev": "crimemaps-dev", "production": "crimemaps"}


def make_passwords() -> dict[str, str]:
    """By the names of components/external-secrets; NATS would read a leading digit as a number."""
    names = [*(f"db_{name}" for name in ROLES), *(f"nats_{name}" for name in ROLES), "valkey", "db_superuser"]
    return {name: f"p{secrets.token_hex(16)}" for name in names}


def services(passwords: Mapping[str, str], *, tls: bool) -> dict[str, dict[str, str]]:
    """What each service and the operator connect with."""
    database = f"?sslmode=verify-full&sslrootcert={CA}" if tls else ""
    bus, authority = ("tls", f"?ca={CA}") if tls else ("nats", "")
    cache, certificates = ("rediss", f"?ssl_ca_certs={CA}") if tls else ("redis", "")
    found = {}
    for name, role in ROLES.items():
        login = f"{role}:{passwords[f'db_{name}']}"
        user = f"{'CRIMEMAPS' if name == 'operator' else name.upper()}:{passwords[f'nats_{name}']}"
        found[f"crimemaps-{name}"] = {
            "DATABASE_URL": f"postgresql://{login}@postgres-rw:5432/crimemaps{database}",
            "NATS_URL": f"{bus}://{user}@nats:4222{authority}",
        }
    redis = f"{cache}://:{passwords['valkey']}@valkey:6379/0{certificates}"
    found["crimemaps-gateway"]["REDIS_URL"] = redis
    return found


def servers(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What the servers know everybody by."""
    nats = {
        "NATS_PASSWORD" if name == "operator" else f"{name.upper()}_NATS_PASSWORD": passwords[f"nats_{name}"]
        for name in ROLES
    }
    return {"nats-passwords": nats, "valkey-password": {"VALKEY_PASSWORD": passwords["valkey"]}}


def dev(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For overlays/dev: the job that migrates makes the logins."""
    found = services(passwords, tls=False) | servers(passwords)
    found["crimemaps-operator"] |= {
        f"{name.upper()}_DB_PASSWORD": passwords[f"db_{name}"] for name in ROLES if name != "operator"
    }
    found["postgres-superuser"] = {
        "POSTGRES_PASSWORD": passwords["db_superuser"],
        "DB_PASSWORD": passwords["db_operator"],
    }
    return found


def production(passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For overlays/production: CloudNativePG makes the logins."""
    found = services(passwords, tls=True) | servers(passwords)
    for name, role in ROLES.items():
        key = f"postgres-{'owner' if name == 'operator' else name}"
        found[key] = {"username": role, "password": passwords[f"db_{name}"]}
    host = "postgres-rw.crimemaps.svc.cluster.local"
    found["keda-postgres"] = {
        "connection": f"postgresql://{ROLES['gateway']}:{passwords['db_gateway']}@{host}:5432/crimemaps"
        "?sslmode=require"
    }
    return found


def manifest(name: str, namespace: str, values: Mapping[str, str]) -> dict[str, object]:
    """A Secret as kubectl takes it."""
    is_login = set(values) == {"username", "password"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/basic-auth" if is_login else "Opaque",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": dict(values),
    }


if __name__ == "__main__":
    kinds = {"dev": dev, "production": production}
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit("which: dev or production")
    made = kinds[sys.argv[1]](make_passwords())
    items = [manifest(name, NAMESPACES[sys.argv[1]], values) for name, values in made.items()]
    json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout, indent=2)
