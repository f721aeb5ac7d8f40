"""Panels and dashboards, and the queries that most panels ask."""

from dataclasses import dataclass

RANGE = "[$__rate_interval]"


@dataclass(frozen=True)
class Panel:
    """A number or a graph: queries with their legends."""

    title: str
    description: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    limit: float | None = None
    """Where an alert begins, if it does."""
    is_number: bool = False


@dataclass(frozen=True)
class Dashboard:
    """A page of panels."""

    name: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    span: str = "6h"


def number(
    title: str,
    description: str,
    query: str,
    unit: str = "short",
    limit: float | None = None,
    legend: str = "",
) -> Panel:
    """A panel with the newest value only."""
    return Panel(title, description, ((query, legend),), unit, limit, is_number=True)


def graph(
    title: str, description: str, *queries: tuple[str, str], unit: str = "short", limit: float | None = None
) -> Panel:
    """A panel over time."""
    return Panel(title, description, queries, unit, limit)


def rate(metric: str, by: str, where: str = "") -> str:
    """Events a second."""
    return (
        f"sum by ({by}) (rate({metric}{{{where}}}{RANGE}))"
        if where
        else f"sum by ({by}) (rate({metric}{RANGE}))"
    )


def share(part: str, whole: str, span: str = "1h") -> str:
    """The part of the whole, of the events of a span."""
    return f"sum(increase({part}[{span}])) / sum(increase({whole}[{span}]))"


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """Seconds within which this share was done."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', labels, where)})"


def median_and_slowest(metric: str, by: str) -> tuple[tuple[str, str], ...]:
    """Of each: half are faster, one in twenty is slower."""
    return (
        (quantile(0.5, metric, by), f"{{{{{by}}}}}, half"),
        (quantile(0.95, metric, by), f"{{{{{by}}}}}, 95 %"),
    )
