"""The front page: what is loaded, and where the API is."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from litestar import MediaType, Response, get
from litestar.di import NamedDependency

from services.gateway.coverage import Facts, dataset_coverage
from services.gateway.routes.answers import AnyRequest, headers_for, is_current, not_modified
from services.gateway.schemas import ATTRIBUTION, LICENCE, DatasetCoverage
from services.gateway.store import Store
from shared.model import Dataset

PAGE = Template((Path(__file__).parents[1] / "web" / "index.html").read_text(encoding="utf-8"))
NAMES = {Dataset.STREET: "Street crimes", Dataset.OUTCOMES: "Outcomes", Dataset.STOPS: "Stop and search"}


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def get_home(request: AnyRequest, store: NamedDependency[Store]) -> Response[Any]:
    """What is loaded, for people."""
    async with store.snapshot() as snapshot:
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        facts = await snapshot.facts()
    headers = headers_for(facts.revision) | {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        "Link": '</api/v1/openapi.json>; rel="service-desc", </api>; rel="service-doc"',
    }
    return Response(render(facts), media_type=MediaType.HTML, headers=headers)


def render(facts: Facts) -> str:
    """The page as HTML."""
    rows = "".join(dataset_row(facts, dataset_coverage(facts, dataset, None, ())) for dataset in Dataset)
    return PAGE.substitute(
        rows=rows, rejected=rejections(facts), attribution=escape(ATTRIBUTION), licence=escape(LICENCE)
    )


def dataset_row(facts: Facts, coverage: DatasetCoverage) -> str:
    """A row of the table."""
    dataset = Dataset(coverage.dataset)
    months = facts.months(dataset)
    forces = {force for month in months for force in facts.counts.get((dataset, month), {}) if force}
    gridded = sum(1 for month in months if facts.loaded[dataset, month].grid)
    if not months:
        return f'<tr><th scope="row">{NAMES[dataset]}</th><td colspan="4">nothing loaded yet</td></tr>'
    missing = f" ({len(coverage.missing_months)} between missing)" if coverage.missing_months else ""
    on_the_map = "" if dataset is Dataset.OUTCOMES else f", {gridded} on the map"
    cells = (
        f"{coverage.records:,}",
        f"{coverage.first_month} to {coverage.last_month}",
        f"{len(months)}{missing}{on_the_map}",
        str(len(forces)),
    )
    return f'<tr><th scope="row">{NAMES[dataset]}</th>{table_cells(cells)}</tr>'


def table_cells(texts: Iterable[str]) -> str:
    """Cells of a row."""
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def rejections(facts: Facts) -> str:
    """What the gate refused, with its reasons."""
    if not facts.rejected:
        return ""
    items = "".join(
        f"<li><b>{NAMES[Dataset(one.dataset)]} {one.month}</b>: {escape('; '.join(one.reasons))}. "
        f"{'The earlier version stays.' if one.kept_version else 'Nothing is shown.'}</li>"
        for one in facts.rejected
    )
    return f"<h2>Refused</h2><ul>{items}</ul>"
