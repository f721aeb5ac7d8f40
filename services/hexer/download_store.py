"""The door of downloads to the database: records to read, and the list of what is built."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg
import msgspec

from services.hexer.store import sql
from shared.archive import lsoa_vintage
from shared.db import translate_errors
from shared.downloads import LAYOUT, Manifest, edition_of
from shared.model import Dataset, format_month

Connection = asyncpg.pool.PoolConnectionProxy

BATCH = 65_536
"""Records that are read at once: a row group of Parquet, some 15 MB of CSV."""


@dataclass(frozen=True)
class State:
    """What readers of a month's records see."""

    version: int
    mapping_version: int
    source: str
    release: date | None
    loaded_at: datetime
    stored: int
    reconciliation: int | None
    """The newest comparison with an archive, which says who recorded the crimes."""

    @property
    def edition(self) -> str:
        """What its files are called by."""
        return edition_of(self.version, self.mapping_version, self.reconciliation)


@dataclass(frozen=True)
class Position:
    """A record's place in the order of its version; batches go on after it."""

    snap_point_id: int = 0
    content_hash: bytes = b""
    ordinal: int = -1

    @classmethod
    def of(cls, record_id: str) -> "Position":
        """The position of the record with this id."""
        _, point, content_hash, ordinal = record_id.split(".")
        return cls(int(point), bytes.fromhex(content_hash), int(ordinal))


class DownloadStore:
    """Reads the records of a version, and keeps the list of files."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def building(self, dataset: Dataset, month: date) -> AsyncIterator[Connection]:
        """A connection on which files are made: of a month by one at a time, and while none are removed."""
        async with translate_errors(), self.pool.acquire() as connection:
            # Let go by the pool when the connection is given back, by the server when it is lost.
            await connection.execute("SELECT pg_advisory_lock_shared(hashtextextended('downloads', 4))")
            await connection.execute(
                "SELECT pg_advisory_lock(hashtextextended($1, 3))", f"{dataset}/{format_month(month)}"
            )
            yield connection

    @asynccontextmanager
    async def removing(self) -> AsyncIterator[Connection | None]:
        """A connection while nobody makes files; None if somebody does."""
        async with translate_errors(), self.pool.acquire() as connection:
            free = await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended('downloads', 4))")
            yield connection if free else None

    @staticmethod
    async def state(connection: Connection, dataset: Dataset, month: date) -> State | None:
        """What there is to download; None where the month is not loaded."""
        row = await connection.fetchrow(sql("select_download_state"), dataset, month)
        return State(**dict(row)) if row else None

    @staticmethod
    async def held(connection: Connection, dataset: Dataset, month: date, edition: str) -> Manifest | None:
        """The manifest of an edition whose files are there."""
        text = await connection.fetchval(sql("select_download_manifest"), dataset, month, edition)
        return msgspec.json.decode(text, type=Manifest) if text else None

    @staticmethod
    async def batch(
        connection: Connection, dataset: Dataset, month: date, version: int, after: Position
    ) -> bytes:
        """The next records as CSV with a line of names, in the order that they are stored in.

        Each batch is a statement of its own: a version never changes, and who swaps months in must not
        wait for a long one.
        """
        out = io.BytesIO()
        vintage = [] if dataset is Dataset.STOPS else [lsoa_vintage(month)]
        await connection.copy_from_query(
            sql(f"copy_{dataset}_records"),
            version, format_month(month), after.snap_point_id, after.content_hash, after.ordinal, BATCH,
            *vintage,
            output=out, format="csv", header=True,
        )  # fmt: skip
        return out.getvalue()

    @staticmethod
    async def publish(connection: Connection, dataset: Dataset, month: date, manifest: Manifest) -> None:
        """Let readers see an edition; the one before is replaced. If they see it already, nothing changes."""
        text = msgspec.json.encode(manifest).decode()
        async with connection.transaction():
            await connection.execute(sql("update_replaced_downloads"), dataset, month, manifest.edition)
            await connection.execute(
                sql("put_download"), dataset, month, manifest.edition, manifest.data_version, text
            )

    async def missing(self) -> list[tuple[Dataset, date]]:
        """Months whose files are missing or not of what readers see."""
        async with translate_errors():
            rows = await self.pool.fetch(sql("select_missing_downloads"), LAYOUT)
        return [(Dataset(row["dataset"]), row["month"]) for row in rows]

    async def expire(self, hours: float) -> int:
        """Take editions off the list that were replaced so long ago; returns how many."""
        async with translate_errors():
            return len(await self.pool.fetch(sql("delete_expired_downloads"), hours))

    @staticmethod
    async def manifests(connection: Connection) -> list[Manifest]:
        """Everything on the list."""
        rows = await connection.fetch(sql("select_download_manifests"))
        return [msgspec.json.decode(row["manifest"], type=Manifest) for row in rows]

    @staticmethod
    async def forget(connection: Connection, dataset: Dataset, month: date, edition: str) -> None:
        """Take one edition off the list."""
        await connection.execute(sql("delete_download"), dataset, month, edition)
