"""A backup that is taken at work, restored into servers that never heard of us, ends in the same rows."""

from pathlib import Path

from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir
from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER
from shared.downloads import BUCKET
from shared.events import DEAD
from shared.migrate import migrate
from shared.model import Dataset
from tests.backup import place_bus, restore_database
from tests.e2e.ingest import MONTHS, Ingest
from tests.e2e.unfinished import going_on, work_and_back_up


async def test_what_was_waiting_goes_on_after_a_restore_and_ends_in_the_same_rows(
    servers: LocalServers, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    before = await work_and_back_up(servers, database_url, nats_url, tmp_path)
    (tmp_path / "after").mkdir()
    with temporary_var_dir() as var_dir:
        place_bus(before.backup, var_dir)
        with LocalServers(var_dir, durable=False) as others:
            urls = others.endpoints.database_url, others.endpoints.nats_url
            restore_database(before.backup.dump, urls[0])
            await migrate(urls[0])
            async with going_on(*urls, tmp_path / "after") as ingest:
                assert await ingest.checksums() == before.checksums
                await the_rest_is_there(ingest)


async def the_rest_is_there(ingest: Ingest) -> None:
    """The dead letter, the files, the rights of services, and who owns what."""
    jetstream = ingest.bus.client.jetstream()
    assert (await jetstream.stream_info(DEAD)).state.messages == 1
    files = await (await jetstream.object_store(BUCKET)).list()
    assert len(files) > len(Dataset)
    assert await ingest.pool.fetchval("SELECT count(*) FROM download") == len(MONTHS) * len(Dataset)
    owners = await ingest.pool.fetch(
        "SELECT DISTINCT tableowner FROM pg_tables "
        "WHERE tablename ~ '^(street_crime|crime_outcome|stop)(_[0-9]+)?$'"
    )
    assert [row["tableowner"] for row in owners] == [LOADER]
    for role in (FETCHER, LOADER, HEXER, REPORTER, READER):
        assert await ingest.pool.fetchval("SELECT has_table_privilege($1, 'current_version', 'SELECT')", role)
    assert not await ingest.pool.fetchval("SELECT has_table_privilege($1, 'street_crime', 'INSERT')", HEXER)
