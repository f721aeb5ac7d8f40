"""Months go through loader and hexer with the logins of their roles, as they do with the owner's."""

from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.servers import LocalServers
from services.hexer.download_store import DownloadStore
from services.hexer.downloads import Downloads
from services.hexer.store import Store as Hexer
from shared.bus import create_broker
from shared.db import HEXER, LOADER
from shared.events import MonthLoaded, MonthRejected, RollbackRequested
from shared.model import Dataset
from tests.archives import archive_run, load_archive, real
from tests.builders import CITY, OCTOBER, page, run_of, sample_run
from tests.bus import Bus
from tests.logins import made_logins
from tests.pipeline import connected, load, loaded, loader_store
from tests.servers import cloned

TABLES = """
SELECT c.oid::regclass::text AS name
FROM pg_class AS c
WHERE
    c.relnamespace IN ('public'::regnamespace, 'staging'::regnamespace)
    AND c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
CLOCKS = [
    *("loaded_at", "decided_at", "revised_at", "reconciled_at", "rebuilt_at", "built_at", "replaced_at"),
    *("first_seen", "seconds", "staged_at"),
    "manifest",  # the files tell when the month was loaded
]
ORDER = uuid4()
"""Of the rollback."""
RUNS = [
    sample_run(),
    sample_run(revised=True),
    sample_run(),
    sample_run(Dataset.STOPS),
    sample_run(Dataset.OUTCOMES, "2022-01", ("thames-valley",)),
]
REFUSED = run_of(Dataset.STREET, page())
ARCHIVED = archive_run(real("2018-10", Dataset.STREET, CITY))


@pytest.fixture
def other_url(servers: LocalServers, migrated_template: str) -> Iterator[str]:
    """A second database without data."""
    with cloned(servers.endpoints.database_url, migrated_template) as url:
        yield url


async def fill(loader: asyncpg.Pool, hexer: asyncpg.Pool, nats_url: str) -> None:
    """All that the two services do: months that come, are replaced, compared, refused and taken back."""
    store = loader_store(loader)
    for run in RUNS:
        version = (await loaded(store, run)).version
        assert await Hexer(hexer).rebuild(run.dataset, run.month)
        if run is RUNS[1]:
            kept = version
    assert isinstance(await load(store, REFUSED), MonthRejected)
    assert isinstance(await load_archive(store, ARCHIVED), MonthLoaded)
    await store.roll_back(
        RollbackRequested(
            order_id=ORDER, dataset=Dataset.STREET, month=OCTOBER, version=kept, reason="a mistake"
        )
    )
    assert await Hexer(hexer).rebuild(Dataset.STREET, OCTOBER)
    broker = create_broker(nats_url, stop_timeout=1)
    await broker.connect()
    await Downloads(broker, DownloadStore(hexer), keep_hours=0).catch_up()
    await broker.stop()


async def contents(database_url: str) -> dict[str, list[str]]:
    """Every row of every table, without what the clock tells."""
    found = {}
    async with connected(database_url) as pool:
        for table in await pool.fetch(TABLES):
            rows = await pool.fetch(
                f"SELECT (to_jsonb(t) - $1::text [])::text AS row FROM {table['name']} AS t ORDER BY 1",
                CLOCKS,
            )
            found[table["name"]] = [row["row"] for row in rows]
    return found


async def test_months_are_the_same_whoever_loads_and_counts_them(
    bus: Bus, database_url: str, other_url: str, nats_url: str
) -> None:
    async with connected(other_url) as owner:
        await fill(owner, owner, nats_url)
    urls = await made_logins(database_url)
    async with connected(urls[LOADER], role=LOADER) as loader, connected(urls[HEXER], role=HEXER) as hexer:
        await fill(loader, hexer, nats_url)
    ours, theirs = await contents(database_url), await contents(other_url)
    assert ours.keys() == theirs.keys()
    for table, rows in theirs.items():
        assert ours[table] == rows, table
    filled = {table for table, rows in ours.items() if rows}
    assert {"street_crime", "stop", "crime_outcome", "reconciliation_count", "revision_count"} < filled
    assert {"street_cell", "outcome_cube", "grid", "download", "verdict"} < filled
    assert "street_crime_v1" not in ours, "the version before the last two is gone"
