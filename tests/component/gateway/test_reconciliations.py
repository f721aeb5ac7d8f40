"""API and archive side by side over HTTP, and what records gain by it."""

from collections import Counter
from collections.abc import Mapping

import asyncpg
import pytest

from services.loader.reconciliation import newest_archive
from shared.events import MonthLoaded
from shared.model import Dataset
from tests.archives import archive_run, load_archive, real, rows_in
from tests.builders import CITY
from tests.component.gateway.records import PATHS, load, search
from tests.component.gateway.server import Client, get
from tests.pipeline import loader_store

URL = "/api/v1/reconciliations"
OF = (CITY, "kent")
ASKED = {"force": "kent", "month": "2018-10", "limit": "10000"}
KINDS = (
    "equal", "other_outcome", "api_unlocated", "api_otherwise", "archive_unlocated", "archive_outside",
    "archive_otherwise",
)  # fmt: skip


async def compare(pool: asyncpg.Pool, files: Mapping[str, bytes]) -> None:
    result = await load_archive(loader_store(pool), archive_run(files))
    assert isinstance(result, MonthLoaded)


async def test_a_month_of_both_sources_is_told_with_lines_and_sums(
    client: Client, pool: asyncpg.Pool
) -> None:
    files = real("2018-10", Dataset.STREET, *OF)
    rows = rows_in(files)
    month = await load(pool, Dataset.STREET, "2018-10", OF)
    before = await client.get(URL)
    assert before.json()["reconciliations"] == []
    await compare(pool, files)
    answer = await client.get(URL, headers={"If-None-Match": before.headers["etag"]})
    told = answer.json()
    [one] = told["reconciliations"]
    assert one["sums"] == {**dict.fromkeys(KINDS, 0), "equal": len(rows)}
    recorded: Counter[str] = Counter()
    for line in one["lines"]:
        recorded[line["recorded_by"]] += line["equal"]
    assert recorded == Counter(row["force"] for row in rows)
    assert (one["dataset"], one["month"], one["is_current"]) == ("street", "2018-10", True)
    archive = await newest_archive(pool, Dataset.STREET, month)  # type: ignore[arg-type]
    assert archive is not None
    assert (one["archive"]["version"], one["archive"]["records"]) == (archive["id"], len(rows))
    assert (one["api"]["version"], one["api"]["records"]) == (
        told["data_version"]["street"]["2018-10"], len(rows),
    )  # fmt: skip
    [kent] = (await get(client, URL, force="kent"))["reconciliations"]
    assert {"kent"} <= {line["recorded_by"] for line in kent["lines"]}
    assert all("kent" in (line["recorded_by"], line["police_area"]) for line in kent["lines"])
    assert kent["sums"]["equal"] == sum(line["equal"] for line in kent["lines"]) < len(rows)
    for nothing in ({"dataset": "stops"}, {"month": "2018-11"}, {"force": "dorset"}, {"before": one["id"]}):
        assert (await get(client, URL, **nothing))["reconciliations"] == []


async def test_records_gain_their_recorder_and_their_lsoa(client: Client, pool: asyncpg.Pool) -> None:
    files = real("2018-10", Dataset.STREET, *OF)
    await load(pool, Dataset.STREET, "2018-10", OF)
    before = await search(client, Dataset.STREET, **ASKED)
    assert {(one["recorded_by"], one["lsoa_code"]) for one in before} == {(None, None)}
    tag = (await client.get(PATHS[Dataset.STREET], params=ASKED)).headers["etag"]
    await compare(pool, files)
    told = await search(client, Dataset.STREET, **ASKED)
    found = Counter((one["persistent_id"], one["recorded_by"], one["lsoa_code"]) for one in told)
    rows = [row for row in rows_in(files) if row["Longitude"] or row["force"] == "kent"]
    everyone = Counter((row["Crime ID"] or None, row["force"], row["LSOA code"] or None) for row in rows)
    assert found - everyone == Counter()
    assert found.total() == len(before)
    assert {recorder for _, recorder, _ in found} >= {"kent"}
    again = await client.get(PATHS[Dataset.STREET], params=ASKED, headers={"If-None-Match": tag})
    assert again.status_code == 200


async def test_the_archive_neither_covers_nor_refuses_a_month(client: Client, pool: asyncpg.Pool) -> None:
    await load(pool, Dataset.STREET, "2018-10")
    before = await get(client, "/api/v1/coverage", dataset="street", month="2018-10")
    await compare(pool, real("2018-10", Dataset.STREET, CITY))
    after = await get(client, "/api/v1/coverage", dataset="street", month="2018-10")
    assert after.pop("revision") != before.pop("revision")
    assert after == before


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"dataset": "cats"}, "street"),
        ({"force": "camelot"}, "kent"),
        ({"limit": "0"}, "from 1 to 100"),
        ({"month": "2018-13"}, "YYYY-MM"),
    ],
)
async def test_what_does_not_exist_is_refused(client: Client, parameters: dict[str, str], named: str) -> None:
    assert named in (await get(client, URL, 400, **parameters))["detail"]
