"""A database of an earlier version is brought to this one with what it holds."""

import shutil
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

import shared.migrate
from deploy.local.servers import LocalServers
from shared.migrate import migrate
from tests.pipeline import connected
from tests.servers import drop, execute, run, with_database

BEFORE = "0016_reconciliation"
NAME = "crimemaps_of_an_earlier_version"
HASHES = [sha256(bytes([n])).digest() for n in (1, 1, 2)]
ORDINALS = [0, 1, 0]


@pytest.fixture
def empty_url(servers: LocalServers) -> Iterator[str]:
    """A database without a schema."""
    admin_url = servers.endpoints.database_url
    run(execute(admin_url, f"CREATE DATABASE {NAME}"))
    yield with_database(admin_url, NAME)
    run(drop(admin_url, NAME))


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
    files = shared.migrate.MIGRATIONS
    for path in files.glob("*.sql"):
        if path.stem <= BEFORE:
            shutil.copy(path, tmp_path)
    monkeypatch.setattr(shared.migrate, "MIGRATIONS", tmp_path)
    await migrate(empty_url)
    async with connected(empty_url) as pool:
        await put_old_records(pool)
    monkeypatch.setattr(shared.migrate, "MIGRATIONS", files)
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
