"""What can become of a run: loaded, unchanged, reconciled or rejected. Pure, but for the metrics."""

from shared.events import MonthFetched, MonthLoaded, MonthRejected
from shared.metrics import records
from shared.model import Dataset


class RefusedError(Exception):
    """The gate said no: everything that was built is undone."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class UnchangedError(Exception):
    """There is a version with exactly these records already."""

    def __init__(self, version: int, stored: int) -> None:
        super().__init__(f"version {version} has the same records")
        self.version, self.stored = version, stored


def loaded(event: MonthFetched, version: int, stored: int, *, changed: bool) -> MonthLoaded:
    """The event that a month is visible."""
    return MonthLoaded(
        run_id=event.run_id,
        dataset=event.dataset,
        month=event.month,
        version=version,
        changed=changed,
        records=stored,
    )


def rejected(event: MonthFetched, reasons: list[str]) -> MonthRejected:
    """The event that a month was refused."""
    return MonthRejected(
        run_id=event.run_id, dataset=event.dataset, month=event.month, reasons=tuple(reasons)
    )


def count_records(dataset: Dataset, fates: dict[str, int], stored: int) -> None:
    """Count the records of a loaded month by fate."""
    records.labels(dataset, "stored").inc(stored)
    for fate, number in fates.items():
        records.labels(dataset, fate).inc(number)
