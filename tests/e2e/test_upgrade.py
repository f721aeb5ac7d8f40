"""What earlier versions left in the database and on the bus goes on under this one."""

from pathlib import Path

import pytest

from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir
from shared.migrate import migrate
from shared.provision import provision
from tests.backup import restore_database
from tests.e2e.unfinished import going_on
from tests.upgrade import ARCHIVES, POSTGRES, put, read


@pytest.mark.parametrize("archive", sorted(ARCHIVES.glob("*.tar.xz")), ids=lambda path: path.name)
async def test_data_and_queues_of_an_earlier_version_go_on(archive: Path, tmp_path: Path) -> None:
    dump, messages, checksums = read(archive, tmp_path)
    with temporary_var_dir() as var_dir, LocalServers(var_dir, environ=POSTGRES, durable=False) as servers:
        urls = servers.endpoints.database_url, servers.endpoints.nats_url
        restore_database(dump, urls[0], POSTGRES)
        await migrate(urls[0])
        await provision(urls[1])
        await put(urls[1], messages)
        async with going_on(*urls, tmp_path) as ingest:
            now = await ingest.checksums()
            assert {what: now[what] for what in checksums} == checksums


def test_there_is_what_at_least_one_version_left() -> None:
    assert list(ARCHIVES.glob("*.tar.xz"))
