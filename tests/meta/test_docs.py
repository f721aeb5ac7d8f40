"""The documentation says what the code says."""

import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase
from pydantic_settings import BaseSettings

import shared.metrics
from services.fetcher.settings import FetcherSettings
from services.gateway.settings import GatewaySettings
from services.hexer.settings import HexerSettings
from services.loader.settings import LoaderSettings
from services.reporter.settings import ReporterSettings
from shared.events import EVENTS
from shared.role_logins import RolePasswords
from shared.settings import ProvisionSettings

ROOT = Path(__file__).parents[2]
SETTINGS: tuple[type[BaseSettings], ...] = (
    FetcherSettings, GatewaySettings, HexerSettings, LoaderSettings, ReporterSettings,
    ProvisionSettings, RolePasswords,
)  # fmt: skip
METRICS = {
    name: metric for name, metric in vars(shared.metrics).items() if isinstance(metric, MetricWrapperBase)
}


def documented(name: str) -> set[str]:
    """The first words in backquotes of a document's table rows."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def test_every_setting_is_documented_and_no_other() -> None:
    names = {field.upper() for settings in SETTINGS for field in settings.model_fields}
    assert documented("settings.md") == names


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_setting_says_what_it_is(settings: type[BaseSettings]) -> None:
    silent = [name for name, field in settings.model_fields.items() if not field.description]
    assert silent == []


def test_every_metric_is_documented_and_no_other() -> None:
    names = {metric._name + ("_total" if metric._type == "counter" else "") for metric in METRICS.values()}
    assert documented("metrics.md") == names


def test_every_metric_is_used_by_a_service() -> None:
    files = [*(ROOT / "services").rglob("*.py"), ROOT / "shared" / "bus.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert [name for name in METRICS if not re.search(rf"\b{name}\b", code)] == []


def test_every_event_is_documented_and_no_other() -> None:
    assert documented("events.md") - {"dead.<consumer>"} == {event.subject for event in EVENTS}


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda p: p.name
)
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
