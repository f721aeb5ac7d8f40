"""What is proven, one act after the other."""

import csv
import io
import json
import lzma
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.error import URLError

from deploy.compose_proof.compose import Compose, is_well, kill, patiently, service_of
from deploy.compose_proof.engine import ProofFailed, run
from deploy.local.police_api.archive import DEFAULT_SAMPLE

KINDS = {"street": "street", "outcomes": "outcomes", "stops": "stop-and-search"}
SERVICES = ("sample-fetcher", "loader", "hexer", "reporter", "gateway")
SERVERS = ("postgres", "nats", "cache")
MONTH = "2018-10"
POSTCODE = "EC2M 7PY"
LOAD_SECONDS = 600.0
CHECKSUMS = """
SELECT v.dataset, v.month, encode(v.checksum, 'hex') FROM version AS v
JOIN current_version AS c ON c.version_id = v.id ORDER BY 1, 2
"""


def check(holds: object, what: str) -> None:
    """Raise `ProofFailed` unless it holds."""
    if not holds:
        raise ProofFailed(what)


def sample_rows() -> Counter[tuple[str, str]]:
    """Rows of the sample's CSV files by dataset and month, counted without any of our code.

    The API serves outcomes by area: those without a location cannot be asked for.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for dataset, kind in KINDS.items():
        for path in (DEFAULT_SAMPLE / "police").glob(f"*/*-{kind}.csv.xz"):
            text = lzma.decompress(path.read_bytes()).decode("utf-8-sig")
            rows = csv.DictReader(io.StringIO(text, newline=""))
            found = sum(1 for row in rows if dataset != "outcomes" or row["Latitude"])
            if found:
                counts[dataset, path.parent.name] += found
    return counts


def load_the_sample(compose: Compose) -> dict[str, Any]:
    """Everything comes up, and loads what the CSV files have."""
    compose("--profile", "sample", "up", "--detach", "--no-build")
    patiently(lambda: all(map(is_well, compose.containers(*SERVERS, *SERVICES))), "all services are healthy")

    def ended() -> bool:
        (container,) = compose.containers("sample-months")
        return bool(container["State"]["Status"] == "exited")

    patiently(ended, "the sample is loaded", LOAD_SECONDS)
    (container,) = compose.containers("sample-months")
    check(is_well(container), compose("logs", "--no-log-prefix", "--tail=40", "sample-months"))
    months = json.loads(last_json(compose.console("proof", "--json")))
    stored = {(row["dataset"], row["month"]): row["stored"] for row in months}
    check(stored == dict(sample_rows()), f"stored {stored} is not what the files have: {dict(sample_rows())}")
    return {"months": len(stored), "records": sum(stored.values())}


def order_a_month(compose: Compose) -> dict[str, Any]:
    """A month that the operator orders, and that nobody can take for another."""
    compose.console("ingest", "--months", MONTH, "--wait")
    return {"month": MONTH}


def order_a_report(compose: Compose) -> dict[str, Any]:
    """A report from the public API to the PDF."""
    order = json.loads(compose.ask("/api/v1/reports", {"postcode": POSTCODE, "tier": "premium"}))
    path = f"/api/v1/reports/{order['id']}"

    def answer() -> dict[str, Any] | None:
        report = json.loads(compose.ask(path))
        check(report["state"] != "failed", f"the report failed: {report}")
        return report if report["state"] == "rendered" else None

    patiently(answer, "the report is rendered")
    pdf = compose.ask(f"{path}.pdf")
    check(pdf.startswith(b"%PDF-"), "what came is no PDF")
    return {"bytes": len(pdf)}


def guard_the_containers(compose: Compose) -> dict[str, Any]:
    """Who runs as whom, writes where, and reaches whom."""
    for container in compose.containers(*SERVICES):
        name, ours = container["Name"], ("docker", "exec", container["Id"])
        host = container["HostConfig"]
        check(run(*ours, "id", "-u", environ=compose.environ).strip() == "10001", f"{name} is not 10001")
        check(
            host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["Memory"], f"{name} has no fence"
        )
        written = run(*ours, "touch", "/opt/crimemaps/x", environ=compose.environ, check=False)
        check("Read-only file system" in written, f"{name} can write: {written}")
    published = {
        service_of(container): list(container["HostConfig"]["PortBindings"] or ())
        for container in compose.containers()
    }
    open_ports = {name: ports for name, ports in published.items() if ports}
    check(open_ports == {"gateway": ["8000/tcp"]}, f"ports that are open: {open_ports}")
    (loader, *_) = compose.containers("loader")
    for host, port in (("cache", 6379), ("police-api", 8080), ("192.0.2.1", 443)):
        program = f"import socket; socket.create_connection(({host!r}, {port}), 3); print('reached')"
        ask = ("docker", "exec", loader["Id"], "python", "-c", program)
        check("reached" not in run(*ask, environ=compose.environ, check=False), f"the loader reaches {host}")
    return {"containers": len(published)}


def watch(compose: Compose) -> dict[str, Any]:
    """Prometheus finds every process of every service, and has nothing to complain of."""
    compose("--profile", "sample", "--profile", "monitoring", "up", "--detach", "--no-build", "prometheus")

    def ask(query: str) -> str:
        asked = ("promtool", "query", "instant", "http://127.0.0.1:9090", query)
        return compose("--profile", "monitoring", "exec", "-T", "prometheus", *asked, check=False)

    expected = len(compose.containers(*SERVICES))
    patiently(lambda: f"=> {expected} @" in ask("sum(up)"), f"Prometheus sees {expected} processes")
    patiently(lambda: "crimemaps_queue_messages" in ask("crimemaps_queue_messages"), "queues are measured")
    check("ALERTS" not in ask('ALERTS{alertstate="firing"}'), "alerts are firing")
    return {"processes": expected}


def kill_each(compose: Compose) -> dict[str, Any]:
    """Each container dies in the middle of a month, and a report; nothing is lost, nothing is done twice."""
    before = checksums(compose)
    killed = 0
    for name in (*SERVICES, *SERVERS):
        compose.console("ingest", "--months", MONTH)
        doomed = compose.containers(name)
        for container in doomed:
            kill(container)
        killed += len(doomed)
        patiently(partial(is_back, compose, doomed), f"{name} is back")
        order_a_month(compose)
        order_a_report(compose)
        check(checksums(compose) == before, f"other rows after {name} was killed")
    dead = json.loads(last_json(compose.console("dead", "list", "--json")))
    check(not dead, f"messages were given up: {dead}")
    compose.console("proof")  # exit code 1 if a month does not add up
    restarts = sum(container["RestartCount"] for container in compose.containers(*SERVERS, *SERVICES))
    check(restarts >= killed, f"{killed} were killed and {restarts} started again")
    return {"killed": killed, "restarts": restarts}


def is_back(compose: Compose, killed: list[dict[str, Any]]) -> bool:
    """Whether these containers were started again, and all is well."""
    now = {container["Id"]: container for container in compose.containers(*SERVERS, *SERVICES)}
    started = [now[one["Id"]]["State"]["StartedAt"] != one["State"]["StartedAt"] for one in killed]
    return all(started) and all(map(is_well, now.values()))


def checksums(compose: Compose) -> Mapping[str, str]:
    """Of the rows of every month that readers see, asked of the database itself."""
    psql = ("psql", "--username=postgres", "--dbname=crimemaps", "-At", "-c", CHECKSUMS)
    lines = compose("exec", "-T", "postgres", *psql).splitlines()
    return {line.rpartition("|")[0]: line.rpartition("|")[2] for line in lines}


def start_again(compose: Compose) -> dict[str, Any]:
    """Everything is taken down and comes up again on the same volumes."""
    before = checksums(compose)
    compose("--profile", "sample", "down", "--remove-orphans")
    compose("up", "--detach", "--no-build", "--wait", "postgres", "nats", "cache", "gateway", "hexer")

    def answers() -> bytes | None:
        try:
            return compose.ask("/api/v1/coverage")
        except URLError:
            return None

    patiently(answers, "the gateway answers again")
    check(checksums(compose) == before, "other rows after all was started again")
    return {"months": len(before)}


def last_json(text: str) -> str:
    """The JSON that a command wrote, after what it told meanwhile."""
    start = min(position for bracket in "[{" if (position := f"\n{text}".find(f"\n{bracket}")) >= 0)
    return text[start:]
