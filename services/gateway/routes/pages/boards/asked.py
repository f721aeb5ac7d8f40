"""What all dashboards ask and say."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.gateway.coverage import Facts
from services.gateway.cube_store import Cubes
from services.gateway.errors import NotFoundError
from services.gateway.routes.statistics import HIDDEN, given_filters, statistics
from services.gateway.routes.trends import TOGETHER, UNFINISHED
from services.gateway.schemas import Gap
from services.gateway.site.dashboards.questions import Period, Sent
from services.gateway.site.dashboards.shapes import Board, Chart, Dashboard, Field, api_address
from services.gateway.site.language import N_
from services.gateway.site.notes import sentences
from services.gateway.statistics import MOST_PERSONAL, PERSONAL
from services.gateway.statistics_schemas import Statistics
from services.gateway.store import Snapshot
from shared.model import Dataset

PERSONAL_NAMES = frozenset(PERSONAL)

IN_WORDS = {
    TOGETHER: N_("All forces together are counted as far as they published."),
    UNFINISHED: N_("Crimes of the last twelve months may still get an outcome."),
    HIDDEN: N_(
        "Groups of fewer than five stops are not told, and with them, where it is only one, the next larger."
    ),
}


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
    facts: Facts,
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
        force_names=facts.names,
        notes=sentences(answer.notes, IN_WORDS),
        query=[*fixed.items(), *kept],
        asked_version=sent.one("data"),
    )
