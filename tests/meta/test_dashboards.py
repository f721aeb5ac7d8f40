"""Dashboards: their files are those of the code, and ask for metrics that exist."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import yaml

from deploy.monitoring.dashboards import COLUMNS, DASHBOARDS, FOLDER, written
from tests.meta.test_alerts import METRIC, find_promtool, metrics

ROOT = Path(__file__).parents[2]
WANTED = ("pipeline", "police-api", "reports", "gateway", "freshness")


def files() -> dict[str, dict[str, Any]]:
    """The dashboards as Grafana reads them."""
    return {path.stem: json.loads(path.read_bytes()) for path in FOLDER.glob("*.json")}


def queries() -> Iterator[tuple[str, str]]:
    """Each query with the title of its panel."""
    for dashboard in files().values():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]


def family(series: str) -> str:
    """The metric that a series is of."""
    return re.sub(r"_(bucket|count|sum)$", "", series)


def checked(kind: str, file: Path) -> str:
    """What promtool says of a file that it accepts."""
    command = [find_promtool(), "check", kind, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_a_file_for_each_dashboard_and_it_is_what_the_code_writes() -> None:
    assert sorted(files()) == sorted(WANTED)
    for dashboard in DASHBOARDS:
        text = (FOLDER / f"{dashboard.name}.json").read_text(encoding="utf-8")
        assert text == written(dashboard), "run `python -m deploy.monitoring.dashboards`"


def test_queries_name_metrics_that_exist_and_every_metric_is_on_a_dashboard() -> None:
    asked = {name for _, query in queries() for name in METRIC.findall(query)}
    assert asked <= metrics()
    ours = {name for name in metrics() if name.startswith("crimemaps_")}
    assert {family(name) for name in asked} == {family(name) for name in ours}


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, (_, query) in enumerate(queries())
    ]
    file = tmp_path / "rules.yaml"
    file.write_bytes(yaml.encode({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in checked("rules", file)


def test_panels_lie_beside_each_other_and_have_legends() -> None:
    for dashboard in files().values():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            assert max(x for x, _ in cells) < COLUMNS
            taken |= cells
            legends = [target["legendFormat"] for target in panel["targets"]]
            assert panel["type"] == "stat" or all(legends), panel["title"]
            assert len(set(legends)) == len(legends), panel["title"]


def test_the_scrape_configuration_is_accepted_and_has_a_job_for_each_service() -> None:
    folder = ROOT / "deploy" / "monitoring"
    assert "SUCCESS" in checked("config", folder / "prometheus.yaml")
    jobs = yaml.decode((folder / "prometheus.yaml").read_bytes())["scrape_configs"]
    services = {path.parent.name for path in ROOT.glob("services/*/__main__.py")} - {"console"}
    assert {job["job_name"] for job in jobs} == {f"crimemaps-{service}" for service in services}
