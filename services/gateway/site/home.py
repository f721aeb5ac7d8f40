"""The front page: what is held, and the ways to it. Pure."""

from dataclasses import dataclass

from services.gateway.coverage import Facts, dataset_coverage
from services.gateway.site.language import gettext as _
from services.gateway.site.render import render
from shared.model import Dataset


@dataclass(frozen=True)
class Held:
    """A dataset in a few figures; `first` is None where nothing is loaded."""

    name: str
    records: int
    first: str | None
    last: str | None
    months: int
    missing: int
    forces: int


def dataset_names() -> dict[Dataset, str]:
    """What the datasets are called."""
    return {
        Dataset.STREET: _("Street crimes"),
        Dataset.OUTCOMES: _("Outcomes of crimes"),
        Dataset.STOPS: _("Stops and searches"),
    }


def held(facts: Facts, dataset: Dataset) -> Held:
    """The figures of a dataset."""
    coverage = dataset_coverage(facts, dataset, None, ())
    months = facts.months(dataset)
    forces = {force for month in months for force in facts.counts.get((dataset, month), {}) if force}
    return Held(
        dataset_names()[dataset],
        coverage.records,
        coverage.first_month,
        coverage.last_month,
        len(months),
        len(coverage.missing_months),
        len(forces),
    )


def render_home(facts: Facts) -> str:
    """The page as HTML."""
    datasets = [held(facts, dataset) for dataset in Dataset]
    lasts = [one.last for one in datasets if one.last]
    loaded = [month.loaded_at for month in facts.loaded.values()]
    return render(
        "home",
        section="home",
        path="/",
        datasets=datasets,
        newest=max(lasts, default=None),
        loaded_at=max(loaded, default=None),
        rejected=[(dataset_names()[Dataset(one.dataset)], one) for one in facts.rejected],
    )
