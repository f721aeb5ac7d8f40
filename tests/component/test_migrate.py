"""A database of an earlier version is brought to this one with what it holds."""

import shutil
from datetime import date
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

import shared.migrate
from services.hexer.store import Store as Hexer
from shared.db import HEXER, LOADER, READER
from shared.migrate import migrate
from shared.model import Dataset
from tests.builders import OCTOBER, csv_rows, sample_run
from tests.logins import made_logins
from tests.pipeline import assert_proof_holds, connected, counts, loaded, loader_store, stage

OWNERS = """
SELECT c.relowner::regrole::text AS owner, count(*)
FROM pg_class AS c
LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
WHERE
    i.inhparent IN ('street_crime'::regclass, 'crime_outcome'::regclass, 'stop'::regclass) AND c.relkind = 'r'
    OR c.relname ~ '^(street|outcomes|stops)_[0-9a-f]{32}$'
GROUP BY 1
"""
"""Who owns the records' own tables and those of runs under way."""
HASHES = [sha256(bytes([n])).digest() for n in (1, 1, 2)]
ORDINALS = [0, 1, 0]


def migrations_until(last: str, folder: Path) -> Path:
    """A folder with the migrations of an earlier version."""
    for path in shared.migrate.MIGRATIONS.glob("*.sql"):
        if path.stem <= last:
            shutil.copy(path, folder)
    return folder


async def put_old_records(pool: asyncpg.Pool) -> None:
    """A version of a month as it was held, one without records, and a page that waits."""
    for stored in (3, 0):
        await pool.execute(
            "INSERT INTO version (dataset, month, run_id, source, received, duplicates, set_aside, "
            "out_of_scope, kept_from_previous, stored, checksum) "
            "VALUES ('street', $1, $2, 'api', $3, 0, 0, 0, 0, $3, 'as it was')",
            date(2018, 10, 1), uuid4(), stored,
        )  # fmt: skip
    await pool.execute("CREATE TABLE street_crime_1 PARTITION OF street_crime FOR VALUES IN (1)")
    await pool.execute("CREATE TABLE staging.street_waiting (LIKE staging.street INCLUDING ALL)")
    for content_hash, ordinal in zip(HASHES, ORDINALS, strict=True):
        await pool.execute(
            "INSERT INTO street_crime VALUES (1, 7, 1, 1, NULL, $2, $1, '', '')", content_hash, ordinal
        )
        await pool.execute(
            "INSERT INTO staging.street VALUES (1, 1, 0, 7, 1, 1, NULL, $1, '', '')", content_hash
        )
    await pool.execute("INSERT INTO recorded_elsewhere VALUES (1, $1, 0, NULL)", HASHES[2])
    await pool.execute("INSERT INTO staging.street_waiting SELECT * FROM staging.street")


async def test_longer_hashes_are_cut_wherever_they_are_held(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shared.migrate, "MIGRATIONS", migrations_until("0016_reconciliation", tmp_path))
        await migrate(empty_url)
    async with connected(empty_url) as pool:
        await put_old_records(pool)
    await migrate(empty_url)
    short = [content_hash[:16] for content_hash in HASHES]
    async with connected(empty_url) as pool:
        for table in ("street_crime", "staging.street", "staging.street_waiting"):
            held = await pool.fetch(f"SELECT content_hash FROM {table}")
            assert sorted(row["content_hash"] for row in held) == sorted(short), table
        assert await pool.fetchval("SELECT content_hash FROM recorded_elsewhere") == short[2]
        pairs = sorted(zip(short, ORDINALS, strict=True))
        whole = b"".join(content_hash + ordinal.to_bytes(2) for content_hash, ordinal in pairs)
        checksums = await pool.fetch("SELECT checksum FROM version ORDER BY id")
        assert [row["checksum"] for row in checksums] == [sha256(whole).digest(), b"as it was"]


async def test_services_go_on_with_their_roles_where_the_owner_did_everything_before(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, street = sample_run(month="2018-11"), Dataset.STREET
    with monkeypatch.context() as patch:
        patch.setattr(shared.migrate, "MIGRATIONS", migrations_until("0017_shorter_hashes", tmp_path))
        await migrate(empty_url)
    async with connected(empty_url) as owner:
        store = loader_store(owner)
        for run in (sample_run(), sample_run(Dataset.STOPS), sample_run(revised=True)):
            await loaded(store, run)
            await Hexer(owner).rebuild(run.dataset, run.month)
        await stage(store, waiting)
        assert await counts(owner, OWNERS) == {urlsplit(empty_url).username: 4}
    urls = await made_logins(empty_url)
    async with (
        connected(urls[LOADER], role=LOADER) as loader,
        connected(urls[HEXER], role=HEXER) as hexer,
        connected(urls[READER], role=READER) as reader,
        connected(empty_url) as owner,
    ):
        assert await counts(owner, OWNERS) == {LOADER: 4}
        store = loader_store(loader)
        assert (await loaded(store, waiting)).records == len(csv_rows(month="2018-11"))
        again = await loaded(store, sample_run())
        assert await Hexer(hexer).rebuild(street, OCTOBER)
        assert await Hexer(hexer).rebuild(street, waiting.month)
        assert await counts(owner, OWNERS) == {LOADER: 4}, "one month is new, one version was dropped"
        assert (
            await reader.fetchval("SELECT sum(n) FROM street_cube WHERE month = $1", OCTOBER) == again.records
        )
        for month in (OCTOBER, waiting.month):
            await assert_proof_holds(reader, street, month)
        # A loader of the version before may have worked on while this one came.
        await loaded(loader_store(owner), sample_run(revised=True))
        await migrate(empty_url)
        assert (await counts(owner, OWNERS)).keys() == {LOADER}
        assert (await loaded(store, sample_run())).changed
        held = await reader.fetchval("SELECT count(DISTINCT version_id) FROM street_crime")
        assert held == 3, "the newest two of October, and November"
