"""The charts of an area's figures. Pure."""

from collections.abc import Sequence
from functools import partial

from markupsafe import Markup

from services.gateway.site import words
from services.gateway.site.charts import NARROW, Bar, Column, Pair, bars, both, columns, pairs
from services.gateway.site.language import gettext as _
from shared.area_figures.shapes import Category, Figures, Month
from shared.coverage import DOUBTFUL


def all_of(figures: Figures) -> dict[str, Markup]:
    """Every chart of the page, by its section."""
    return {
        "categories": both(partial(bars, category_bars(figures.categories), _("Crimes by category"))),
        "trend": both(
            partial(columns, [trend_column(month) for month in figures.months], _("Crimes by month"))
        ),
        "outcomes": both(partial(columns, outcome_columns(figures), _("Crimes by month and outcome"))),
        "area_mix": mix(
            figures,
            [(row.share, row.area_share, row.area_pp) for row in figures.categories],
            _("Shares here and in the area of %(name)s") % {"name": figures.force_name},
        ),
        "country_mix": mix(
            figures,
            [(row.share, row.country_share, row.country_pp) for row in figures.categories],
            _("Shares here and in England and Wales"),
        ),
    }


def category_bars(categories: Sequence[Category]) -> list[Bar]:
    """Those that occur."""
    return [
        Bar(row.name, row.crimes, f"{words.number(row.crimes)} ({words.percent(row.share)})")
        for row in categories
        if row.crimes
    ]


def embed_categories(figures: Figures, most: int) -> Markup:
    """The most frequent categories, for a frame of any width."""
    return bars(category_bars(figures.categories)[:most], _("Crimes by category"), NARROW)


def trend_column(month: Month) -> Column:
    """A month; one whose data may not be whole is told apart, one without data is a gap."""
    if month.crimes is None:
        return Column(month.month, None)
    kind = "fill-doubtful" if month.state in DOUBTFUL else "fill-1"
    return Column(month.month, [(kind, month.crimes)])


def outcome_columns(figures: Figures) -> list[Column]:
    """The crimes of each month by the group of their outcome."""
    cohorts = {cohort.month: cohort for cohort in figures.cohorts}
    found = []
    for month in figures.months:
        cohort = cohorts.get(month.month)
        parts = cohort and [(f"fill-{slug}", cohort.groups[slug]) for slug in figures.outcome_groups]
        found.append(Column(month.month, parts or None, bool(cohort and not cohort.is_finished)))
    return found


def mix(
    figures: Figures, values: Sequence[tuple[float | None, float | None, float | None]], label: str
) -> Markup:
    """Shares here beside those of somewhere else, with the difference."""
    rows = [
        Pair(row.name, here, there, words.named_points(pp))
        for row, (here, there, pp) in zip(figures.categories, values, strict=True)
    ]
    return both(partial(pairs, rows, label))
