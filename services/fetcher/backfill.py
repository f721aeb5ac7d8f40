"""Load months of a bulk archive: `python -m services.fetcher.backfill FILE.zip|URL`.

Says on standard output, as JSON lines, which runs it makes and how far it is. Called again after it was
stopped, it goes on: runs are named after the archive's content and what was asked of it.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import BinaryIO, cast

from pydantic import ValidationError

from services.fetcher.archive import Archive
from services.fetcher.archive_runs import ArchiveRuns, Scope
from services.fetcher.archive_store import ArchiveStore
from services.fetcher.remote_file import open_url
from services.fetcher.store import Store
from shared.bus import create_broker
from shared.db import FETCHER, open_pool
from shared.errors import CrimeMapsError, PermanentError
from shared.logs import configure_logs
from shared.model import Dataset, month_range
from shared.provision import connect
from shared.service import setting_problem
from shared.settings import Settings
from shared.tracing import exporting

BAD_INPUT, IN_VAIN = 2, 3
"""Python itself ends with 1 where a program breaks: that must not look like an answer."""


def main() -> int:
    """0: every page is on the bus; 3: a run failed; 2: bad input, or a server that is away."""
    parser = argparse.ArgumentParser(prog="backfill", description=__doc__)
    parser.add_argument("archive", help="a file, or an address whose server honours Range")
    parser.add_argument("--months", type=months_of, help="2018-10, 2018-10..2018-12, or a list")
    parser.add_argument("--datasets", type=datasets_of, help="street, outcomes, stops")
    parser.add_argument("--forces", type=lambda text: tuple(sorted(set(text.split(",")))))
    parser.add_argument("--accept-loss", action="store_true")
    options = parser.parse_args()
    scope = Scope(options.months, options.datasets, options.forces, options.accept_loss)
    try:
        settings = Settings()  # type: ignore[call-arg]
        configure_logs("backfill", settings.log_level)
        endpoint = settings.otel_exporter_otlp_endpoint
        with open_archive(options.archive) as archive, exporting("backfill", endpoint):
            return asyncio.run(backfill(settings, archive, options.archive, scope))
    except ValidationError as error:
        return refuse("; ".join(setting_problem(problem) for problem in error.errors()))
    except CrimeMapsError as problem:
        return refuse(str(problem))


def refuse(reason: str) -> int:
    """One line, no traceback."""
    print(f"backfill: {reason}", file=sys.stderr)
    return BAD_INPUT


def months_of(text: str) -> tuple[date, ...]:
    """Months as in `2018-10..2018-12`."""
    try:
        return tuple(month_range(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def datasets_of(text: str) -> tuple[Dataset, ...]:
    """Datasets as in `street,stops`, in the order of the model."""
    names = text.split(",")
    if unknown := sorted(set(names) - set(Dataset)):
        raise argparse.ArgumentTypeError(f"no dataset {', '.join(unknown)}: valid are {', '.join(Dataset)}")
    return tuple(dataset for dataset in Dataset if dataset in names)


@contextmanager
def open_archive(place: str) -> Iterator[Archive]:
    """An archive on this machine or behind a URL.

    Raises:
        PermanentError, TransientError: it cannot be read, or is none that is safe to unpack.
    """
    if "://" in place:
        with open_url(place) as remote:
            yield Archive(cast(BinaryIO, remote))
        return
    try:
        file = open(place, "rb")  # noqa: SIM115 closed below; only opening may be the user's mistake
    except OSError as error:
        raise PermanentError(f"{place} cannot be read: {error.strerror}") from error
    with file:
        yield Archive(file)


async def backfill(settings: Settings, archive: Archive, place: str, scope: Scope) -> int:
    """Put the chosen members on the bus."""
    await (await connect(settings.nats_url)).close()  # a clear refusal; the broker would wait in silence
    broker = create_broker(settings.nats_url, stop_timeout=settings.stop_timeout)
    async with open_pool(settings.database_url, max_size=2, role=FETCHER) as pool:
        await broker.connect()
        try:
            runs = ArchiveRuns(archive, ArchiveStore(pool), Store(pool), broker, say)
            return IN_VAIN if await runs.run(scope, name_of(place)) else 0
        finally:
            await broker.stop()


def name_of(place: str) -> str:
    """The archive's file name, without what an address may carry that is nobody's business."""
    return place.partition("?")[0].rstrip("/").rpartition("/")[2]


def say(event: str, **facts: object) -> None:
    """One JSON line."""
    print(json.dumps({"event": event, **facts}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
