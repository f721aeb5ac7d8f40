"""Which months of which police area are counted, and why. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from shared.area_figures.counts import Area, MonthState
from shared.coverage import BTP, USUAL_MONTHS, State, judge
from shared.model import Dataset, months_after
from shared.tiers import Window

WHOLE: tuple[State, ...] = ("published", "published_empty")


@dataclass(frozen=True)
class Grid:
    """A month's counts as they can be read."""

    version: int
    mapping: int
    release: date | None


@dataclass(frozen=True)
class ForceMonths:
    """What tells which months are whole: records by police area and month, and the forces asked for."""

    records: dict[Area, Counter[date]]
    """Of the areas of England and Wales. The British Transport Police has none."""
    railway: Counter[date]
    """What the British Transport Police recorded, wherever it lies."""
    scopes: dict[date, list[str]]
    changes: dict[date, float]

    def judge(self, area: Area, month: date, *, loaded: bool) -> tuple[State, str]:
        """The state of an area's month and the evidence."""
        records = self.records.get(area, Counter())
        return judge(
            Dataset.STREET,
            area.slug,
            month,
            area.population,
            records[month],
            usual(records, month),
            change=self.changes.get(month, 1.0),
            loaded=loaded,
            in_scope=self.was_asked(area.slug, month),
            listed_empty=False,
        )

    def was_asked(self, force: str, month: date) -> bool:
        """Whether a force was ever asked for a month."""
        return force in self.scopes.get(month, [force])

    def railway_months(self, counted: Collection[date]) -> int:
        """Of the counted months those that the British Transport Police has data of.

        Few are not none: how much happens on railways follows other things than what police areas record.
        """
        return sum(bool(self.railway[month]) and self.was_asked(BTP, month) for month in counted)


def as_counted(grid: Grid | None) -> tuple[int, int] | None:
    """What names the counts of a month; None where it is not loaded."""
    return (grid.version, grid.mapping) if grid else None


def month_states(
    known: ForceMonths, area: Area, window: Window, grids: Mapping[date, Grid]
) -> list[MonthState]:
    """What is known of each month of the window."""
    states = []
    for month in window.months:
        grid = grids.get(month)
        state, evidence = known.judge(area, month, loaded=grid is not None)
        version, release = (grid.version, grid.release) if grid else (None, None)
        states.append(MonthState(month, version, release, state, evidence))
    return states


def months_with_data(
    known: ForceMonths, area: Area, window: Window, grids: Mapping[date, Grid], counted: Collection[date]
) -> int:
    """Of the counted months those that another area has whole data of."""
    states = month_states(known, area, window, grids)
    return sum(one.state in WHOLE and one.month in counted for one in states)


def usual(records: Mapping[date, int], month: date) -> list[int]:
    """Records of the months that say what is usual."""
    return [records.get(months_after(month, -back), 0) for back in range(1, USUAL_MONTHS + 1)]
