"""What all dashboards ask and say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from services.gateway.cube_store import Cubes
from services.gateway.errors import NotFoundError
from services.gateway.routes.statistics import HIDDEN, given_filters, statistics
from services.gateway.routes.trends import TOGETHER, UNFINISHED
from services.gateway.schemas import Gap
from services.gateway.site.dashboards.questions import Period, Sent
from services.gateway.site.dashboards.shapes import Board, Chart, Dashboard, Field, api_address
from services.gateway.statistics import MOST_PERSONAL, PERSONAL
from services.gateway.statistics_schemas import Statistics
from services.gateway.store import Snapshot
from shared.model import Dataset

PERSONAL_NAMES = frozenset(PERSONAL)

IN_WORDS = {
    TOGETHER: "All forces together are counted as far as they published.",
    UNFINISHED: "Crimes of the last twelve months may still get an outcome.",
    HIDDEN: (
        "Groups of fewer than five stops are not told, and with them, where it is only one, the next larger."
    ),
}
NOT_HELD = "is missing from the counts, not zero"
"""Such months are named in the notice of a page already."""


class Told(Protocol):
    """What every answer of the API says of its months."""

    data_version: dict[str, int]
    missing_months: list[str]
    gaps: list[Gap]
    notes: list[str]


class Question:
    """The filters of a page, asked along one dimension after another."""

    def __init__(
        self,
        snapshot: Snapshot,
        cubes: Cubes,
        dataset: Dataset,
        period: Period,
        filters: Mapping[str, str | None],
    ) -> None:
        self.snapshot, self.cubes, self.dataset, self.period = snapshot, cubes, dataset, period
        self.given = given_filters(**filters)

    def combines(self, name: str) -> bool:
        """Whether people may be told apart by this, beside what the filters tell them apart by."""
        return len({*(PERSONAL_NAMES & self.given.keys()), name}) <= MOST_PERSONAL

    async def ask(self, by: str) -> tuple[Statistics, str]:
        """The API's answer along a dimension, and its address."""
        table = await statistics(
            self.snapshot, self.cubes, self.dataset, by, self.period.text, self.given, [by]
        )
        assert isinstance(table.answer, Statistics)
        address = api_address(
            f"/api/v1/statistics/{self.dataset}", month=self.period.text, by=by, **self.given
        )
        return table.answer, address


def require_months(held: Sequence[str], dataset: Dataset) -> Sequence[str]:
    """The months, if there are any.

    Raises:
        NotFoundError: none.
    """
    if not held:
        raise NotFoundError("month", f"no month of {dataset} is held yet", [])
    return held


def dashboard(
    page: Board,
    fields: Sequence[Field],
    keys: Sequence[tuple[str, str, str]],
    charts: Sequence[Chart],
    answer: Told,
    months: Sequence[str],
    period: Period,
    sent: Sent,
) -> Dashboard:
    """A page of answers to the same question; `months` are those that are shown."""
    fixed = {"from": period.first, "to": period.last}
    kept = [(name, text) for name, text in sent.pairs if text and name not in (*fixed, "data")]
    return Dashboard(
        board=page,
        fields=fields,
        keys=keys,
        charts=charts,
        months=months,
        data_version=answer.data_version,
        missing_months=answer.missing_months,
        gaps=answer.gaps,
        notes=for_people(answer.notes),
        query=[*fixed.items(), *kept],
        asked_version=sent.one("data"),
    )


def for_people(notes: Iterable[str]) -> list[str]:
    """The API's notes as sentences of a page."""
    told = [IN_WORDS.get(note, f"{note[:1].upper()}{note[1:]}.") for note in notes if NOT_HELD not in note]
    return list(dict.fromkeys(told))
