"""Addresses with their parameters. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from services.gateway.site.home import dataset_names
from services.gateway.site.language import gettext as _
from shared.model import Dataset


@dataclass(frozen=True)
class Choice:
    """One of several views of a page."""

    address: str
    name: str
    is_current: bool


def address(path: str, **query: object) -> str:
    """A path with the parameters that are given; None is left out."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, safe=',')}" if given else path


def dataset_choices(path: str, chosen: Dataset | None, *, with_all: bool = False) -> list[Choice]:
    """A page by dataset."""
    choices = [Choice(path, _("All"), chosen is None)] if with_all else []
    return choices + [
        Choice(address(path, dataset=dataset), name, dataset is chosen)
        for dataset, name in dataset_names().items()
    ]


def year_choices(path: str, dataset: Dataset, years: Iterable[int], chosen: int | None) -> list[Choice]:
    """The same by year."""
    return [Choice(address(path, dataset=dataset, year=year), str(year), year == chosen) for year in years]
