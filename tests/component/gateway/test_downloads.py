"""Whole months over HTTP: listed, described, fetched whole and in pieces."""

import csv
import gzip
import hashlib
import io
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import asyncpg
import httpx
import pyarrow.parquet as pq
import pytest

import services.hexer.download_files
from services.gateway.byte_ranges import read_range
from services.gateway.errors import RangeError
from services.gateway.settings import GatewaySettings
from services.hexer.download_store import DownloadStore
from services.hexer.downloads import Downloads
from shared.bus import create_broker
from shared.db import READER, open_pool
from shared.downloads import BUCKET
from shared.model import Dataset
from tests.bus import Bus
from tests.component.gateway.country import DECEMBER, NOVEMBER, OCTOBER, ROWS, Country
from tests.component.gateway.server import Cable, Client, gateway, get

ADDRESS = "/api/v1/downloads"
FILE = f"{ADDRESS}/street/2018-10.csv.gz"
PARQUET = f"{ADDRESS}/street/2018-10.parquet"
STREET = Dataset.STREET
Build = Callable[..., Awaitable[int]]


@pytest.fixture
async def build(
    bus: Bus, nats_url: str, pool: asyncpg.Pool, country: Country, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Build]:
    """Loads a month and makes its files, in parts so small that each has several."""
    monkeypatch.setattr(services.hexer.download_files, "PART_BYTES", 200)
    broker = create_broker(nats_url, stop_timeout=1)
    await broker.connect()
    downloads = Downloads(broker, DownloadStore(pool), keep_hours=24)

    async def load_and_build(month: date = OCTOBER, rows: int = len(ROWS), dataset: Dataset = STREET) -> int:
        version = await country.load(dataset, month, ROWS[:rows])
        await downloads.catch_up()
        return version

    yield load_and_build
    await broker.stop()


async def whole(client: Client, path: str = FILE) -> bytes:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_month_is_fetched_as_csv_and_as_parquet_with_the_same_records(
    client: Client, build: Build
) -> None:
    await build()
    lines = list(csv.DictReader(io.StringIO(gzip.decompress(await whole(client)).decode())))
    rows = pq.read_table(io.BytesIO(await whole(client, PARQUET))).to_pylist()
    wanted = Counter((category, outcome) for _, category, outcome in ROWS)
    assert Counter((line["category"], line["outcome"] or None) for line in lines) == wanted
    assert Counter((row["category"], row["outcome"]) for row in rows) == wanted
    assert sum(row["geometry"] is None for row in rows) == sum(place[1] is None for place, _, _ in ROWS)


@pytest.mark.parametrize("path", [FILE, PARQUET])
async def test_a_file_is_what_its_headers_and_the_manifest_say(
    client: Client, build: Build, path: str
) -> None:
    version = await build()
    manifest = await get(client, f"{ADDRESS}/street/2018-10")
    [file] = [one for one in manifest["files"] if one["href"] == path]
    answer = await client.get(path, headers={"Accept-Encoding": "gzip"})
    digest = hashlib.sha256(answer.content).hexdigest()
    assert (file["sha256"], file["bytes"]) == (digest, len(answer.content))
    assert answer.headers["etag"] == f'"{digest}"'
    assert b64decode(answer.headers["repr-digest"].removeprefix("sha-256=:").rstrip(":")).hex() == digest
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["content-type"] == file["media_type"]
    assert answer.headers["content-disposition"] == f'attachment; filename="{file["name"]}"'
    assert "content-encoding" not in answer.headers
    assert manifest["rows"] == len(ROWS)
    assert manifest["data_version"] == {"2018-10": version}
    assert manifest["is_current"] is True
    assert {"id", "category", "geometry"} <= {column["name"] for column in manifest["columns"]}
    assert manifest["licence"].startswith("https://")
    assert {gap["month"] for gap in manifest["gaps"]} == {"2018-10"}
    assert (await client.get(manifest["coverage"])).status_code == 200


async def test_an_edition_is_at_an_address_of_its_own_for_ever(client: Client, build: Build) -> None:
    await build()
    manifest = await get(client, f"{ADDRESS}/street/2018-10")
    old = await whole(client)
    await build(rows=5)
    new = await whole(client)
    assert new != old
    answer = await client.get(manifest["files"][0]["edition_href"])
    assert answer.content == old
    assert "immutable" in answer.headers["cache-control"]
    problem = await get(client, FILE, 404, edition="1.2.3")
    assert problem["parameter"] == "edition"
    assert manifest["edition"] in problem["valid"]


async def test_a_download_that_broke_off_anywhere_goes_on_to_the_same_bytes(
    client: Client, build: Build
) -> None:
    await build()
    data = await whole(client, PARQUET)
    assert len(data) > 1000
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    for at in (0, 1, 199, 200, 201, 555, len(data) - 1):
        rest = await client.get(PARQUET, headers={"Range": f"bytes={at}-", "If-Range": tag})
        assert rest.status_code == 206
        assert rest.headers["content-range"] == f"bytes {at}-{len(data) - 1}/{len(data)}"
        assert rest.headers["content-length"] == str(len(data) - at)
        assert rest.headers["etag"] == tag
        assert data[:at] + rest.content == data


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=150-450", 150, 451),
        ("bytes=-7", -7, None),
        ("Bytes=10-99999999", 10, None),
    ],
)
async def test_a_range_is_cut_out_of_the_file(
    client: Client, build: Build, text: str, start: int, end: int | None
) -> None:
    await build()
    data = await whole(client)
    answer = await client.get(FILE, headers={"Range": text})
    assert (answer.status_code, answer.content) == (206, data[start:end])


@pytest.mark.parametrize("text", ["bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"])
async def test_what_is_no_single_range_gets_the_whole_file(client: Client, build: Build, text: str) -> None:
    await build()
    answer = await client.get(FILE, headers={"Range": text})
    assert (answer.status_code, answer.content) == (200, await whole(client))


@pytest.mark.parametrize("text", ["bytes=1000000-", "bytes=1000000-1000001", "bytes=-0"])
async def test_bytes_after_the_end_are_refused_with_the_size(client: Client, build: Build, text: str) -> None:
    await build()
    size = len(await whole(client))
    answer = await client.get(FILE, headers={"Range": text})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert str(size) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes= 2 - 3", (2, 4)),
        ("bytes=-20", (0, 10)),
        ("bytes=٣-٤", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_ranges_of_ten_bytes(text: str | None, expected: tuple[int, int] | None) -> None:
    assert read_range(text, 10) == expected


def test_the_first_byte_after_the_end_is_none() -> None:
    with pytest.raises(RangeError, match="10 bytes"):
        read_range("bytes=10-", 10)


async def test_a_range_of_a_file_that_was_replaced_meanwhile_gets_the_new_file(
    client: Client, build: Build
) -> None:
    await build()
    old = await whole(client)
    await build(rows=5)
    tag = f'"{hashlib.sha256(old).hexdigest()}"'
    answer = await client.get(FILE, headers={"Range": "bytes=100-", "If-Range": tag})
    assert answer.status_code == 200
    assert len(gzip.decompress(answer.content).splitlines()) == 6


async def test_who_has_the_file_is_not_sent_it_again(client: Client, build: Build) -> None:
    await build()
    first = await client.get(FILE)
    again = await client.get(FILE, headers={"If-None-Match": first.headers["etag"], "Range": "bytes=1-2"})
    assert (again.status_code, again.content) == (304, b"")
    for path in (ADDRESS, f"{ADDRESS}/street/2018-10"):
        tag = (await client.get(path)).headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 304
        await build(NOVEMBER)
        assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 200
        await build(NOVEMBER, rows=3)


async def test_head_says_what_get_would_send_and_reads_nothing(
    client: Client, build: Build, bus: Bus
) -> None:
    await build()
    sent = await client.get(FILE)
    # What is not there cannot have been read.
    bucket = await bus.client.jetstream().object_store(BUCKET)
    for info in await bucket.list():
        await bucket.delete(str(info.name))
    head = await client.head(FILE, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "repr-digest", "accept-ranges", "content-type"):
        assert head.headers[name] == sent.headers[name]


async def test_a_lost_file_is_an_outage_and_not_an_empty_answer(
    client: Client, build: Build, bus: Bus
) -> None:
    await build()
    size = len(await whole(client))
    bucket = await bus.client.jetstream().object_store(BUCKET)
    names = sorted(str(info.name) for info in await bucket.list() if "csv.gz" in str(info.name))
    await bucket.delete(names[-1])
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(FILE)
    assert len((await client.get(FILE, headers={"Range": "bytes=0-99"})).content) == 100
    await bucket.delete(names[0])
    answer = await client.get(FILE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await client.get(FILE, headers={"Range": f"bytes={size}-"})).status_code == 416


async def test_the_list_has_every_month_and_says_what_is_being_made(
    client: Client, build: Build, country: Country
) -> None:
    await build(OCTOBER)
    await build(OCTOBER, dataset=Dataset.STOPS, rows=1)
    await build(NOVEMBER)
    await country.load(STREET, DECEMBER, ROWS)
    answer = await get(client, ADDRESS)
    listed = [(one["dataset"], one["month"]) for one in answer["downloads"]]
    assert listed == [("street", "2018-11"), ("stops", "2018-10"), ("street", "2018-10")]
    assert answer["being_made"] == {"street": ["2018-12"], "outcomes": [], "stops": []}
    for one in answer["downloads"]:
        assert (await client.get(one["manifest"])).status_code == 200
        for file in one["files"]:
            data = await whole(client, file["href"])
            assert hashlib.sha256(data).hexdigest() == file["sha256"]
    narrow = await get(client, ADDRESS, dataset="street", month="2018-10..2018-11,2019-03")
    assert [one["month"] for one in narrow["downloads"]] == ["2018-11", "2018-10"]
    assert narrow["missing_months"] == {"street": ["2019-03"]}
    assert narrow["filters"] == {"dataset": ["street"], "months": ["2018-10", "2018-11", "2019-03"]}


async def test_the_old_files_are_given_and_said_to_be_old_until_the_new_ones_are_there(
    client: Client, build: Build, country: Country
) -> None:
    await build()
    data = await whole(client)
    await country.load(STREET, OCTOBER, ROWS[:5])
    assert await whole(client) == data
    manifest = await get(client, f"{ADDRESS}/street/2018-10")
    assert manifest["is_current"] is False
    assert any("being made" in note for note in manifest["notes"])


async def test_what_is_not_there_is_told_apart_from_what_is_not_there_yet(
    client: Client, build: Build, country: Country
) -> None:
    await build()
    await country.load(STREET, NOVEMBER, ROWS)
    for ending in ("", ".csv.gz", ".parquet"):
        answer = await client.get(f"{ADDRESS}/street/2018-11{ending}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "being made" in answer.json()["detail"]
        problem = await get(client, f"{ADDRESS}/street/2018-12{ending}", 404)
        assert problem["valid"] == ["2018-10"]
    assert (await get(client, f"{ADDRESS}/stops/2018-10", 404))["valid"] == []


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/crimes/2018-10", 400, "dataset"),
        ("/street/2018-13.csv.gz", 400, "month"),
        ("/street/october", 400, "month"),
        ("/street/2018-10..2018-11", 404, "month"),
        ("/street/2018-10.xlsx", 404, "month"),
        ("/street/2018-10.csv.gz?editon=1", 400, "editon"),
        ("?dataset=crimes", 400, "dataset"),
        ("?month=10-2018", 400, "month"),
    ],
)
async def test_a_wrong_address_is_told_what_is_valid(
    client: Client, build: Build, path: str, status: int, parameter: str
) -> None:
    await build()
    answer = await client.get(ADDRESS + path)
    assert (answer.status_code, answer.json()["parameter"]) == (status, parameter)


async def test_without_the_bus_lists_are_answered_and_files_are_an_outage(
    build: Build, database_url: str, nats_url: str
) -> None:
    await build()
    cable = Cable(nats_url)
    await cable.mend()
    settings = GatewaySettings(database_url=database_url, nats_url=cable.url)
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        data = await whole(client)
        cable.cut()
        answer = await client.get(FILE)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await client.get(ADDRESS)).status_code == 200
        await cable.mend()
        assert await whole(client) == data
        cable.cut()
