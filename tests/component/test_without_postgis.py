"""The same months on PostgreSQL with PostGIS and on the one from PyPI: the same answers, to the row."""

import json
import os
import random
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import nats
import pytest

from deploy.local.programs import POSTGRES_KIND, find_installed
from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir
from shared.area_figures.counts_store import CountsStore
from shared.area_figures.figures import work_out
from shared.area_figures.shapes import canonical
from shared.downloads import BUCKET
from shared.migrate import migrate
from shared.tiers import Tier
from tests.component.gateway.records import OUTCOMES, PATHS, STOPS, STREET
from tests.component.gateway.sample import served_sample
from tests.component.gateway.server import Client, get
from tests.component.reporter.desk import POSTCODES
from tests.pipeline import AREAS, connected
from tests.servers import delete_streams

TABLES = {
    table: f"SELECT * FROM {table}"
    for table in (
        *("snap_point", "street_crime", "crime_outcome", "stop", "version_count"),
        *("street_cell", "stop_cell", "street_point_count", "stop_point_count"),
        *("street_cube", "stop_cube", "outcome_cube", "street_mix"),
    )
} | {"map_point": "SELECT snap_point_id, lon_e6, lat_e6 FROM map_point"}
"""Only the geographies of map points are there in one mode alone."""
PLACES = {STREET: ("2018-10..2018-11", 51.5134, -0.0886), STOPS: ("2018-10", 51.5134, -0.0886),
          OUTCOMES: ("2022-01", 51.4551, -0.9787)}  # fmt: skip
"""Months of a dataset in the sample, and the middle of its forces."""
Answers = dict[str, Any]


@asynccontextmanager
async def sample_on(kind: str, nats_url: str) -> AsyncIterator[tuple[asyncpg.Pool, Client]]:
    """The sample through loader and hexer on a server of this kind, and a gateway that serves it."""
    others = {"NATS_URL": nats_url, "REDIS_URL": "redis://nobody", "DATABASE_URL": ""}
    environ = {**os.environ, **others, POSTGRES_KIND: kind}
    with temporary_var_dir() as var_dir, LocalServers(var_dir, durable=False, environ=environ) as servers:
        url = servers.endpoints.database_url
        await migrate(url)
        await delete_streams(nats_url)
        async with connected(url) as pool, served_sample(url, nats_url) as served:
            yield pool, served.client


async def rows(pool: asyncpg.Pool) -> Answers:
    """All that the loader and the hexer have written."""
    return {
        table: [row[0] for row in await pool.fetch(f"SELECT t::text FROM ({source}) AS t ORDER BY 1")]
        for table, source in TABLES.items()
    }


async def examples(client: Client) -> Answers:
    """What the examples of the API's description are answered: statistics, trends, cells, coverage…"""
    document: Any = await get(client, "/api/v1/openapi.json")
    found: Answers = {}
    for path, methods in document["paths"].items():
        # Reports are named by chance, and versions of tiles by when they were built.
        if "get" not in methods or "/reports" in path or path.startswith("/tiles"):
            continue
        [code] = methods["get"]["x-codeSamples"]
        url = shlex.split(code["source"].replace("\\\n", ""))[1].removeprefix("http://127.0.0.1:8000")
        answer = await client.get(url)
        assert answer.status_code == 200, url
        is_json = "json" in answer.headers["content-type"]
        found[url] = without_times(answer.json()) if is_json else answer.content
    return found


def without_times(answer: Any) -> Any:
    """An answer without when something was done, and without the revision, which is named by that."""
    if isinstance(answer, dict):
        return {
            key: without_times(value)
            for key, value in answer.items()
            if not key.endswith("_at") and key != "revision"
        }
    return [without_times(one) for one in answer] if isinstance(answer, list) else answer


async def searches(client: Client) -> Answers:
    """Records in random circles, rectangles and triangles, and what a comparison counts in the circles."""
    numbers = random.Random(8)
    found: Answers = {}
    for dataset, (months, latitude, longitude) in PLACES.items():
        for _ in range(25):
            lat, lon = latitude + numbers.gauss(0, 0.005), longitude + numbers.gauss(0, 0.008)
            radius = numbers.choice([100, 500, 2000, numbers.uniform(1, 5000)])
            side = numbers.uniform(0.001, 0.03)
            corners = [[lon, lat], [lon + side, lat], [lon, lat + side], [lon, lat]]
            areas: list[dict[str, str | float]] = [
                {"latitude": lat, "longitude": lon, "radius": radius},
                {"bbox": f"{lon},{lat},{lon + side},{lat + side}"},
                {"polygon": json.dumps({"type": "Polygon", "coordinates": [corners]})},
            ]
            for area in areas:
                url = f"{PATHS[dataset]}.csv"
                answer = await client.get(url, params={"month": months, "limit": 10_000, **area})
                assert answer.status_code == 200, answer.text
                found[f"{dataset} {area}"] = answer.text
            if dataset is STREET:
                sides = {"a": f"circle:{lat},{lon},{radius}", "b": "city-of-london", "month": "2018-10"}
                compared = await client.get("/api/v1/comparisons/street", params=sides)
                found[f"compared {sides}"] = compared.status_code, without_times(compared.json())
    return found


async def figures(pool: asyncpg.Pool) -> Answers:
    """The figures of reports."""
    found: Answers = {}
    store = CountsStore(pool, AREAS)
    for postcode in ("EC2M 7PY", "EC2V 5AA"):
        for tier in Tier:
            latitude, longitude, *_ = POSTCODES[postcode]
            counts, points = await store.read(postcode, latitude, longitude, "a test", tier)
            found[f"{postcode} {tier}"] = canonical(work_out(counts)), points
    return found


async def files(nats_url: str) -> Answers:
    """Every file of whole months."""
    client = await nats.connect(nats_url)
    try:
        bucket = await client.jetstream().object_store(BUCKET)
        names = [str(info.name) for info in await bucket.list(ignore_deletes=True)]
        return {name: (await bucket.get(name)).data for name in sorted(names)}
    finally:
        await client.close()


async def everything(kind: str, nats_url: str) -> Answers:
    """All that can be asked, by what it is."""
    async with sample_on(kind, nats_url) as (pool, client):
        extensions = await pool.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")
        assert extensions == (kind == "postgis")
        return {
            "rows": await rows(pool),
            "examples": await examples(client),
            "searches": await searches(client),
            "figures": await figures(pool),
            "files": await files(nats_url),
        }


@pytest.mark.skipif(not find_installed(os.environ), reason="PostGIS is not installed: nothing to compare")
async def test_every_answer_is_that_of_a_database_with_postgis(nats_url: str) -> None:
    ours, theirs = await everything("pypi", nats_url), await everything("postgis", nats_url)
    for part in theirs:
        assert ours[part].keys() == theirs[part].keys()
        for question, answer in theirs[part].items():
            assert ours[part][question] == answer, (part, question)
    assert all(theirs["rows"].values())
    assert (
        sum(answer.count("\n") for answer in theirs["searches"].values() if isinstance(answer, str)) > 10_000
    )
