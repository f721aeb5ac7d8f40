"""Charts of a report as Vega-Lite specifications, made of its figures and nothing else. Pure.

A month without data is a grey band, never a bar of height zero. Sizes are CSS pixels: 640 are 170 mm, the
text width of an A4 page.
"""

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from pathlib import Path

import vl_convert

from services.reporter import palette
from shared.area_figures.shapes import Figures, Month
from shared.coverage import DOUBTFUL

Spec = dict[str, object]

FONT = "Inter"
FONTS = Path(__file__).parent / "fonts"
WIDTH = 640
ROW = 22
"""Height of a row of a horizontal chart."""
LABEL_ROOM = 1.08
"""The longest bar leaves room for its number."""
FEW_MONTHS, SOME_MONTHS = 15, 36
"""Up to so many months each bar has its number, or each quarter its label; beyond, each January."""

NO_CRIMES = "No street crimes with published coordinates in the months with data"
NO_MONTHS = "No data for any of these months"
PARTIAL = "May be incomplete"
PUBLISHED = "Published"
FINISHED, UNFINISHED = "12 months or older", "Newer, not finished: outcomes may still be published"
GAPS = {"not_published": "not published", "not_loaded": "not loaded"}


def category_bars(figures: Figures) -> Spec:
    """Street crimes by category, the most frequent first, each bar with its number."""
    rows = [{"category": row.name, "crimes": row.crimes} for row in figures.categories if row.crimes]
    if not rows:
        return panel(nothing(figures))
    y = {"field": "category", "type": "nominal", "sort": None, "title": None, "axis": ROW_LABELS}
    widest = {"domain": [0, LABEL_ROOM * max(row.crimes for row in figures.categories)]}
    x = {"field": "crimes", "type": "quantitative", "title": None, "axis": None, "scale": widest}
    label = {"type": "text", "align": "left", "dx": 5}
    text = {"field": "crimes", "type": "quantitative", "format": ","}
    return chart(
        ROW * len(rows),
        {"values": rows},
        {"mark": {"type": "bar", "color": palette.ACCENT}, "encoding": {"x": x, "y": y}},
        {"mark": label, "encoding": {"x": x, "y": y, "text": text}},
    )


def monthly_trend(figures: Figures) -> Spec:
    """Street crimes of every month of the window; a month without data is a band, a true zero is a ring."""
    gap = gap_label(figures.months)
    rows = [
        {"month": row.month, "crimes": row.crimes, "data": PARTIAL if is_partial(row) else PUBLISHED}
        for row in figures.months
        if row.crimes is not None
    ]
    shown = {gap, *(row["data"] for row in rows)}
    kinds = [kind for kind in (PUBLISHED, PARTIAL, gap) if kind and kind in shown]
    colours = {PUBLISHED: palette.ACCENT, PARTIAL: palette.PARTIAL, gap: palette.NO_DATA}
    colour = {
        "field": "data",
        "scale": {"domain": kinds, "range": [colours[kind] for kind in kinds]},
        "legend": {"title": None} if kinds != [PUBLISHED] else None,
    }
    x, y = months_axis(figures.months), count_axis("crimes", "Street crimes")
    if not any(row["crimes"] for row in rows):  # zero lies at the bottom also where there is nothing else
        y["scale"] = {"domain": [0, 1]}
    layers: list[Spec] = [
        *gap_band(figures.months, x, colour),
        {
            "mark": "bar",
            "encoding": {"x": x, "y": y, "color": colour},
        },
        {
            "transform": [{"filter": "datum.crimes === 0"}],
            "mark": {"type": "point", "size": 16, "color": palette.ACCENT, "strokeWidth": 1},
            "encoding": {"x": x, "y": y},
        },
    ]
    if len(figures.months) <= FEW_MONTHS:
        text = {"field": "crimes", "type": "quantitative", "format": ","}
        layers.append(
            {"mark": {"type": "text", "dy": -8}, "encoding": {"x": x, "y": y, "text": text}},
        )
    return chart(210, {"values": rows}, *layers)


def outcome_cohorts(figures: Figures) -> Spec:
    """Crimes by the month in which they were recorded, stacked by what is published of their outcome."""
    if not figures.cohorts:
        return panel("No crimes that can have an outcome in the months with data")
    groups = [group for group in figures.outcome_groups if figures.outcomes.get(group)]
    rows = [
        {
            "month": cohort.month,
            "group": figures.outcome_groups[group],
            "rank": rank,
            "crimes": cohort.groups[group],
            "finished": FINISHED if cohort.is_finished else UNFINISHED,
        }
        for cohort in figures.cohorts
        for rank, group in enumerate(groups)
        if cohort.groups.get(group)
    ]
    gap = gap_label(figures.months)
    kinds = {figures.outcome_groups[group]: palette.OUTCOMES[group] for group in groups}
    kinds |= {gap: palette.NO_DATA} if gap else {}
    ages = [age for age in (FINISHED, UNFINISHED) if any(row["finished"] == age for row in rows)]
    colour = {
        "field": "group",
        "scale": {"domain": list(kinds), "range": list(kinds.values())},
        "legend": {"title": None, "columns": 2, "symbolOpacity": 1, "symbolStrokeWidth": 0},
    }
    opacity = {
        "field": "finished",
        "scale": {"domain": [FINISHED, UNFINISHED], "range": [1, 0.4]},
        "legend": {
            "title": None,
            "orient": "bottom",
            "symbolFillColor": palette.ACCENT,
            "symbolStrokeWidth": 0,
            "values": ages,
        }
        if UNFINISHED in ages
        else None,
    }
    x = months_axis(figures.months)
    y = count_axis("crimes", "Crimes") | {"stack": "zero"}
    under = {"aggregate": "sum", **count_axis("crimes", "Crimes")}  # hides the grid behind light bars
    order = {"field": "rank"}
    bars = {"x": x, "y": y, "color": colour, "opacity": opacity, "order": order}
    return chart(
        230,
        {"values": rows},
        *gap_band(figures.months, x, colour),
        {"mark": {"type": "bar", "color": palette.PAPER}, "encoding": {"x": x, "y": under}},
        {"mark": {"type": "bar", "stroke": palette.PAPER, "strokeWidth": 0.4}, "encoding": bars},
    )


def mix_comparison(figures: Figures) -> Spec:
    """Each category's share here, in the police area, and in England and Wales; shapes differ too."""
    if not figures.crimes:
        return panel(nothing(figures))
    places = {
        "England and Wales": ("country_share", "square", palette.COUNTRY),
        f"Area of {figures.force_name}": ("area_share", "diamond", palette.AREA),
        "Here": ("share", "circle", palette.HERE),
    }
    rows = [
        {"category": row.name, "place": place, "share": share}
        for place, (field, *_) in places.items()
        for row in figures.categories
        if (share := getattr(row, field)) is not None
    ]
    used = [place for place in reversed(places) if any(row["place"] == place for row in rows)]
    _, shapes, colours = zip(*(places[place] for place in used), strict=True)
    legend = {"title": None}
    by_place = {
        channel: {"field": "place", "scale": {"domain": used, "range": list(values)}, "legend": legend}
        for channel, values in (("shape", shapes), ("color", colours))
    }
    names = [row.name for row in figures.categories]
    title = "Per cent of street crimes with published coordinates"
    axis = {"grid": False, "tickCount": 6}
    rows_axis = ROW_LABELS | {"grid": True, "tickBand": "extent"}
    x = {"field": "share", "type": "quantitative", "title": title, "axis": axis, "scale": {"zero": True}}
    y = {"field": "category", "type": "nominal", "sort": names, "title": None, "axis": rows_axis}
    beside = {"field": "place", "sort": used}  # equal shares stay visible, one above the other
    mark = {"type": "point", "filled": True, "opacity": 1, "size": 55}
    encoding = {"x": x, "y": y, "yOffset": beside, **by_place}
    return chart(ROW * len(names), {"values": rows}, {"mark": mark, "encoding": encoding})


ROW_LABELS: Spec = {"labelLimit": 200, "ticks": False, "domain": False, "labelPadding": 8}


def chart(height: int, data: Spec, *layers: Spec) -> Spec:
    """Layers over the same data, in the look of all charts."""
    axis = {
        "labelColor": palette.INK,
        "titleColor": palette.MUTED,
        "titleFontWeight": "normal",
        "titleFontSize": 10.5,
        "labelFontSize": 10.5,
        "gridColor": palette.GRID,
        "domainColor": palette.RULE,
        "tickColor": palette.RULE,
    }
    legend = {
        "orient": "top",
        "labelColor": palette.INK,
        "labelFontSize": 10.5,
        "labelLimit": 300,
        "offset": 10,
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": height,
        "padding": 2,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": data,
        "layer": list(layers),
        "config": {
            "aria": False,
            "background": None,
            "font": FONT,
            "axis": axis,
            "legend": legend,
            "text": {"fontSize": 10.5, "color": palette.INK, "font": FONT},
            "view": {"stroke": None},
        },
    }


def nothing(figures: Figures) -> str:
    """Why there is nothing to draw: no crimes is not the same as no data."""
    return NO_MONTHS if all(row.crimes is None for row in figures.months) else NO_CRIMES


def panel(words: str) -> Spec:
    """A sentence where there is nothing to draw."""
    rectangle = {"type": "rect", "color": palette.NO_DATA, "opacity": 0.5}
    frame = {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"value": 0}, "y2": {"value": "height"}}
    text = {"type": "text", "text": words, "fontSize": 12}
    middle = {"x": {"value": WIDTH / 2}, "y": {"value": 40}}
    return chart(
        80, {"values": [{}]}, {"mark": rectangle, "encoding": frame}, {"mark": text, "encoding": middle}
    )


def months_axis(months: list[Month]) -> Spec:
    """Every month of the window, known or not, has its place; only some have a label."""
    names = [row.month for row in months]
    if len(names) <= FEW_MONTHS:
        labelled, form = names, "%b %y"
    elif len(names) <= SOME_MONTHS:
        labelled, form = [name for name in names if name[5:] in ("01", "04", "07", "10")], "%b %y"
    else:
        labelled, form = [name for name in names if name.endswith("-01")], "%Y"
    axis = {
        "values": labelled,
        "labelAngle": 0,
        "labelExpr": f"utcFormat(toDate(datum.value + '-01'), '{form}')",
        "labelOverlap": True,
        "grid": False,
    }
    scale = {"domain": names, "paddingInner": 0.15, "paddingOuter": 0.1}
    return {"field": "month", "type": "ordinal", "title": None, "axis": axis, "scale": scale}


def count_axis(field: str, title: str) -> Spec:
    """Whole numbers from zero."""
    axis = {"tickCount": 5, "tickMinStep": 1, "format": ",d", "domain": False, "ticks": False}
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def gap_band(months: list[Month], x: Spec, colour: Mapping[str, object]) -> list[Spec]:
    """A layer with a grey band, as high as the chart, for every run of months without data; none without."""
    runs = [list(run) for is_gap, run in groupby(months, lambda row: row.crimes is None) if is_gap]
    if not runs:
        return []
    encoding = {
        "x": x | {"bandPosition": -0.09},
        "x2": {"field": "until", "bandPosition": 1.09},
        "y": {"value": 0},
        "y2": {"value": "height"},
        "color": {"datum": gap_label(months), "scale": colour["scale"], "legend": colour["legend"]},
    }
    rows = [{"month": run[0].month, "until": run[-1].month} for run in runs]
    return [{"data": {"values": rows}, "mark": "rect", "encoding": encoding}]


def gap_label(months: list[Month]) -> str:
    """What is said of the months without data, all together; empty where there are none."""
    return " or ".join(dict.fromkeys(GAPS[row.state] for row in months if row.crimes is None)).capitalize()


def is_partial(row: Month) -> bool:
    return row.state in DOUBTFUL


def to_svg(spec: Spec) -> str:
    """The chart as SVG; the same specification gives the same characters. The font is named, not held."""
    register_fonts()
    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return svg.replace(' opacity="1"', "")  # each would become a group of its own in a PDF


@cache
def register_fonts() -> None:
    """Text is measured with the font that the report embeds."""
    vl_convert.register_font_directory(str(FONTS))
