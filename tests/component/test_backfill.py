"""`crimemaps backfill` on real servers: from a zip file to what readers see, also after a kill."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from services.fetcher.store import Store
from services.gateway.store import sql as gateway_sql
from shared.events import MonthFetched, PageFetched
from shared.model import Dataset
from tests.archives import Files, made, real, rows_in, zipped
from tests.builders import OCTOBER
from tests.bus import Bus
from tests.crimemaps import crimemaps, environment
from tests.pipeline import eventually, running, service, waiting_for_a_lock

FILES = {
    **real("2018-10", Dataset.STREET, "btp", "city-of-london", "kent"),
    **real("2018-11", Dataset.STREET, "city-of-london"),
    **real("2018-10", Dataset.STOPS, "city-of-london"),
    "2018-10/2018-10-kent-stop-and-search.csv": made(Dataset.STOPS),
    "README.txt": b"none of ours",
}
OBSTACLE = """
CREATE FUNCTION obstacle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.state = 'fetched' AND new.force = 'kent' THEN
        PERFORM pg_advisory_xact_lock(7);
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER obstacle BEFORE INSERT OR UPDATE ON slice FOR EACH ROW EXECUTE FUNCTION obstacle();
"""


@pytest.fixture
def environ(database_url: str, nats_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "NATS_URL": nats_url}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "2018-11.zip"
    path.write_bytes(zipped(FILES))
    return path


def begin(archive: Path, environ: Mapping[str, str], *words: str) -> subprocess.Popen[str]:
    """The process that reads an archive."""
    return subprocess.Popen(
        [sys.executable, "-m", "services.fetcher.backfill", str(archive), *words],
        env=environment(environ), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


async def read(archive: Path, environ: Mapping[str, str], *words: str) -> list[dict[str, object]]:
    """What the process says on its way to a good end."""
    process = begin(archive, environ, *words)
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


def expected(files: Files) -> Counter[tuple[str, str]]:
    """Rows by force and label."""
    return Counter((row["force"], row["Crime type"]) for row in rows_in(files))


async def seen(pool: asyncpg.Pool) -> Counter[tuple[str, str]]:
    """What readers see of the street crimes of October, by recording force and category."""
    rows = await pool.fetch(
        "SELECT coalesce(other.slug, CASE WHEN p.location_type = 'BTP' THEN 'btp' ELSE f.slug END) AS force, "
        "c.name, count(*) AS n FROM street_crime AS r JOIN snap_point AS p ON p.id = r.snap_point_id "
        "JOIN current_version AS v ON v.version_id = r.version_id AND v.month = $1 "
        "JOIN label AS l ON l.id = r.category_id JOIN category AS c ON c.slug = l.value "
        "LEFT JOIN recorded_elsewhere AS e ON e.version_id = r.version_id "
        "AND e.content_hash = r.content_hash AND e.ordinal = r.ordinal "
        "LEFT JOIN force AS other ON other.id = e.force_id LEFT JOIN force AS f ON f.id = p.force_id "
        "GROUP BY 1, 2",
        OCTOBER,
    )
    return Counter({(row["force"], row["name"]): row["n"] for row in rows})


def october() -> dict[str, bytes]:
    return {name: body for name, body in FILES.items() if "2018-10" in name and "street" in name}


async def test_the_command_brings_an_archive_to_what_readers_see_and_says_so(
    bus: Bus, pool: asyncpg.Pool, environ: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    loader = service("loader", tmp_path, environ["DATABASE_URL"], environ["NATS_URL"])
    hexer = service("hexer", tmp_path, environ["DATABASE_URL"], environ["NATS_URL"])
    async with running(loader, hexer):
        done = await asyncio.to_thread(
            crimemaps, "backfill", str(archive), "--json", cwd=tmp_path, servers=environ
        )
        again = await asyncio.to_thread(
            crimemaps, "backfill", str(archive), "--json", cwd=tmp_path, servers=environ
        )
    assert done.returncode == again.returncode == 0, done
    runs = json.loads(done.stdout)["runs"]
    assert [(run["dataset"], run["month"], run["state"]) for run in runs] == [
        ("stops", "2018-10", "loaded"),
        ("street", "2018-10", "loaded"),
        ("street", "2018-11", "loaded"),
    ]
    assert runs[1]["records"] == len(rows_in(october()))
    assert "3 months of the archive; 1 files in it are none of ours" in done.stderr
    assert json.loads(again.stdout) == json.loads(done.stdout)
    assert await seen(pool) == expected(october())
    assert await pool.fetchval("SELECT count(*) FROM version") == 3
    sources = await pool.fetch("SELECT DISTINCT source, forces, plan FROM run")
    assert [tuple(row) for row in sources] == [("archive", None, "2018-11.zip")]


async def test_a_file_with_a_header_only_is_an_empty_submission_and_no_file_is_none(
    bus: Bus, pool: asyncpg.Pool, environ: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    loader = service("loader", tmp_path, environ["DATABASE_URL"], environ["NATS_URL"])
    async with running(loader):
        await read(archive, environ, "--datasets", "stops")

        async def look() -> int:
            return int(await pool.fetchval("SELECT count(*) FROM verdict"))

        await eventually(look, "a verdict")
    rows = await pool.fetch(gateway_sql("select_listed_empty"))
    assert [(row["month"], row["force"]) for row in rows] == [(OCTOBER, "kent")]


async def test_a_killed_process_goes_on_where_it_stopped_and_brings_nothing_twice(
    bus: Bus, pool: asyncpg.Pool, environ: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    words = "--months", "2018-10", "--datasets", "street"
    await pool.execute(OBSTACLE)
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock(7)")
        process = begin(archive, environ, *words)
        await eventually(lambda: waiting_for_a_lock(pool, "advisory"), "a page of kent on the bus")
        os.kill(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.communicate)
        await connection.execute("SELECT pg_advisory_unlock(7)")
    await pool.execute("DROP FUNCTION obstacle CASCADE")
    assert await bus.events(MonthFetched) == []
    before = {message.seq for message in await bus.messages(PageFetched.subject)}
    assert len(before) == 3  # btp, the city, the first page of kent
    loader = service("loader", tmp_path, environ["DATABASE_URL"], environ["NATS_URL"])
    await read(archive, environ, *words)
    after = {message.seq for message in await bus.messages(PageFetched.subject)}
    assert before < after
    assert len(after) == 4
    async with running(loader):

        async def look() -> int:
            return int(await pool.fetchval("SELECT count(*) FROM current_version"))

        await eventually(look, "the month")
    assert await seen(pool) == expected(october())
    assert await pool.fetchval("SELECT count(*) FROM run") == 1
    [manifest] = await bus.events(MonthFetched)
    assert len(manifest.pages) == 4


async def test_a_month_that_failed_is_tried_again_as_a_run_of_its_own(
    bus: Bus, pool: asyncpg.Pool, environ: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(zipped({"2018-10/2018-10-kent-street.csv": b"Crime ID\n\n"}))
    for attempt in (1, 2):
        process = begin(path, environ)
        await asyncio.to_thread(process.communicate)
        assert process.returncode == 3
        errors = [row["error"] for row in await pool.fetch("SELECT error FROM run WHERE state = 'failed'")]
        assert len(errors) == attempt
        assert all("kent-street.csv: wrong columns; missing: Month" in error for error in errors)


async def test_the_fetcher_leaves_an_archives_runs_alone(
    bus: Bus, pool: asyncpg.Pool, environ: dict[str, str], archive: Path, tmp_path: Path
) -> None:
    await pool.execute(
        "INSERT INTO run (id, order_id, dataset, month, source, state, started_at) SELECT "
        "gen_random_uuid(), gen_random_uuid(), 'street', m, 'archive', s, now() - interval '9 days' "
        "FROM (VALUES (date '2018-10-01', 'queued'), ('2018-11-01', 'fetching'), ('2018-12-01', 'fetching')) "
        "AS r (m, s)"
    )
    await pool.execute(
        "INSERT INTO slice (run_id, id, kind, force) SELECT id, 'kent', 'member', 'kent' FROM run"
    )
    store = Store(pool)
    assert await store.next_run(Dataset.STREET) is None
    assert await store.waiting_slices() == []
    assert await store.fetching_runs() == []
    assert await store.fail_stalled_runs(60) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.zip",), "cannot be read: No such file or directory"),
        (("2018-11.zip", "--months", "2017-01"), "the archive has nothing of 2017-01; it has 2018-10"),
        (("2018-11.zip", "--months", "last"), "'last' is not a month"),
        (("2018-11.zip", "--datasets", "arrests"), "no dataset 'arrests': valid are street"),
        (("2018-11.zip", "--datasets", "outcomes"), "no file of outcomes"),
        (("2018-11.zip", "--forces", "mars"), "no force 'mars': valid are avon-and-somerset"),
        (("page.zip",), "not a zip file"),
        (("http://127.0.0.1:9/x.zip?key=secret",), "http://127.0.0.1:9/x.zip: ConnectError"),
        (("http://[bad/x.zip?key=secret",), "'http://[bad/x.zip' is no address: valid are http://"),
        (("http://127.0.0.1:port/x.zip?key=secret",), "http://127.0.0.1:port/x.zip: Invalid port: 'port'"),
        (("cut.zip",), "the zip file is cut: its beginning is missing, and with it 2018-10/2018-10-btp"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_line(
    bus: Bus, environ: dict[str, str], archive: Path, words: tuple[str, ...], said: str
) -> None:
    (archive.parent / "page.zip").write_bytes(b"<html>")
    (archive.parent / "cut.zip").write_bytes(zipped(FILES)[5_000:])
    done = await asyncio.to_thread(crimemaps, "backfill", *words, cwd=archive.parent, servers=environ)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
