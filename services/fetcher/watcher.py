"""The clock of the fetcher: looks for a new release, and for work that was left behind."""

import asyncio
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from faststream.nats import NatsBroker

from services.fetcher.bus_watch import measure_bus
from services.fetcher.plan import months_to_order
from services.fetcher.police_api import PoliceApi
from services.fetcher.runs import Runs
from services.fetcher.store import Store
from shared.bus import publish
from shared.errors import CrimeMapsError, TransientError
from shared.events import IngestRequested
from shared.logs import get_logger
from shared.metrics import newest_month_age, release_waiting, releases_seen
from shared.model import Dataset, format_month, next_month

log = get_logger()


class Watcher:
    """Orders what a new release brings, and, because outcomes change, the months before it again."""

    def __init__(self, store: Store, api: PoliceApi, broker: NatsBroker, *, refresh_months: int) -> None:
        self.store, self.api, self.broker = store, api, broker
        self.refresh_months = refresh_months

    async def look(self) -> None:
        """One look at the source. The order's id comes from the release: looking twice orders once."""
        newest = await self.api.newest_month()
        if newest == await self.store.newest_release():
            return
        months = list(await self.api.months())
        if newest not in months:
            raise TransientError(f"the source announces {format_month(newest)} and does not list it yet")
        loaded = await self.store.loaded_months()
        order_id = uuid5(NAMESPACE_URL, f"release/{format_month(newest)}")
        for dataset in Dataset:
            for month in months_to_order(months, loaded[dataset], self.refresh_months):
                await publish(
                    self.broker, IngestRequested(order_id=order_id, month=month, datasets=(dataset,))
                )
        await self.store.see_release(newest)
        releases_seen.inc()
        log.info("release.seen", newest=format_month(newest))

    async def measure_data(self) -> None:
        """Tell how old the newest month is, and how long a release waits."""
        await self.measure_age()
        for dataset, seconds in (await self.store.release_waiting()).items():
            release_waiting.labels(dataset).set(seconds)

    async def measure_queues(self) -> None:
        """Tell what waits on the bus, and what was given up."""
        await measure_bus(self.broker)

    async def measure_age(self) -> None:
        """Tell how old the newest loaded month of each dataset is."""
        now = datetime.now(UTC)
        for dataset, months in (await self.store.loaded_months()).items():
            if months:
                end = next_month(max(months))
                age = now - datetime(end.year, end.month, 1, tzinfo=UTC)
                newest_month_age.labels(dataset).set(age.total_seconds())


async def keep_watch(watcher: Watcher, seconds: float) -> None:
    """Look again and again; what goes wrong is logged and tried at the next look."""
    while seconds:
        try:
            await watcher.look()
        except CrimeMapsError as error:
            log.warning("release.unknown", reason=str(error))
        except Exception:  # a bug must not stop the clock in silence
            log.exception("release.unknown")
        await asyncio.sleep(seconds)


async def keep_going(runs: Runs, seconds: float) -> None:
    """Tick, the first time at once."""
    while True:
        try:
            await runs.tick()
        except CrimeMapsError as error:
            log.warning("runs.postponed", reason=str(error))
        except Exception:  # a bug must not stop the clock in silence
            log.exception("runs.postponed")
        await asyncio.sleep(seconds)


async def keep_measuring(watcher: Watcher, seconds: float) -> None:
    """Measure, the first time at once: beside all other work, which may wait long for the source."""
    while True:
        for measure in (watcher.measure_data, watcher.measure_queues):
            try:
                await measure()
            except CrimeMapsError as error:
                log.warning("measure.postponed", reason=str(error))
            except Exception:  # a bug must not stop the clock in silence
                log.exception("measure.postponed")
        await asyncio.sleep(seconds)
