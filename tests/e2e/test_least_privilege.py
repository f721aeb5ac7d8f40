"""Everything works where services have no more rights on the bus and in the database than in production."""

import gzip
import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.servers import LocalServers
from shared.model import Dataset
from tests.component.reporter.desk import load_postcodes, reporter
from tests.e2e.ingest import MONTHS, SERVICES, Checksums, Ingest, ingesting, sample_source
from tests.logins import made_service_logins
from tests.pipeline import eventually, running, service
from tests.production import OPERATOR, Production, production_nats
from tests.servers import cloned, delete_streams, run


@pytest.fixture(scope="module")
def api() -> Iterator[SamplePoliceApi]:
    with sample_source() as api:
        yield api


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
async def logins(database_url: str) -> dict[str, str]:
    """Where each service logs in to the database."""
    return await made_service_logins(database_url)


@pytest.fixture
async def ingest(
    api: SamplePoliceApi, database_url: str, logins: dict[str, str], production: Production, tmp_path: Path
) -> AsyncIterator[Ingest]:
    """All months loaded, by services with a user and a login each."""
    users = {name: production.url(name.upper()) for name in SERVICES}
    operator = production.url(OPERATOR)
    async with ingesting(api, database_url, operator, tmp_path, users=users, logins=logins) as ingest:
        await ingest.finish(await ingest.order(*MONTHS))
        yield ingest


@pytest.fixture
def unfenced(
    api: SamplePoliceApi, servers: LocalServers, migrated_template: str, tmp_path: Path
) -> Checksums:
    """What a run leaves on a bus where everybody may do everything."""
    folder, nats_url = tmp_path / "unfenced", servers.endpoints.nats_url
    folder.mkdir()

    async def clean_run(database_url: str) -> Checksums:
        await delete_streams(nats_url)
        async with ingesting(api, database_url, nats_url, folder) as ingest:
            await ingest.finish(await ingest.order(*MONTHS))
            return await ingest.checksums()

    with cloned(servers.endpoints.database_url, migrated_template) as database_url:
        return run(clean_run(database_url))


async def test_services_with_logins_of_their_own_leave_the_same_and_a_report_and_files_come_out(
    unfenced: Checksums, ingest: Ingest, production: Production, logins: dict[str, str], tmp_path: Path
) -> None:
    assert await ingest.checksums() == unfenced
    await load_postcodes(ingest.pool)
    outside = [
        reporter(tmp_path, logins["reporter"], production.url("REPORTER")),
        service("gateway", tmp_path, logins["gateway"], production.url("GATEWAY"), postcodes_io=False),
    ]
    async with running(*outside):
        gateway = outside[1]
        assert gateway.port is not None
        async with httpx.AsyncClient(base_url=gateway.server.url(gateway.port), timeout=30) as client:
            await fetch_report(client)
            await fetch_files(client)
    assert [one.failure() for one in ingest.services.values()] == [None] * len(SERVICES)
    assert (await ingest.bus.client.jetstream().stream_info("DEAD")).state.messages == 0
    assert production.violations() == []


async def fetch_report(client: httpx.AsyncClient) -> None:
    """Order one, wait for it, fetch its PDF."""
    ordered = await client.post("/api/v1/reports", json={"postcode": "EC2M 7PY", "tier": "essential"})
    assert ordered.status_code == 202, ordered.text
    address = ordered.headers["Location"]

    async def answered() -> str | None:
        state: str = (await client.get(address)).json()["state"]
        return None if state in ("queued", "rendering") else state

    assert await eventually(answered, "a report") == "rendered"
    pdf = await client.get(f"{address}.pdf")
    assert pdf.status_code == 200, pdf.text
    assert pdf.content.startswith(b"%PDF-")


async def fetch_files(client: httpx.AsyncClient) -> None:
    """Every month of every dataset, whole."""
    for dataset in Dataset:
        for month in MONTHS:
            address = f"/api/v1/downloads/{dataset}/{month}"

            async def listed(address: str = address) -> bool:
                return (await client.get(address)).status_code == 200

            await eventually(listed, address)
            manifest = (await client.get(address)).json()
            for file in manifest["files"]:
                data = (await client.get(file["href"])).content
                assert hashlib.sha256(data).hexdigest() == file["sha256"]
            csv = (await client.get(f"{address}.csv.gz")).content
            assert gzip.decompress(csv).count(b"\n") == 1 + manifest["rows"]
