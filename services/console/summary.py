"""The summary of a demo: what was loaded, what was dropped and why, how long it took."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.console.screen import OUT, table
from services.console.store import CELLS, IN_VAIN, LoadedMonth, RunState
from shared.errors import RequestError
from shared.model import Dataset, format_month


@dataclass(frozen=True)
class Summary:
    """What a demo did."""

    loaded: Sequence[LoadedMonth]
    """The months that were ordered and are visible."""
    set_aside_reasons: Mapping[Dataset, Mapping[str, int]]
    cells: Mapping[Dataset, Mapping[int, int]]
    seconds: Mapping[str, float]
    """By stage; fetching, loading and making grids go on at the same time."""
    rejected: Sequence[RunState]

    def as_json(self) -> dict[str, Any]:
        """The summary for programs."""
        return {
            "records": self.by_month(lambda month: month.records),
            "dropped": self.by_month(
                lambda month: {
                    "duplicates": month.duplicates,
                    "set_aside": month.set_aside,
                    "out_of_scope": month.out_of_scope,
                }
            ),
            "set_aside_reasons": self.set_aside_reasons,
            "cells": self.cells,
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "rejected": [
                {
                    "dataset": run.dataset,
                    "month": format_month(run.month),
                    "state": run.stage,
                    "reasons": list(run.reasons),
                }
                for run in self.rejected
            ],
            "checksums": self.by_month(lambda month: month.checksum.hex()),
        }

    def by_month(self, value: Callable[[LoadedMonth], object]) -> dict[str, dict[str, object]]:
        """dataset → month → value."""
        return {
            dataset: {format_month(month.month): value(month) for month in self.of(dataset)}
            for dataset in Dataset
        }

    def of(self, dataset: Dataset) -> list[LoadedMonth]:
        """The months of one dataset, oldest first."""
        return [month for month in self.loaded if month.dataset is dataset]

    def show(self) -> None:
        """The summary as tables."""
        self.show_records()
        self.show_cells()
        rows = table("Seconds", "stage", "seconds")
        for stage, seconds in self.seconds.items():
            rows.add_row(stage.replace("_", " "), f"{seconds:,.1f}")
        OUT.print(rows)
        for run in self.rejected:
            why = "; ".join(run.reasons)
            text = f"{run.dataset} {format_month(run.month)} {run.stage}: {why}"
            OUT.print(text, style="bold red", markup=False, soft_wrap=True)

    def show_records(self) -> None:
        """Records by dataset, and what was dropped."""
        rows = table(
            "Loaded",
            *("dataset", "first", "last", "months", "records", "duplicates", "set aside", "out of scope"),
            words=3,
        )
        for dataset in Dataset:
            if months := self.of(dataset):
                rows.add_row(
                    dataset,
                    format_month(months[0].month),
                    format_month(months[-1].month),
                    str(len(months)),
                    *(f"{sum(column):,}" for column in zip(*map(fates, months), strict=True)),
                )
        OUT.print(rows)
        for dataset, reasons in self.set_aside_reasons.items():
            for reason, number in reasons.items():
                OUT.print(f"  {dataset}: {number:,} set aside: {reason}", markup=False, soft_wrap=True)

    def show_cells(self) -> None:
        """Cells by level."""
        rows = table("Cells by edge length", "dataset", *(f"{level:,} m" for level in self.levels))
        for dataset in CELLS:
            of_dataset = self.cells.get(dataset, {})
            rows.add_row(dataset, *(f"{of_dataset.get(level, 0):,}" for level in self.levels))
        OUT.print(rows)

    @property
    def levels(self) -> list[int]:
        """Edge lengths in metres."""
        return sorted({level for levels in self.cells.values() for level in levels})


def fates(month: LoadedMonth) -> tuple[int, int, int, int]:
    """What became of a month's records."""
    return month.records, month.duplicates, month.set_aside, month.out_of_scope


def in_vain(runs: Sequence[RunState]) -> list[RunState]:
    """Runs that brought no month."""
    return [run for run in runs if run.stage in IN_VAIN]


def check_writable(path: Path) -> None:
    """Refuse a summary file that cannot be written, before any work is done.

    Raises:
        RequestError: the text says why.
    """
    try:
        path.touch()
    except OSError as error:
        raise RequestError(f"the summary cannot be written: {error}") from error


def write(summary: Summary, path: Path) -> None:
    """Write the summary as JSON."""
    path.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")
