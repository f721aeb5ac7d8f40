"""Charts say what the figures say, show gaps as gaps, and judge nothing."""

import csv
import json
import lzma
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from services.reporter import alt_text, charts, palette
from services.reporter.charts import Spec
from shared.area_figures.shapes import Category, Cohort, Figures, Month

SAMPLE = Path(__file__).parents[2] / "deploy/local/sample/police"
CHARTS = (charts.category_bars, charts.monthly_trend, charts.outcome_cohorts, charts.mix_comparison)
TEXTS = (alt_text.category_bars, alt_text.monthly_trend, alt_text.outcome_cohorts, alt_text.mix_comparison)
JUDGING = re.compile(
    r"\b(un)?safe\w*|danger\w*|risk\w*|hot ?spot\w*|worst|best|good|bad|better|worse"
    r"|score|rank\w*|alarming|crime.ridden",
    re.IGNORECASE,
)
GROUPS = {
    "positive": "Charge, caution or penalty notice",
    "local_resolution": "Local resolution or warning",
    "negative": "No action by the police, or none yet",
    "none": "No outcome published",
    "unmapped": "Outcome not yet classified",
}


def month_names(number: int) -> list[str]:
    return [f"{2010 + index // 12}-{index % 12 + 1:02}" for index in range(number)]


def figures_of(counts: dict[str, int | None], states: dict[str, str] | None = None) -> Figures:
    """Figures with these crimes by month; a quarter of each month's has each of four outcomes."""
    months = [
        Month(month, (states or {}).get(month, "not_loaded" if n is None else "published"), "", n, None)
        for month, n in counts.items()
    ]
    known = {month: n for month, n in counts.items() if n}
    names = list(counts)
    cohorts = [
        Cohort(
            month, n, dict.fromkeys(list(GROUPS)[:4], n // 4), 0, None, month < names[-min(12, len(names))]
        )
        for month, n in known.items()
    ]
    total = sum(known.values())
    theft = Category("other-theft", "Other theft", total, 100.0 if total else None, 25.0, 6.3, 75.0, 93.7)
    drugs = Category("drugs", "Drugs", 0, 0.0 if total else None, 75.0, 93.7, -75.0, -93.7)
    return Figures(
        figures_version=1,
        postcode="EC2M 7PY",
        latitude=51.5186,
        longitude=-0.0813,
        postcode_source="a test",
        force="city-of-london",
        force_name="City of London",
        tier="premium",
        radius_m=500,
        first_month=names[0],
        last_month=names[-1],
        months=months,
        neighbours=[],
        railway_months=0,
        missing_months=[month for month, n in counts.items() if n is None],
        revision="1",
        release=None,
        crimes=total,
        categories=[theft, drugs],
        locations=[],
        location_names=0,
        outcome_groups=GROUPS,
        outcomes=dict.fromkeys(list(GROUPS)[:4], sum(n // 4 for n in known.values())),
        pending=0,
        resolution_rate=None,
        cohorts=cohorts,
        area_crimes=0,
        area_unlocated=0,
        area_unlocated_share=None,
        country_crimes=0,
        country_forces=0,
        ons_edition="",
        ons_population="",
        ons_categories=[],
    )


def bars(spec: Spec, colour: str) -> list[tuple[float, float]]:
    """Width and height of every rectangle of a colour among the marks of the drawing, not of its legend."""
    found = re.findall(r'<path d="([^"]*)" fill="([^"]*)"', charts.to_svg(spec))
    sizes = [re.search(r"h(-?[\d.]+)v(-?[\d.]+)h", path) for path, fill in found if fill == colour]
    return [(float(size[1]), float(size[2])) for size in sizes if size]


def words(spec: Spec) -> list[str]:
    root = ElementTree.fromstring(charts.to_svg(spec))
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="module")
def real() -> Counter[str]:
    """Located street crimes of the City of London in 2019-10 by the source's category names."""
    with lzma.open(SAMPLE / "2019-10/2019-10-city-of-london-street.csv.xz", "rt") as lines:
        return Counter(row["Crime type"] for row in csv.DictReader(lines) if row["Longitude"])


def test_every_category_of_a_real_month_has_its_number_in_order_of_frequency(real: Counter[str]) -> None:
    rows = [Category(name, name, n, 1.0, 1.0, 1.0, 0.0, 0.0) for name, n in real.most_common()]
    figures = msgspec.structs.replace(figures_of({"2019-10": real.total()}), categories=rows)
    shown = words(charts.category_bars(figures))
    assert [word for word in shown if word in real] == [name for name, _ in real.most_common()]
    assert [word for word in shown if word not in real] == [f"{n:,}" for _, n in real.most_common()]
    lengths = [width for width, _ in bars(charts.category_bars(figures), palette.ACCENT)]
    assert lengths == pytest.approx([n * lengths[0] / rows[0].crimes for _, n in real.most_common()])


def test_a_category_without_crimes_here_is_no_bar_but_stays_in_the_comparison() -> None:
    figures = figures_of({"2019-10": 8})
    assert "Drugs" not in words(charts.category_bars(figures))
    assert "Drugs" in words(charts.mix_comparison(figures))


def test_bars_of_the_trend_are_as_high_as_their_counts() -> None:
    counts: dict[str, int | None] = {"2019-10": 100, "2019-11": 25, "2019-12": 50}
    heights = [height for _, height in bars(charts.monthly_trend(figures_of(counts)), palette.ACCENT)]
    assert heights == pytest.approx([heights[0], heights[0] / 4, heights[0] / 2])
    assert {"100", "25", "50"} <= set(words(charts.monthly_trend(figures_of(counts))))


def test_months_without_data_are_bands_as_high_as_the_chart_and_no_bars() -> None:
    counts: dict[str, int | None] = {"2019-09": 10, "2019-10": None, "2019-11": None, "2019-12": 20}
    states = {"2019-10": "not_published", "2019-11": "not_loaded"}
    spec = charts.monthly_trend(figures_of(counts, states))
    ((width, height),) = bars(spec, palette.NO_DATA)
    drawn = bars(spec, palette.ACCENT)
    assert len(drawn) == 2
    assert height == spec["height"]
    assert width > 2 * drawn[0][0]
    assert "Not published or not loaded" in words(spec)
    data = spec["data"]
    assert isinstance(data, dict)
    assert [row["month"] for row in data["values"]] == ["2019-09", "2019-12"]


def test_a_true_zero_is_a_ring_and_no_band() -> None:
    spec = charts.monthly_trend(figures_of({"2019-10": 0, "2019-11": 3}))
    assert bars(spec, palette.NO_DATA) == []
    assert charts.to_svg(spec).count(f'stroke="{palette.ACCENT}"') == 1


def test_a_month_that_may_be_incomplete_has_its_own_colour_and_legend() -> None:
    figures = figures_of({"2019-10": 30, "2019-11": 3}, {"2019-11": "partial_suspected"})
    spec = charts.monthly_trend(figures)
    assert len(bars(spec, palette.PARTIAL)) == 1
    assert charts.PARTIAL in words(spec)
    assert "1 month may be incomplete" in alt_text.monthly_trend(figures)


def test_cohorts_show_gaps_and_which_months_are_not_finished() -> None:
    counts: dict[str, int | None] = dict.fromkeys(month_names(24), 40)
    counts["2010-05"] = None
    figures = figures_of(counts)
    spec = charts.outcome_cohorts(figures)
    svg = charts.to_svg(spec)
    assert len(bars(spec, palette.NO_DATA)) == 1
    assert {charts.FINISHED, charts.UNFINISHED} <= set(words(spec))
    light = len(re.findall(r'<path d="[^"]*"[^>]*opacity="0.4"', svg))
    assert light >= 4 * 12
    for group in list(GROUPS)[:4]:
        assert len(bars(spec, palette.OUTCOMES[group])) >= 23
    assert GROUPS["unmapped"] not in words(spec)
    assert "12 months not finished" in alt_text.outcome_cohorts(figures)


@pytest.mark.parametrize(("number", "labels"), [(12, 12), (24, 8), (60, 5), (140, 12)])
def test_long_windows_label_few_months_and_draw_all(number: int, labels: int) -> None:
    spec = charts.monthly_trend(figures_of(dict.fromkeys(month_names(number), 40)))
    assert len(bars(spec, palette.ACCENT)) == number
    assert len([word for word in words(spec) if re.fullmatch(r"\w{3} \d\d|20\d\d", word)]) == labels


def test_a_window_without_crimes_is_not_a_window_without_data() -> None:
    none = figures_of({"2019-10": 0, "2019-11": 0})
    unknown = figures_of({"2019-10": None, "2019-11": None})
    for draw, tell in ((charts.category_bars, TEXTS[0]), (charts.mix_comparison, TEXTS[3])):
        assert words(draw(none)) == [charts.NO_CRIMES]
        assert words(draw(unknown)) == [charts.NO_MONTHS]
        assert charts.NO_CRIMES in tell(none)
        assert charts.NO_MONTHS in tell(unknown)
    assert words(charts.outcome_cohorts(none)) == [
        "No crimes that can have an outcome in the months with data"
    ]
    assert bars(charts.monthly_trend(none), palette.NO_DATA) == []
    assert len(bars(charts.monthly_trend(unknown), palette.NO_DATA)) == 1


def test_the_comparison_places_each_share_where_the_figures_have_it() -> None:
    spec = charts.mix_comparison(figures_of({"2019-10": 8}))
    data = spec["data"]
    assert isinstance(data, dict)
    shares = {(row["category"], row["place"]): row["share"] for row in data["values"]}
    assert shares["Other theft", "Here"] == 100.0
    assert shares["Other theft", "Area of City of London"] == 25.0
    assert shares["Drugs", "England and Wales"] == 93.7


def test_nothing_to_compare_with_is_left_out_of_the_legend() -> None:
    figures = figures_of({"2019-10": 8})
    rows = [msgspec.structs.replace(row, area_share=None) for row in figures.categories]
    shown = words(charts.mix_comparison(msgspec.structs.replace(figures, categories=rows)))
    assert "Area of City of London" not in shown
    assert "England and Wales" in shown


@pytest.mark.parametrize("draw", CHARTS)
def test_the_same_figures_give_the_same_drawing_in_the_embedded_font(draw: Callable[[Figures], Spec]) -> None:
    figures = figures_of(dict.fromkeys(month_names(24), 40))
    first, second = charts.to_svg(draw(figures)), charts.to_svg(draw(figures))
    assert first == second
    assert set(re.findall(r'font-family="([^"]*)"', first)) == {"Inter"}
    assert json.loads(json.dumps(draw(figures))) == draw(figures)


def test_no_chart_and_no_text_judges() -> None:
    counts: dict[str, int | None] = {"2019-09": 10, "2019-10": None, "2019-11": 0, "2019-12": 20}
    for figures in (figures_of(counts), figures_of({"2019-10": 0}), figures_of({"2019-10": None})):
        said = [text(figures) for text in (*TEXTS, alt_text.coverage_map)]
        said += [word for draw in CHARTS for word in words(draw(figures))]
        assert not [sentence for sentence in said if JUDGING.search(sentence)]


def test_texts_have_the_key_numbers() -> None:
    counts: dict[str, int | None] = {"2019-09": 1200, "2019-10": None, "2019-11": 4}
    figures = figures_of(counts)
    assert "1,204 street crimes" in alt_text.category_bars(figures)
    trend = alt_text.monthly_trend(figures)
    assert "fewest in 2019-11, 4, most in 2019-09, 1,200" in trend
    assert "1 month without data" in trend
    assert "100.0 % here, 25.0 % in the area of City of London" in alt_text.mix_comparison(figures)
    density = alt_text.density_map(figures, [(51.5, -0.1, 3), (51.6, -0.1, 1)])
    assert "4 street crimes at 2 published map points within 500 metres of EC2M 7PY" in density


def test_colours_differ_in_lightness_alone() -> None:
    for colours in (
        list(palette.OUTCOMES.values())[:4],
        [palette.HERE, palette.AREA, palette.COUNTRY],
        list(palette.SEQUENTIAL),
    ):
        grey = sorted(lightness(colour) for colour in colours)
        assert min(b - a for a, b in pairwise(grey)) >= 8


def lightness(colour: str) -> float:
    """CIE L*, 0 to 100."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return float(116 * luminance ** (1 / 3) - 16)
