"""Progress of runs: bars on a terminal, a line now and then elsewhere."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from services.console.screen import ERR, note
from services.console.store import ENDED, IN_VAIN, RunState, Stage
from shared.model import Dataset

LINE_SECONDS = 5.0
SEEN = ENDED - IN_VAIN
FETCHED = SEEN | {Stage.LOADING, Stage.GRIDDING, Stage.REJECTED}


class Display(AbstractContextManager["Display"], Protocol):
    """Shows how far runs have come."""

    def show(self, runs: Sequence[RunState], waiting: str) -> None:
        """Show them as they are now, and what they wait for."""


def display() -> Display:
    """The one that fits standard error."""
    return Bars() if ERR.is_terminal else Lines()


class Bars(Display):
    """A bar for fetching each dataset, one for loading, one for grids."""

    def __init__(self) -> None:
        self.progress = Progress(
            TextColumn("{task.description:<15}"),
            BarColumn(bar_width=40),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
        )
        self.tasks: dict[str, TaskID] = {}
        self.live = Live(console=ERR, refresh_per_second=5)

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.__exit__(kind, error, trace)

    def show(self, runs: Sequence[RunState], waiting: str) -> None:
        for dataset in Dataset:
            if mine := [run for run in runs if run.dataset is dataset]:
                self.put(f"fetch {dataset}", sum(map(share_fetched, mine)), len(mine), describe_fetch(mine))
        loaded, gridded = count_loaded(runs), count_gridded(runs)
        records = sum(run.stored for run in runs)
        self.put("load", loaded, len(runs), f"{loaded} of {len(runs)} months, {records:,} records")
        self.put("grid", gridded, len(runs), f"{gridded} of {len(runs)} months")
        line = Text(f"waiting: {waiting}" if waiting else "", style="yellow")
        self.live.update(Group(self.progress, line))

    def put(self, name: str, completed: float, total: int, text: str) -> None:
        """Set one bar."""
        if name not in self.tasks:
            self.tasks[name] = self.progress.add_task(name, total=total, text=text)
        self.progress.update(self.tasks[name], completed=completed, total=total, text=text)


class Lines(Display):
    """A line when something has changed, but not too often."""

    def __init__(self) -> None:
        self.started = monotonic()
        self.next_line = 0.0
        self.last = ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def show(self, runs: Sequence[RunState], waiting: str) -> None:
        text = (
            f"fetched {sum(run.stage in FETCHED for run in runs)}, loaded {count_loaded(runs)}, "
            f"gridded {count_gridded(runs)} of {len(runs)} months; "
            f"{sum(run.slices_fetched for run in runs)} answers, {sum(run.stored for run in runs):,} records"
        )
        if in_vain := sum(run.stage in IN_VAIN for run in runs):
            text += f"; rejected or failed: {in_vain}"
        if waiting:
            text += f"; waiting: {waiting}"
        finished = all(run.stage in ENDED for run in runs)
        now = monotonic()
        if text != self.last and (now >= self.next_line or finished):
            note(f"{now - self.started:5.0f} s: {text}")
            self.last, self.next_line = text, now + LINE_SECONDS


def share_fetched(run: RunState) -> float:
    """How much of a run is fetched, 0 to 1. The number of its slices may still grow."""
    if run.stage in FETCHED:
        return 1.0
    return run.slices_fetched / run.slices if run.slices else 0.0


def describe_fetch(runs: Sequence[RunState]) -> str:
    """Fetching in numbers."""
    months = sum(run.stage in FETCHED for run in runs)
    answers = sum(run.slices_fetched for run in runs)
    return f"{months} of {len(runs)} months, {answers} answers"


def count_loaded(runs: Sequence[RunState]) -> int:
    """Runs whose records readers see."""
    return sum(run.stage in SEEN or run.stage is Stage.GRIDDING for run in runs)


def count_gridded(runs: Sequence[RunState]) -> int:
    """Runs whose cells readers see."""
    return sum(run.stage in SEEN for run in runs)
