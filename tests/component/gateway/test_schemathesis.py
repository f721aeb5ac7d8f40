"""Schemathesis over the whole description, against a gateway on a port of its own with real months loaded."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.component.gateway.sample import served_sample

FOLDER = Path(__file__).parent
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "negative_data_rejection",
    "missing_required_header", "unsupported_method", "allow_header_conformance",
)  # fmt: skip
SAME_CODE = "_(csv|json|geojson)$"
"""Endings: their parameters are read by the same code as those of the address without."""
RUNS = {
    "everything at random": ["--phases", "examples,fuzzing", "--max-examples", "8"],
    "each border of each parameter": ["--phases", "coverage", "--exclude-operation-id-regex", SAME_CODE],
}


@pytest.mark.parametrize("run", RUNS)
async def test_nothing_fails_and_nothing_is_answered_otherwise_than_described(
    database_url: str, nats_url: str, tmp_path: Path, run: str
) -> None:
    async with served_sample(database_url, nats_url) as served:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"), "run", f"{served.url}/api/v1/openapi.json",
            "--checks", ",".join(CHECKS), *RUNS[run], "--seed", "2018", "--workers", "1",
            "--continue-on-failure", "--generation-database", "none", "--warnings", "off", "--no-color",
            cwd=tmp_path, env=os.environ | {"SCHEMATHESIS_HOOKS": str(FOLDER / "schemathesis_hooks.py")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        counts = (await served.client.get("/metrics")).text
    assert process.returncode == 0, output.decode()
    assert "No issues found" in output.decode()
    assert 'crimemaps_http_requests_total{route="/api/v1/street-crimes",status="200"}' in counts
