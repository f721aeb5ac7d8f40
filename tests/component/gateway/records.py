"""Real months of the sample, loaded as in production, and what is asked of them."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import asyncpg

from services.hexer.store import Store as Hexer
from shared.model import Dataset
from tests.builders import CITY, sample_run
from tests.component.gateway.server import Client, get
from tests.pipeline import loaded, loader_store

STREET, OUTCOMES, STOPS = Dataset.STREET, Dataset.OUTCOMES, Dataset.STOPS
PATHS = {STREET: "/api/v1/street-crimes", OUTCOMES: "/api/v1/outcomes", STOPS: "/api/v1/stops"}
Record = dict[str, Any]


async def load(
    pool: asyncpg.Pool,
    dataset: Dataset,
    month: str,
    forces: Iterable[str] = (CITY,),
    *,
    revised: bool = False,
    cells: bool = True,
) -> date:
    """Load a month of the sample."""
    run = sample_run(dataset, month, tuple(forces), revised=revised)
    await loaded(loader_store(pool), run)
    if cells:
        await Hexer(pool).rebuild(dataset, run.month)
    return run.month


async def search(client: Client, dataset: Dataset, **params: Any) -> list[Record]:
    """All records of a search, page after page."""
    answer = await get(client, PATHS[dataset], **params)
    records: list[Record] = answer["records"]
    while answer["next"]:
        answer = (await client.get(answer["next"])).json()
        assert answer["records"]
        records += answer["records"]
    ids = [record["id"] for record in records]
    assert len(set(ids)) == len(ids)
    return records


def places(records: Iterable[Record]) -> Counter[tuple[str, str]]:
    """How many records there are at each published point."""
    return Counter(
        ("", "") if one["latitude"] is None else (f"{one['longitude']:.6f}", f"{one['latitude']:.6f}")
        for one in records
    )


def places_of_csv(rows: Iterable[dict[str, str]]) -> Counter[tuple[str, str]]:
    """The same of the archive's rows."""
    return Counter((row["Longitude"], row["Latitude"]) for row in rows)


def csv_records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
