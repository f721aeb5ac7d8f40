"""Orders: read from the command line, checked, put on the bus."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from services.console.store import RunState
from shared.bus import create_broker, publish
from shared.errors import RequestError
from shared.events import Event, IngestRequested, run_id
from shared.model import FIRST_MONTH, Dataset, format_month, month_range

STOP_TIMEOUT = 5.0


def read_months(text: str) -> list[date]:
    """Months as in `2018-10..2018-12,2022-01`, oldest first.

    Raises:
        RequestError: not months, or months that are not over.
    """
    try:
        months = month_range(text)
    except ValueError as error:
        raise RequestError(str(error)) from error
    this_month = datetime.now(UTC).date().replace(day=1)
    future = [format_month(month) for month in months if month >= this_month]
    if future:
        raise RequestError(
            f"{', '.join(future)} cannot be published yet: "
            f"valid are months from {FIRST_MONTH} to before {format_month(this_month)}"
        )
    return months


def read_datasets(text: str) -> tuple[Dataset, ...]:
    """Datasets as in `street,stops`, in the order of the model.

    Raises:
        RequestError: one does not exist.
    """
    names = split(text)
    check("dataset", names, list(Dataset))
    return tuple(dataset for dataset in Dataset if dataset in names)


def read_forces(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Forces as in `btp,kent`.

    Raises:
        RequestError: one does not exist.
    """
    names = split(text)
    check("force", names, known)
    return tuple(sorted(set(names)))


def split(text: str) -> list[str]:
    """The words of a comma-separated list."""
    return [word.strip() for word in text.split(",")]


def check(kind: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Refuse what does not exist, and name what does."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RequestError(f"no {kind} {', '.join(map(repr, unknown))}: valid are {', '.join(known)}")


async def place(nats_url: str, orders: Sequence[Event]) -> None:
    """Put orders on the bus.

    Raises:
        TransientError: the bus did not confirm them.
    """
    broker = create_broker(nats_url, stop_timeout=STOP_TIMEOUT)
    await broker.connect()
    try:
        for order in orders:
            await publish(broker, order)
    finally:
        await broker.stop()


def runs_of(orders: Iterable[IngestRequested]) -> dict[UUID, RunState]:
    """The runs that orders will become, as they are before anybody has seen them."""
    runs = {}
    for order in orders:
        assert order.month is not None
        for dataset in order.datasets:
            run = run_id(order.order_id, dataset, order.month)
            runs[run] = RunState(run, dataset, order.month)
    return runs
