"""The Grafana dashboards: `python -m deploy.monitoring.dashboards` writes `grafana/dashboards/*.json` anew.

What is on them is in `data_dashboards.py` and `public_dashboards.py`; here is how Grafana wants to be told.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.monitoring.data_dashboards import FRESHNESS, PIPELINE, POLICE_API
from deploy.monitoring.panels import Dashboard, Panel
from deploy.monitoring.public_dashboards import GATEWAY, REPORTS

DASHBOARDS = (FRESHNESS, PIPELINE, POLICE_API, REPORTS, GATEWAY)
FOLDER = Path(__file__).parent / "grafana" / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "crimemaps-prometheus"}
COLUMNS, HEIGHT = 24, 8
STAT_WIDTH, GRAPH_WIDTH = 6, 12


def written(dashboard: Dashboard) -> str:
    """The file of one dashboard."""
    return json.dumps(as_json(dashboard), indent=2) + "\n"


def as_json(dashboard: Dashboard) -> dict[str, Any]:
    """A dashboard as Grafana imports it."""
    return {
        "uid": f"crimemaps-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["crimemaps"],
        "schemaVersion": 39,
        "editable": False,
        "time": {"from": f"now-{dashboard.span}", "to": "now"},
        "refresh": "1m",
        "timezone": "utc",
        "links": [
            {
                "type": "dashboards",
                "tags": ["crimemaps"],
                "title": "CrimeMapsUK",
                "asDropdown": True,
                "icon": "external link",
            }
        ],
        "panels": placed(dashboard.panels),
    }


def placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Panels from left to right, a new row where one does not fit."""
    shown, x, y, height = [], 0, 0, 0
    for number, panel in enumerate(panels, 1):
        width = STAT_WIDTH if panel.is_number else GRAPH_WIDTH
        if x + width > COLUMNS:
            x, y = 0, y + height
        height = HEIGHT // 2 if panel.is_number else HEIGHT
        shown.append(
            {**panel_as_json(panel), "id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}}
        )
        x += width
    return shown


def panel_as_json(panel: Panel) -> dict[str, Any]:
    """One panel; what was not measured is a gap, never 0."""
    custom = {"lineWidth": 2, "fillOpacity": 8, "spanNulls": False, "showPoints": "auto"}
    thresholds: list[dict[str, Any]] = [{"color": "text", "value": None}]
    if panel.limit is not None:
        thresholds.append({"color": "orange", "value": panel.limit})
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return {
        "type": "stat" if panel.is_number else "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "noValue": "not measured",
                "thresholds": {"mode": "absolute", "steps": thresholds},
                "color": {"mode": "thresholds" if panel.is_number else "palette-classic-by-name"},
                **({} if panel.is_number else {"custom": custom}),
            },
            "overrides": [],
        },
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none"}
        if panel.is_number
        else {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": query, "legendFormat": legend}
            for number, (query, legend) in enumerate(panel.queries)
        ],
    }


def main() -> None:
    """Write all files."""
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.name}.json").write_text(written(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()
