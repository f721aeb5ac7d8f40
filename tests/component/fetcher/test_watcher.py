"""The watcher: a new release is ordered once, with the older months that it may have changed."""

import asyncio
from uuid import uuid4

import pytest

from deploy.local.police_api.server import SamplePoliceApi
from services.fetcher.watcher import keep_watch
from shared.errors import TransientError
from shared.events import IngestRequested
from shared.model import Dataset, format_month, month_range
from shared.tasks import end
from tests.component.fetcher.insider import Insider, inside
from tests.component.fetcher.odd_source import Answer, OddSource
from tests.pipeline import eventually

ALL = sorted(Dataset)


async def orders(fetcher: Insider) -> list[tuple[str, str]]:
    """The months and datasets that are ordered on the bus, in order of publication."""
    return [
        (format_month(event.month), dataset)
        for event in await fetcher.bus.events(IngestRequested)
        if event.month
        for dataset in event.datasets
    ]


async def have_loaded(fetcher: Insider, dataset: Dataset, months: str) -> None:
    """As the loader leaves it."""
    for month in month_range(months):
        await fetcher.pool.execute(
            """
            WITH made AS (
                INSERT INTO version (
                    dataset, month, run_id, source, received, duplicates, set_aside, out_of_scope,
                    kept_from_previous, stored, checksum
                )
                VALUES ($1, $2, $3, 'api', 0, 0, 0, 0, 0, 0, '') RETURNING id
            )
            INSERT INTO current_version (dataset, month, version_id) SELECT $1, $2, id FROM made
            """,
            dataset,
            month,
            uuid4(),
        )


async def test_the_first_look_orders_everything_the_newest_month_first(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    api.control(latest="2019-01", window=3)
    async with inside(api.url, database_url, nats_url) as fetcher:
        await fetcher.watcher(0).look()
        found = await orders(fetcher)
        assert sorted(found) == [
            (month, dataset) for month in ("2018-11", "2018-12", "2019-01") for dataset in ALL
        ]
        for dataset in Dataset:
            months = [month for month, other in found if other == dataset]
            assert months == ["2019-01", "2018-12", "2018-11"]


async def test_a_new_release_is_ordered_once_with_the_older_months_it_may_have_changed(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    api.control(latest="2019-01", window=5)
    async with inside(api.url, database_url, nats_url) as fetcher:
        await fetcher.watcher(2).look()
        first = await orders(fetcher)
        await have_loaded(fetcher, Dataset.STREET, "2018-09..2019-01")
        await have_loaded(fetcher, Dataset.STOPS, "2018-10..2019-01")
        await fetcher.watcher(2).look()
        assert await orders(fetcher) == first

        api.control(latest="2019-02", window=6)
        for _ in range(3):
            await fetcher.watcher(2).look()
        new = (await orders(fetcher))[len(first) :]
        window = ["2019-02", "2019-01", "2018-12", "2018-11", "2018-10", "2018-09"]
        expected = {
            Dataset.STREET: window[:3],
            Dataset.OUTCOMES: window,  # none of them is loaded
            Dataset.STOPS: [*window[:3], "2018-09"],
        }
        for dataset in Dataset:
            assert [month for month, other in new if other == dataset] == expected[dataset]


async def test_a_watcher_killed_between_ordering_and_noting_it_orders_nothing_twice(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    api.control(latest="2019-01", window=2)
    async with inside(api.url, database_url, nats_url) as fetcher:
        await fetcher.watcher(0).look()
        first = await fetcher.bus.events(IngestRequested)
        await fetcher.pool.execute("DELETE FROM release")
        await fetcher.watcher(0).look()
        assert await fetcher.bus.events(IngestRequested) == first
        for event in first * 2:
            assert event.month is not None
            await fetcher.store.queue_runs(event, event.month)
        assert await fetcher.pool.fetchval("SELECT count(*) FROM run") == 2 * len(Dataset)


async def test_a_release_that_could_not_be_ordered_is_looked_at_again(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    api.control(scenario="outage", latest="2019-01", window=2)
    async with inside(api.url, database_url, nats_url, tries=1) as fetcher:
        with pytest.raises(TransientError, match="crime-last-updated: HTTP 503"):
            await fetcher.watcher(0).look()
        assert await orders(fetcher) == []
        api.control(scenario="good")
        await fetcher.watcher(0).look()
        assert len(await orders(fetcher)) == 2 * len(Dataset)


async def test_an_order_without_a_month_is_for_all_that_is_there_and_not_loaded(
    api: SamplePoliceApi, database_url: str, nats_url: str
) -> None:
    api.control(latest="2019-01", window=3)
    async with inside(api.url, database_url, nats_url) as fetcher:
        await have_loaded(fetcher, Dataset.STREET, "2018-11..2019-01")
        await have_loaded(fetcher, Dataset.STOPS, "2018-12")
        await fetcher.runs.order(
            IngestRequested(order_id=uuid4(), month=None, datasets=(Dataset.STREET, Dataset.STOPS))
        )
        rows = await fetcher.pool.fetch("SELECT dataset, month FROM run ORDER BY month")
        assert [(row["dataset"], format_month(row["month"])) for row in rows] == [
            ("stops", "2018-11"),
            ("stops", "2019-01"),
        ]


async def test_nonsense_in_place_of_a_release_does_not_stop_the_watch(
    database_url: str, nats_url: str
) -> None:
    nonsense = [b"<html>Maintenance</html>", b"", b"{}", b'{"date":"soon"}', b'{"date":null}']
    odd = OddSource(
        {
            "crime-last-updated": [Answer(body) for body in nonsense] + [Answer(b"", 403), Answer(b"", 301)],
            "crimes-street-dates": [Answer(b"[]"), Answer(b'[{"date":"2018"}]'), Answer(b"null")],
        }
    )
    async with odd.serving() as url, inside(url, database_url, nats_url, tries=1) as fetcher:
        watch = asyncio.create_task(keep_watch(fetcher.watcher(0), 0.01))

        async def look() -> list[tuple[str, str]]:
            return await orders(fetcher)

        await eventually(look, "the watch goes on")
        await end(watch)
        assert sorted(await orders(fetcher)) == [("2018-12", dataset) for dataset in ALL]
        assert odd.asked["crimes-street-dates"] == 4
        assert odd.asked["crime-last-updated"] >= 7 + 4


async def test_a_month_that_is_announced_and_not_listed_yet_is_ordered_when_it_is(
    database_url: str, nats_url: str
) -> None:
    odd = OddSource({"crimes-street-dates": [Answer(b'[{"date":"2018-11","stop-and-search":[]}]')]})
    async with odd.serving() as url, inside(url, database_url, nats_url) as fetcher:
        with pytest.raises(TransientError, match="announces 2018-12 and does not list it yet"):
            await fetcher.watcher(0).look()
        assert await orders(fetcher) == []
        await fetcher.watcher(0).look()
        assert sorted(await orders(fetcher)) == [("2018-12", dataset) for dataset in ALL]
