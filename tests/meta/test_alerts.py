"""Alerts: each has a section of the runbook and two cases, names metrics that exist, and fires as it says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import yaml
from prometheus_client import REGISTRY

import shared.metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
METRIC = re.compile(r"\bcrimemaps_[a-z0-9_]+")
RECORDED = re.compile(r"\bcrimemaps:[a-z:0-9_]+")


def rules() -> list[dict[str, Any]]:
    """Every rule, of alerts and of what they are made from."""
    groups = yaml.decode((FOLDER / "alerts.yaml").read_bytes())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def metrics() -> set[str]:
    """The names of all series that the services give."""
    assert shared.metrics.dead_letters
    found = set()
    for family in REGISTRY.collect():
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
        found |= {f"{family.name}{ending}" for ending in endings}
    return found


def find_promtool() -> str:
    """Where promtool is; the test is skipped where it is not."""
    promtool = shutil.which("promtool", path=f"{Path(sys.executable).parent}:{ROOT / '.venv' / 'bin'}")
    promtool = promtool or shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: deploy/local/promtool says how it comes")
    return promtool


def test_each_alert_has_a_section_of_the_runbook_and_none_is_left_over() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\w+)$", runbook, re.MULTILINE) == list(alerts())
    for name, alert in alerts().items():
        assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert alert["labels"]["severity"] in ("page", "ticket")


def test_each_alert_has_a_firing_and_a_silent_case() -> None:
    cases = yaml.decode((FOLDER / "alerts_test.yaml").read_bytes())["tests"]
    told = [
        (test["alertname"], bool(test["exp_alerts"])) for case in cases for test in case["alert_rule_test"]
    ]
    assert sorted(told) == sorted((name, fires) for name in alerts() for fires in (True, False))


def test_rules_name_metrics_that_exist() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        assert set(METRIC.findall(rule["expr"])) <= metrics(), rule
        assert set(RECORDED.findall(rule["expr"])) <= recorded, rule


def test_borders_of_the_promises_are_borders_of_the_histograms() -> None:
    borders = set(re.findall(r'(\w+)_bucket\{le="([\d.]+)"', "".join(rule["expr"] for rule in rules())))
    assert borders == {("crimemaps_http_seconds", "0.3"), ("crimemaps_report_seconds", "60.0")}
    assert 0.3 in shared.metrics.ANSWER_SECONDS
    assert 60 in shared.metrics.SECONDS


def test_the_alerts_fire_and_are_silent_as_they_should() -> None:
    done = subprocess.run(
        [find_promtool(), "test", "rules", "alerts_test.yaml"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
