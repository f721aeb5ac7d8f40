"""The hexer's messages: a loaded month gets its cells and cubes.

It bears to be delivered twice: read models that hold the version already are left as they are.
"""

import asyncio
from collections.abc import Awaitable, Callable

from faststream.nats import NatsBroker

from services.hexer.downloads import Downloads
from services.hexer.store import GridError, Store
from shared.bus import publish, subscriber
from shared.errors import CrimeMapsError, PermanentError
from shared.events import GridRebuilt, MonthLoaded
from shared.logs import get_logger

log = get_logger()


def register(broker: NatsBroker, store: Store) -> None:
    """Subscribe the handlers."""

    @subscriber(broker, "hexer-months", workers=1)
    async def month_loaded(event: MonthLoaded) -> None:
        await publish(broker, await rebuild(store, event))


def register_downloads(broker: NatsBroker, downloads: Downloads) -> None:
    """Subscribe the other reader of loaded months: cells do not wait for files."""

    @subscriber(broker, "hexer-downloads", workers=1)
    async def files_wanted(event: MonthLoaded) -> None:
        if await downloads.build(event.dataset, event.month) is None:
            raise PermanentError(f"{event.dataset} {event.month} is not loaded")


async def rebuild(store: Store, event: MonthLoaded) -> GridRebuilt:
    """Rebuild the month of an event. If a newer version came meanwhile, it is the one that counts."""
    rebuilt = await store.rebuild(event.dataset, event.month)
    if rebuilt is None:
        raise PermanentError(f"{event.dataset} {event.month} is not loaded")
    log.info("grid.rebuilt", dataset=event.dataset, month=str(event.month), version=rebuilt.version)
    return GridRebuilt(
        run_id=event.run_id,
        dataset=event.dataset,
        month=event.month,
        version=rebuilt.version,
        cells=rebuilt.cells,
        mapping_version=rebuilt.mapping_version,
    )


async def catch_up(broker: NatsBroker, store: Store) -> None:
    """Rebuild what lags behind, such as every month after a new outcome mapping."""
    for stale in await store.stale_months():
        event = MonthLoaded(
            run_id=stale["run_id"],
            dataset=stale["dataset"],
            month=stale["month"],
            version=stale["version_id"],
            changed=True,
            records=stale["stored"],
        )
        try:
            await publish(broker, await rebuild(store, event))
        except (CrimeMapsError, GridError) as error:
            log.warning("grid.postponed", dataset=event.dataset, month=str(event.month), reason=str(error))


async def keep_catching_up(what: str, catch_up: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Catch up with grids or downloads, the first time at once."""
    while True:
        try:
            await catch_up()
        except CrimeMapsError as error:
            log.warning(f"{what}.postponed", reason=str(error))
        except Exception:  # a bug must not stop the clock in silence
            log.exception(f"{what}.postponed")
        await asyncio.sleep(seconds)
