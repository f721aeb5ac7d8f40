"""The pages about the data: what there is, files, the account of a month, how things stand. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.gateway.coverage import Facts
from services.gateway.download_answers import DownloadList
from services.gateway.schemas import Proof
from services.gateway.site.home import dataset_names, held
from services.gateway.site.links import address, dataset_choices, year_choices
from services.gateway.site.render import render
from services.gateway.site.years import chosen_year, years_of
from shared.downloads import Column
from shared.model import Dataset, format_month, parse_month

DOWNLOADS = "/data/downloads"


@dataclass(frozen=True)
class Run:
    """A month on its way from the source."""

    dataset: str
    month: date
    source: str
    is_part: bool
    """Whether only some forces were asked for."""
    state: str
    queued_at: datetime
    ended_at: datetime | None
    verdict: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class Late:
    """A month whose counts are older than its records; `counted` None where there are none."""

    name: str
    month: str
    loaded: int
    counted: int | None


def render_data(facts: Facts) -> str:
    """What there is."""
    return render(
        "data", section="data", path="/data", datasets=[held(facts, dataset) for dataset in Dataset]
    )


def render_downloads(
    facts: Facts, files: DownloadList, columns: Sequence[Column], dataset: Dataset, year: str | None
) -> str:
    """The files of a dataset; `columns` are those of the newest month.

    Raises:
        NotFoundError: nothing of that year is held.
    """
    years = years_of(facts.months(dataset))
    shown = chosen_year(year, years)

    def is_shown(month: str) -> bool:
        return shown in (None, parse_month(month).year)

    return render(
        "data_downloads",
        section="data",
        path=DOWNLOADS,
        dataset=dataset,
        dataset_name=dataset_names()[dataset],
        datasets=dataset_choices(DOWNLOADS, dataset),
        years=year_choices(DOWNLOADS, dataset, years, shown),
        downloads=[one for one in files.downloads if is_shown(one.month)],
        being_made=[month for month in files.being_made[dataset] if is_shown(month)],
        columns=columns,
        api=address("/api/v1/downloads", dataset=dataset),
    )


def render_proof(facts: Facts, proof: Proof) -> str:
    """What became of every record that was received for a month."""
    dataset = Dataset(proof.dataset)
    return render(
        "data_proof",
        section="data",
        path="/data/proof",
        proof=proof,
        dataset_name=dataset_names()[dataset],
        datasets={str(one): name for one, name in dataset_names().items()},
        months=[format_month(month) for month in reversed(facts.months(dataset))],
        api=address("/api/v1/coverage/proof", dataset=dataset, month=proof.month),
    )


def render_status(
    facts: Facts | None, checks: Mapping[str, bool], cache: str, runs: Sequence[Run], seen: datetime | None
) -> str:
    """How things stand; `facts` is None while the database does not answer.

    `cache` is none, away or ok; `seen` is when the source's newest release was noticed.
    """
    return render(
        "data_status",
        section="data",
        path="/data/status",
        names={str(dataset): name for dataset, name in dataset_names().items()},
        datasets=newest_of(facts) if facts else None,
        late=late_of(facts) if facts else [],
        rejected=facts.rejected if facts else [],
        checks=checks,
        cache=cache,
        runs=runs,
        seen=seen,
    )


def newest_of(facts: Facts) -> list[dict[str, object]]:
    """The newest month of each dataset; `month` None where nothing is loaded."""
    found: list[dict[str, object]] = []
    for dataset, name in dataset_names().items():
        months = facts.months(dataset)
        loaded = facts.loaded[dataset, months[-1]] if months else None
        entry = {"name": name, "months": len(months), "month": None, "loaded": loaded}
        found.append(entry | {"month": format_month(months[-1])} if months else entry)
    return found


def late_of(facts: Facts) -> list[Late]:
    """The months whose counts lag behind their records, newest first."""
    return [
        Late(
            dataset_names()[dataset],
            format_month(month),
            loaded.version,
            loaded.grid.version if loaded.grid else None,
        )
        for (dataset, month), loaded in sorted(facts.loaded.items(), reverse=True)
        if loaded.grid is None or not loaded.grid.is_current
    ]
