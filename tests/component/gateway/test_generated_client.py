"""A client that a tool makes of the document works against the gateway, types included."""

import asyncio
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.builders import csv_rows
from tests.component.gateway.sample import Served, served_sample

NAME = "crimemaps_client"
FILES = (
    "application/gzip", "application/pdf", "application/vnd.apache.parquet",
    "application/vnd.mapbox-vector-tile",
)  # fmt: skip
CONFIG = {"post_hooks": [], "content_type_overrides": dict.fromkeys(FILES, "application/octet-stream")}
"""Files are bytes: the tool knows only one media type for them."""


async def generate(served: Served, folder: Path) -> str:
    """Make the client of the served document; what the tool says."""
    (folder / "config.yml").write_text(json.dumps(CONFIG))
    (folder / "openapi.json").write_bytes((await served.client.get("/api/v1/openapi.json")).content)
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta", "none",
        "--path", folder / "openapi.json", "--config", folder / "config.yml",
        "--output-path", folder / NAME, "--fail-on-warning",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def type_errors(folder: Path) -> str:
    """What mypy says of the client."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mypy", "--no-incremental", "--config-file", "/dev/null", "-p", NAME,
        cwd=folder, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return "" if process.returncode == 0 else output.decode()


@pytest.fixture
def importing(tmp_path: Path) -> Iterator[Any]:
    """Imports parts of the generated package, and forgets them afterwards."""
    sys.path.insert(0, str(tmp_path))

    def load(part: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{part}")

    yield load
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]


async def test_a_generated_client_works(
    database_url: str, nats_url: str, tmp_path: Path, importing: Any
) -> None:
    async with served_sample(database_url, nats_url) as served:
        assert "arning" not in await generate(served, tmp_path)
        client = importing("client").Client(base_url=served.url, timeout=30)

        async def ask(part: str, *path: Any, **given: Any) -> Any:
            return await importing(f"api.{part}").asyncio(*path, client=client, **given)

        models, types = importing("models"), importing("types")
        rows = csv_rows()

        coverage = await ask("coverage.get_coverage", dataset=models.Dataset.STREET, month="2018-10")
        [dataset] = coverage.datasets
        assert isinstance(dataset.months[0], models.MonthCoverage)
        assert dataset.months[0].records == len(rows)

        counted = await ask(
            "statistics.get_street_statistics",
            month="2018-10",
            by="month,category",
            category="drugs,burglary",
        )
        assert isinstance(counted.rows[0], models.StatisticsRow)
        assert sum(row.count for row in counted.rows) == counted.total
        drugs = [row.count for row in counted.rows if row.category == "drugs"]
        assert drugs == [sum(row["Crime type"] == "Drugs" for row in rows)]

        force = models.ForceId.CITY_OF_LONDON
        page = await ask("records.get_street_crimes", force=force, month="2018-10", limit=10_000)
        assert isinstance(page.records[0], models.StreetCrime)
        csv = await ask("records.get_street_crimes_csv", force=force, month="2018-10", limit=10_000)
        assert [line.partition(",")[0] for line in csv.splitlines()[1:]] == [one.id for one in page.records]
        area = models.PolygonArea(
            type_=models.PolygonAreaType.POLYGON,
            coordinates=[[[-0.1, 51.51], [-0.08, 51.51], [-0.08, 51.52], [-0.1, 51.51]]],
        )
        body = models.StreetCrimeSearch(month="2018-10", polygon=area, category=["drugs", "burglary"])
        found = await ask("records.post_street_crimes", body=body)
        assert {one.category for one in found.records} == {"drugs", "burglary"}
        assert found.filters.additional_properties["category"] == ["burglary", "drugs"]

        place = await ask("reference.get_postcode", "EC2M 7PY")
        assert (place.force, round(place.latitude, 2)) == ("city-of-london", 51.52)
        problem = await ask("reference.get_postcode", "EC1A 1AA")
        assert isinstance(problem, models.Problem)
        assert (problem.status, problem.parameter) == (404, "postcode")

        cells = await ask(
            "maps.get_hexes", dataset=models.MappedDataset.STREET, level=models.GetHexesLevel.VALUE_1100,
            bbox="-0.2,51.4,0.1,51.6", month="2018-10",
        )  # fmt: skip
        assert sum(one.properties.total for one in cells.features) == cells.total > 0
        file = await ask("downloads.get_download_csv", models.Dataset.STREET, "2018-10")
        assert isinstance(file, types.File)
        assert file.payload.read(2) == b"\x1f\x8b"

        order = models.ReportOrder(postcode="EC2M 7PY", tier=models.ReportOrderTier.STANDARD)
        ordered = await ask("reports.post_report", body=order)
        assert (type(ordered), ordered.state.value) == (models.ReportStatus, "queued")
        status = await ask("reports.get_report", served.report_id)
        assert status.verification.state == "current"
    assert not await type_errors(tmp_path)
