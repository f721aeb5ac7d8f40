"""Write components/monitoring/prometheusrule.yaml: `python -m deploy.k8s.prometheus_rule`.

It is deploy/monitoring/alerts.yaml as a resource: the operator wants the rules inside of one, promtool wants
them bare, and kustomize cannot put one into the other.
"""

from pathlib import Path
from textwrap import indent

ALERTS = Path(__file__).parents[1] / "monitoring" / "alerts.yaml"
RULE = Path(__file__).parent / "components" / "monitoring" / "prometheusrule.yaml"
HEAD = """\
# Made by `python -m deploy.k8s.prometheus_rule` from deploy/monitoring/alerts.yaml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: crimemaps
spec:
"""


def render(alerts: str) -> str:
    """The rules as a resource, comments and all."""
    return HEAD + indent(alerts, "  ")


if __name__ == "__main__":
    RULE.write_text(render(ALERTS.read_text(encoding="utf-8")), encoding="utf-8")
