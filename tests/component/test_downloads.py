"""Months as files: complete, the same every time, and never half there."""

import asyncio
import csv
import gzip
import hashlib
import io
import json
import struct
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pyarrow.parquet as pq
import pytest
from nats.js.errors import NotFoundError

import services.hexer.download_files
import services.hexer.download_store
from deploy.local.process import Process
from services.gateway.record_shapes import FIELDS
from services.hexer.download_columns import NAMES
from services.hexer.download_store import DownloadStore
from services.hexer.downloads import Downloads
from services.loader.store import Store
from shared.bus import create_broker
from shared.downloads import BUCKET, Manifest, folder_of, part_name
from shared.errors import TransientError
from shared.events import FACTS, MonthLoaded
from shared.model import Dataset, parse_month
from tests.builders import OCTOBER, crime, csv_rows, page, run_of, sample_run, stop
from tests.bus import Bus, provisioned
from tests.pipeline import connected, eventually, holding, loaded, loader_store, running, service

RECORDS = {Dataset.STREET: "street_crime", Dataset.OUTCOMES: "crime_outcome", Dataset.STOPS: "stop"}
KEEP = 24.0


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connected(database_url, size=6) as pool:
        yield pool


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    async with provisioned(nats_url, ack_wait=1.5) as bus:
        yield bus


@pytest.fixture
async def downloads(pool: asyncpg.Pool, bus: Bus, nats_url: str) -> AsyncIterator[Downloads]:
    broker = create_broker(nats_url, stop_timeout=1)
    await broker.connect()
    yield Downloads(broker, DownloadStore(pool), keep_hours=KEEP)
    await broker.stop()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches and parts so small that a city has many."""
    monkeypatch.setattr(services.hexer.download_store, "BATCH", 100)
    monkeypatch.setattr(services.hexer.download_files, "PART_BYTES", 5000)


async def objects(bus: Bus) -> dict[str, bytes]:
    """Everything in the store."""
    bucket = await bus.client.jetstream().object_store(BUCKET)
    try:
        names = [str(info.name) for info in await bucket.list(ignore_deletes=True)]
    except NotFoundError:
        return {}
    return {name: (await bucket.get(name)).data or b"" for name in sorted(names)}


async def files_of(bus: Bus, manifest: Manifest) -> dict[str, bytes]:
    """The files of an edition by format, put together from their parts."""
    stored = await objects(bus)
    folder = folder_of(manifest.dataset, parse_month(manifest.month), manifest.edition)
    return {
        file.format: b"".join(
            stored[part_name(folder, file.name.split(".", 1)[1], n)] for n in range(file.parts)
        )
        for file in manifest.files
    }


async def built(downloads: Downloads, dataset: Dataset = Dataset.STREET, month: date = OCTOBER) -> Manifest:
    manifest = await downloads.build(dataset, month)
    assert manifest is not None
    return manifest


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(data).decode(), newline="")))


def read_parquet(data: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(data)).to_pylist()
    return rows


async def listed(pool: asyncpg.Pool) -> list[str]:
    """The editions that readers see, oldest first."""
    rows = await pool.fetch("SELECT edition FROM download WHERE replaced_at IS NULL ORDER BY month, dataset")
    return [row["edition"] for row in rows]


@pytest.mark.parametrize(
    ("dataset", "text", "force"),
    [
        (Dataset.STREET, "2018-10", "city-of-london"),
        (Dataset.OUTCOMES, "2022-01", "thames-valley"),
        (Dataset.STOPS, "2018-10", "city-of-london"),
    ],
)
@pytest.mark.usefixtures("small")
async def test_both_files_hold_every_record_of_the_month_and_nothing_else(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads, dataset: Dataset, text: str, force: str
) -> None:
    month = await loaded(store, sample_run(dataset, text, [force]))
    manifest = await built(downloads, dataset, parse_month(text))
    files = await files_of(bus, manifest)
    for file in manifest.files:
        assert (file.bytes, file.sha256) == (
            len(files[file.format]),
            hashlib.sha256(files[file.format]).hexdigest(),
        )
        assert file.parts > 1
    from_csv, from_parquet = read_csv(files["csv"]), read_parquet(files["parquet"])
    assert len(from_csv) == len(from_parquet) == manifest.rows == month.records > 100
    names = [column.name for column in manifest.columns]
    assert [*from_csv[0], "geometry"] == list(from_parquet[0]) == names
    expected = await pool.fetch(
        f"SELECT r.content_hash, r.ordinal, r.snap_point_id, p.lon_e6, p.lat_e6, p.located, p.street_name, "
        f"c.value AS category, o.value AS outcome, f.slug AS force "
        f"FROM {RECORDS[dataset]} AS r JOIN snap_point AS p ON p.id = r.snap_point_id "
        f"JOIN label AS c ON c.id = r.category_id JOIN label AS o ON o.id = r.outcome_id "
        f"LEFT JOIN force AS f ON f.id = "
        + ("r.force_id " if dataset is Dataset.STOPS else "p.force_id ")
        + "WHERE r.version_id = $1",
        month.version,
    )
    category = "object_of_search" if dataset is Dataset.STOPS else "category"
    wanted = Counter(
        (
            f"{text}.{row['snap_point_id']}.{row['content_hash'].hex()}.{row['ordinal']}",
            row["lon_e6"] / 1e6 if row["located"] else None,
            row["lat_e6"] / 1e6 if row["located"] else None,
            row["street_name"],
            row["category"],
            row["outcome"],
            row["force"],
        )
        for row in expected
    )
    keys = ("id", "longitude", "latitude", "street_name", category, "outcome", "force")
    assert Counter(tuple(row[key] for key in keys) for row in from_parquet) == wanted
    assert len({row["id"] for row in from_parquet}) == manifest.rows
    for line, row in zip(from_csv, from_parquet, strict=True):
        assert line == {name: as_csv(value) for name, value in row.items() if name != "geometry"}


def as_csv(value: Any) -> str:
    """A value of Parquet as the CSV file writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)


@pytest.mark.parametrize("dataset", [Dataset.STREET, Dataset.STOPS])
async def test_the_files_hold_what_the_archive_publishes(
    store: Store, bus: Bus, downloads: Downloads, dataset: Dataset
) -> None:
    await loaded(store, sample_run(dataset))
    manifest = await built(downloads, dataset)
    rows = read_csv((await files_of(bus, manifest))["csv"])
    archive = csv_rows(dataset)
    if dataset is Dataset.STREET:
        published = [("Crime ID", "persistent_id"), ("Last outcome category", "outcome")]
    else:
        published = [("Date", "datetime"), ("Gender", "gender"), ("Object of search", "object_of_search")]
    expected = Counter(tuple(row[name].replace("+00:00", "Z") for name, _ in published) for row in archive)
    assert Counter(tuple(row[name] for _, name in published) for row in rows) == expected


@pytest.mark.parametrize("dataset", list(Dataset))
def test_the_columns_are_those_of_a_search(dataset: Dataset) -> None:
    more = ("police_area",) if dataset is Dataset.STOPS else ()
    assert NAMES[dataset] == (*FIELDS[dataset], *more)


async def test_every_published_value_has_its_column(store: Store, bus: Bus, downloads: Downloads) -> None:
    nowhere = stop(location=None, operation=True, operation_name='Op "X",\nnight', gender=None, outcome=False)
    await loaded(store, run_of(Dataset.STOPS, page(stop(novel=7), nowhere, force="kent")))
    manifest = await built(downloads, Dataset.STOPS)
    files = await files_of(bus, manifest)
    found = {row["operation_name"]: row for row in read_parquet(files["parquet"])}
    plain, odd = found[None], found['Op "X",\nnight']
    assert {row["operation_name"] for row in read_csv(files["csv"])} == {"", 'Op "X",\nnight'}
    assert json.loads(plain["extra"]) == {"novel": 7}
    assert plain["datetime"].isoformat() == "2018-10-06T22:45:00+00:00"
    assert (plain["outcome"], plain["outcome_code"], plain["gender"]) == ("Arrest", "bu-arrest", "Male")
    assert (plain["involved_person"], plain["removal_of_more_than_outer_clothing"]) == (True, False)
    assert plain["outcome_linked_to_object_of_search"] is None
    assert (plain["force"], plain["police_area"]) == ("kent", "city-of-london")
    assert struct.unpack("<BIdd", plain["geometry"]) == (1, 1, -0.111497, 51.518226)
    assert (odd["outcome"], odd["gender"], odd["operation"]) == ("false", None, True)
    assert odd["geometry"] is odd["latitude"] is odd["longitude"] is None


async def test_the_parquet_file_is_geoparquet_with_the_bounds_of_its_points(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    await loaded(store, sample_run())
    data = (await files_of(bus, await built(downloads)))["parquet"]
    file = pq.ParquetFile(io.BytesIO(data))
    geo = json.loads(file.metadata.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    bounds = await pool.fetchrow(
        "SELECT min(lon_e6), min(lat_e6), max(lon_e6), max(lat_e6) FROM snap_point WHERE located"
    )
    assert bounds is not None
    column = geo["columns"]["geometry"]
    assert column == {
        "encoding": "WKB",
        "geometry_types": ["Point"],
        "bbox": [edge / 1e6 for edge in bounds],
    }
    place = [file.schema.names.index(name) for name in ("category", "geometry")]
    chunks = [file.metadata.row_group(0).column(n) for n in place]
    assert [chunk.compression for chunk in chunks] == ["ZSTD", "ZSTD"]
    assert ["RLE_DICTIONARY" in chunk.encodings for chunk in chunks] == [True, False]


@pytest.mark.usefixtures("small")
async def test_building_again_does_nothing_and_building_anew_makes_the_same_bytes(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    await loaded(store, sample_run())
    first, stored = await built(downloads), await objects(bus)
    built_at = await pool.fetchval("SELECT built_at FROM download")
    assert await built(downloads) == first
    assert await pool.fetchval("SELECT built_at FROM download") == built_at
    await pool.execute("DELETE FROM download")
    assert await built(downloads) == first
    assert await objects(bus) == stored


async def test_a_month_that_is_not_loaded_has_no_files(downloads: Downloads, bus: Bus) -> None:
    assert await downloads.build(Dataset.STOPS, OCTOBER) is None
    assert await objects(bus) == {}


async def test_two_at_once_build_one_edition(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    await loaded(store, sample_run())
    one, two = await asyncio.gather(built(downloads), built(downloads))
    assert one == two
    assert await pool.fetchval("SELECT count(*) FROM download") == 1


@pytest.mark.usefixtures("small")
async def test_files_of_a_replaced_version_stay_for_a_while_and_then_go(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    await loaded(store, sample_run())
    old = await built(downloads)
    old_files = await files_of(bus, old)
    await loaded(store, sample_run(revised=True))
    assert await listed(pool) == [old.edition]
    await downloads.catch_up()
    new = await built(downloads)
    assert await listed(pool) == [new.edition]
    assert new.data_version > old.data_version
    assert await files_of(bus, old) == old_files
    assert await files_of(bus, new) != old_files
    await pool.execute("UPDATE download SET replaced_at = replaced_at - interval '25 h'")
    await downloads.catch_up()
    assert {name.rsplit("/", 2)[0] + "/" for name in await objects(bus)} == {
        folder_of(Dataset.STREET, OCTOBER, new.edition)
    }
    assert await pool.fetchval("SELECT count(*) FROM download") == 1


async def test_after_a_rollback_the_kept_files_are_the_newest_again(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    old = await loaded(store, sample_run())
    first = await built(downloads)
    await loaded(store, sample_run(revised=True))
    await built(downloads)
    stored = await objects(bus)
    await pool.execute("UPDATE current_version SET version_id = $1", old.version)
    await downloads.catch_up()
    assert await listed(pool) == [first.edition]
    assert await objects(bus) == stored


async def test_another_outcome_mapping_makes_another_edition(
    store: Store, pool: asyncpg.Pool, downloads: Downloads
) -> None:
    await loaded(store, sample_run())
    first = await built(downloads)
    await pool.execute("UPDATE outcome_mapping SET mapping_version = mapping_version + 1")
    await downloads.catch_up()
    [edition] = await listed(pool)
    assert edition != first.edition
    assert (await built(downloads)).data_version == first.data_version


async def test_what_a_crash_left_is_removed_and_what_was_lost_is_made_again(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    await loaded(store, sample_run())
    await built(downloads)
    stored = await objects(bus)
    bucket = await bus.client.jetstream().object_store(BUCKET)
    await bucket.put("street/2018-10/999.1.1/csv.gz/00000", b"half")
    await bucket.delete(next(iter(stored)))
    await downloads.catch_up()
    assert await listed(pool) == []
    await downloads.catch_up()
    assert await objects(bus) == stored


async def test_nothing_is_removed_while_files_are_made(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads
) -> None:
    bucket = await bus.client.jetstream().object_store(BUCKET)
    await bucket.put("street/2018-10/999.1.1/csv.gz/00000", b"of the one who is at work")
    async with downloads.store.building(Dataset.STOPS, OCTOBER):
        await downloads.catch_up()
        assert len(await objects(bus)) == 1
    await downloads.catch_up()
    assert await objects(bus) == {}


async def test_a_month_that_is_replaced_while_it_is_read_is_not_listed(
    store: Store, pool: asyncpg.Pool, bus: Bus, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await loaded(store, sample_run())
    read = DownloadStore.batch

    async def replaced_then_read(connection: Any, *of: Any) -> bytes:
        if len(await pool.fetch("SELECT FROM version")) == 1:
            await loaded(store, sample_run(revised=True))
        return await read(connection, *of)

    monkeypatch.setattr(DownloadStore, "batch", staticmethod(replaced_then_read))
    with pytest.raises(TransientError, match="was replaced"):
        await downloads.build(Dataset.STREET, OCTOBER)
    assert await listed(pool) == []
    assert (await built(downloads)).data_version == await pool.fetchval("SELECT max(id) FROM version")


async def test_a_month_without_records_has_files_without_rows(
    pool: asyncpg.Pool, bus: Bus, downloads: Downloads, store: Store
) -> None:
    await loaded(store, run_of(Dataset.STREET, page(crime())))
    await pool.execute("DELETE FROM street_crime")
    await pool.execute("UPDATE version SET stored = 0, duplicates = received")
    manifest = await built(downloads)
    files = await files_of(bus, manifest)
    assert (manifest.rows, read_csv(files["csv"]), read_parquet(files["parquet"])) == (0, [], [])
    assert gzip.decompress(files["csv"]).decode().strip().split(",")[:3] == ["id", "month", "category"]


@pytest.fixture
def hexer(tmp_path: Path, database_url: str, nats_url: str) -> Process:
    return service("hexer", tmp_path, database_url, nats_url)


async def announced(pool: asyncpg.Pool, bus: Bus, **sample: Any) -> MonthLoaded:
    event = await loaded(loader_store(pool), sample_run(**sample))
    await bus.publish(event)
    return event


async def test_a_hexer_that_is_killed_in_the_middle_ends_with_the_bytes_of_an_undisturbed_one(
    pool: asyncpg.Pool, bus: Bus, downloads: Downloads, hexer: Process
) -> None:
    async def stored_parts() -> dict[str, bytes]:
        return await objects(bus)

    async with running(hexer):
        async with holding(pool, "LOCK TABLE download IN SHARE MODE"):
            await announced(pool, bus)
            await eventually(stored_parts, "parts of a file")
            await asyncio.to_thread(hexer.kill)
        assert await listed(pool) == []
        await asyncio.to_thread(hexer.start)

        async def is_listed() -> list[str]:
            return await listed(pool)

        await eventually(is_listed, "the files to be listed")

        async def all_done() -> bool:
            return await bus.waiting(FACTS, "hexer-downloads") == 0

        await eventually(all_done, "the message to be done")
    assert await bus.messages("dead.hexer-downloads") == []
    recovered = await stored_parts()
    text = await pool.fetchval("SELECT manifest FROM download")
    await pool.execute("DELETE FROM download")
    undisturbed = await built(downloads)
    assert msgspec.json.decode(text, type=Manifest) == undisturbed
    assert await stored_parts() == recovered


async def test_a_hexer_makes_files_of_what_was_loaded_while_it_was_away(
    pool: asyncpg.Pool, bus: Bus, hexer: Process
) -> None:
    event = await loaded(loader_store(pool), sample_run())
    async with running(hexer):

        async def editions() -> list[str]:
            return await listed(pool)

        [edition] = await eventually(editions, "the files to be listed")
    assert edition.split(".")[0] == str(event.version)
    assert await objects(bus)
