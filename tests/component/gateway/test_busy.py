"""What takes long, or waits for it, leaves connections to the database for what is quick."""

import asyncio
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from services.gateway.cube_store import Cubes, compute_when_read
from services.gateway.cubes import Cube
from services.gateway.settings import GatewaySettings
from services.gateway.store import Snapshot, Store
from shared.db import READER, open_pool
from shared.errors import TransientError
from shared.model import Dataset
from tests.component.gateway.country import CITY, OCTOBER, ROWS, Country
from tests.component.gateway.server import gateway, get
from tests.pipeline import eventually, holding, waiting_for_a_lock

STREET, STOPS = Dataset.STREET, Dataset.STOPS
CONNECTIONS = 4
LONG = {
    "street_crime": "/api/v1/street-crimes?latitude=51.5155&longitude=-0.0922&month=2018-10&radius={n}",
    "street_point_count": "/api/v1/comparisons/street?a=circle:51.5155,-0.0922,{n}&month=2018-10",
    "street_cell": "/api/v1/hexes?dataset=street&level=275&bbox=-1,51,1,52&month=2018-10&category={n}",
}
"""What reads a table, by that table; `n` tells one request from the next."""


def requests(table: str) -> Iterator[str]:
    """Ten that are not answered together."""
    words = ["burglary", "robbery", "drugs", "shoplifting", "burglary,robbery", "burglary,drugs"]
    words += ["robbery,drugs", "robbery,shoplifting", "drugs,shoplifting", "burglary,shoplifting"]
    for n, word in enumerate(words):
        yield LONG[table].format(n=word if table == "street_cell" else 400 + n)


@pytest.mark.parametrize("table", LONG)
async def test_slow_requests_do_not_hinder_quick_ones(
    pool: asyncpg.Pool, country: Country, database_url: str, nats_url: str, table: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, query_timeout=25)
    async with (
        open_pool(database_url, max_size=CONNECTIONS, role=READER) as reader,
        gateway(settings, reader) as client,
    ):
        assert (await get(client, "/tiles/street.json"))["version_token"]
        async with holding(pool, f"LOCK TABLE {table}"):
            slow = [asyncio.create_task(client.get(path)) for path in requests(table)]

            async def look() -> bool:
                return len(await waiting_for_a_lock(pool)) == CONNECTIONS // 2

            await eventually(look, "half the connections wait")
            quick = await asyncio.gather(
                *(client.get(path) for path in ("/api/v1/coverage", "/readyz", "/") for _ in range(10))
            )
            assert {answer.status_code for answer in quick} == {200}
            assert len(await waiting_for_a_lock(pool)) == CONNECTIONS // 2
            assert not any(task.done() for task in slow)
        assert {(await task).status_code for task in slow} == {200}


async def test_a_search_whose_turn_does_not_come_is_told_to_come_again(
    pool: asyncpg.Pool, country: Country, database_url: str, nats_url: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, query_timeout=1)
    async with (
        open_pool(database_url, max_size=CONNECTIONS, role=READER) as reader,
        gateway(settings, reader) as client,
    ):
        for table in ("street_crime", "street_point_count"):
            async with holding(pool, f"LOCK TABLE {table}"):
                answers = await asyncio.gather(*(client.get(path) for path in requests(table)))
            assert [refusal(answer) for answer in answers] == [(503, "5", "application/problem+json")] * 10
            assert any("not done within 1 seconds" in answer.json()["detail"] for answer in answers)
            assert {(await client.get(path)).status_code for path in requests(table)} == {200}


def refusal(answer: httpx.Response) -> tuple[int, str | None, str]:
    return answer.status_code, answer.headers.get("retry-after"), answer.headers["content-type"]


async def test_who_waits_for_a_cube_keeps_no_connection_and_hinders_no_other_dataset(
    pool: asyncpg.Pool, country: Country, database_url: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")] * 3)
    asked = 0

    async with open_pool(database_url, max_size=CONNECTIONS, role=READER) as reader:
        store, cubes = Store(reader, query_timeout=25), Cubes()

        async def total(dataset: Dataset) -> int:
            async def compute(snapshot: Snapshot) -> Cube:
                nonlocal asked
                asked += 1
                return await cubes.cube(snapshot, await snapshot.facts(), dataset)

            return int((await compute_when_read(store.snapshot, compute)).n.sum())

        async with holding(pool, "LOCK TABLE street_cube"):
            tasks = [asyncio.create_task(total(STREET)) for _ in range(10)]

            async def one_is_left() -> bool:
                return asked == 10 and reader.get_size() - reader.get_idle_size() == 1

            await eventually(one_is_left, "nine have given their connections back")
            assert await asyncio.gather(*(total(STOPS) for _ in range(10))) == [3] * 10
            assert not any(task.done() for task in tasks)
        assert await asyncio.gather(*tasks) == [len(ROWS)] * 10


async def test_a_cube_that_could_not_be_read_is_read_by_the_next(
    pool: asyncpg.Pool, country: Country, database_url: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    async with open_pool(database_url, role=READER) as reader:
        store, cubes = Store(reader, query_timeout=25), Cubes()

        async def compute(snapshot: Snapshot) -> Cube:
            return await cubes.cube(snapshot, await snapshot.facts(), STREET)

        async with holding(pool, "LOCK TABLE street_cube"):
            tasks = [asyncio.create_task(compute_when_read(store.snapshot, compute)) for _ in range(3)]
            [pid] = await eventually(lambda: waiting_for_a_lock(pool), "one reads")
            await pool.execute("SELECT pg_cancel_backend($1)", pid)
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert [type(task.exception()) for task in done] == [TransientError]
        cubes_read = [await task for task in tasks if task not in done]
    assert [int(cube.n.sum()) for cube in cubes_read] == [len(ROWS)] * 2
