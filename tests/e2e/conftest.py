"""Fixtures: a source, and what is left of it when nothing goes wrong."""

import csv
import lzma
import os
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.servers import LocalServers
from shared.model import Dataset, format_month
from tests.builders import KINDS, sample_file
from tests.e2e.ingest import CITY, MONTHS, Checksums, ingesting, sample_source
from tests.servers import delete_streams, drop, execute, run, with_database


@pytest.fixture(scope="module")
def source() -> Iterator[tuple[SamplePoliceApi, dict[str, Any]]]:
    """The source, and how it is set at first."""
    with sample_source() as api:
        yield api, api.report()["settings"]


@pytest.fixture
def api(source: tuple[SamplePoliceApi, dict[str, Any]]) -> SamplePoliceApi:
    """A source in which all goes well."""
    api, settings = source
    api.control(**settings, reset=True)
    return api


@pytest.fixture(scope="module")
def reference(
    servers: LocalServers,
    migrated_template: str,
    source: tuple[SamplePoliceApi, dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Checksums:
    """What a run leaves in which nothing goes wrong."""
    api, settings = source
    api.control(**settings, reset=True)
    admin_url, nats_url = servers.endpoints.database_url, servers.endpoints.nats_url
    name = f"crimemaps_reference_{os.getpid()}"

    async def clean_run() -> Checksums:
        await delete_streams(nats_url)
        await execute(admin_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
        folder = tmp_path_factory.mktemp("reference")
        try:
            async with ingesting(api, with_database(admin_url, name), nats_url, folder) as ingest:
                await ingest.finish(await ingest.order(*MONTHS))
                assert {row["verdict"] for row in await ingest.verdicts()} == {"loaded"}
                stored = await ingest.pool.fetch("SELECT dataset, month, stored FROM version")
                found = {(row["dataset"], format_month(row["month"])): row["stored"] for row in stored}
                assert found == csv_counts()
                return await ingest.checksums()
        finally:
            await drop(admin_url, name)

    return run(clean_run())


def csv_counts() -> dict[tuple[str, str], int]:
    """Rows of the CSV files that the source can answer with: outcomes are those of located crimes."""
    counts = {}
    for month in MONTHS:
        crimes = csv_rows(Dataset.STREET, month, CITY) + csv_rows(Dataset.STREET, month, "btp")
        counts["street", month] = len(crimes)
        counts["outcomes", month] = sum(
            1 for row in crimes if row["Latitude"] and row["Last outcome category"]
        )
        counts["stops", month] = len(csv_rows(Dataset.STOPS, month, CITY))
    return counts


def csv_rows(dataset: Dataset, month: str, force: str) -> list[dict[str, str]]:
    with lzma.open(sample_file(month, KINDS[dataset], force), "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
