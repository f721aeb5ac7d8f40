"""`crimemaps backfill` beside the API, and `crimemaps reconciliations`, with loader and hexer at work."""

import json
from pathlib import Path

import asyncpg

from services.hexer.store import Store as Hexer
from shared.db import LOADER
from shared.model import Dataset
from tests.archives import real, rows_in, zipped
from tests.builders import CITY, sample_run
from tests.crimemaps import call
from tests.pipeline import connected, loaded, loader_store, running, service

Servers = dict[str, str]


async def test_an_archive_beside_the_api_ends_as_reconciled_and_is_not_read_again(
    pool: asyncpg.Pool, ready: Servers, tmp_path: Path
) -> None:
    files = real("2018-10", Dataset.STREET, CITY)
    async with connected(ready["DATABASE_URL"], role=LOADER) as loader:
        seen = await loaded(loader_store(loader), sample_run())
    await Hexer(pool).rebuild(Dataset.STREET, seen.month)
    archive = tmp_path / "2018-10.zip"
    archive.write_bytes(zipped(files))
    names = ("loader", "hexer")
    async with running(
        *(service(name, tmp_path, ready["DATABASE_URL"], ready["NATS_URL"]) for name in names)
    ):
        for _ in range(2):
            done = await call("backfill", str(archive), "--json", cwd=tmp_path, servers=ready)
            assert done.returncode == 0, done
            [run] = json.loads(done.stdout)["runs"]
            assert (run["state"], run["version"], run["reasons"]) == ("reconciled", seen.version, [])
    assert await pool.fetchval("SELECT count(*) FROM run") == 1
    status = json.loads((await call("status", "--json", cwd=tmp_path, servers=ready)).stdout)
    assert status["refused"] == status["running"] == []
    told = await call("reconciliations", "--json", cwd=tmp_path, servers=ready)
    [one] = json.loads(told.stdout)
    assert (one["dataset"], one["month"], one["api_version"]) == ("street", "2018-10", seen.version)
    assert (one["equal"], one["other_outcome"], one["archive_outside"]) == (len(rows_in(files)), 0, 0)
    assert sum(line["equal"] for line in one["lines"]) == one["equal"]
    other = await call("reconciliations", "--json", "--forces", "kent", cwd=tmp_path, servers=ready)
    assert all(
        "kent" in (line["recorded_by"], line["police_area"])
        for one in json.loads(other.stdout)
        for line in one["lines"]
    )
    table = await call("reconciliations", cwd=tmp_path, servers=ready)
    assert f"{one['equal']}" in table.stdout


async def test_a_force_that_does_not_exist_is_refused(ready: Servers, tmp_path: Path) -> None:
    done = await call("reconciliations", "--forces", "camelot", cwd=tmp_path, servers=ready)
    assert done.returncode == 2
    assert "camelot" in done.stderr
