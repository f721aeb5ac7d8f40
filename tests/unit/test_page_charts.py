"""Charts of pages: what they show of what is known, and of what is not."""

import re

import pytest

from services.gateway.site.charts import NARROW, WIDE, Bar, Column, Pair, bars, both, columns, pairs, ticks_to
from services.gateway.site.words import NOTHING


def rectangles(svg: str, kind: str) -> list[tuple[float, float]]:
    """Width and height of the marks of a class."""
    found = re.findall(rf'<rect [^>]*width="([0-9.]+)" height="([0-9.]+)" class="{kind}"', svg)
    return [(float(width), float(height)) for width, height in found]


def test_a_month_without_data_is_a_band_and_one_without_records_is_nothing() -> None:
    months = [Column("2018-10", [("fill-1", 8)]), Column("2018-11", None), Column("2018-12", [("fill-1", 0)])]
    svg = columns(months, "Months", WIDE)
    [(_, bar)] = rectangles(svg, "fill-1")
    [(_, band)] = rectangles(svg, "gap")
    assert 0 < bar <= band
    assert "November 2018: no data" in svg
    assert "December 2018" not in svg


def test_months_without_data_in_a_row_are_one_band() -> None:
    months = [Column(f"2018-{n:02}", None if n in (3, 4, 5, 9) else [("fill-1", n)]) for n in range(1, 13)]
    svg = columns(months, "Months", WIDE)
    widths = [width for width, _ in rectangles(svg, "gap")]
    assert len(widths) == 2
    assert widths[0] == pytest.approx(3 * widths[1], abs=0.02)
    assert "March 2018 to May 2018: no data" in svg


def test_columns_are_as_high_as_their_numbers() -> None:
    months = [Column("2018-10", [("fill-1", 50), ("fill-2", 25)]), Column("2018-11", [("fill-1", 100)])]
    svg = columns(months, "Months", WIDE)
    first, second = rectangles(svg, "fill-1")
    [upper] = rectangles(svg, "fill-2")
    assert second[1] == pytest.approx(2 * first[1], abs=0.02)
    assert first[1] == pytest.approx(2 * upper[1], abs=0.02)


def test_a_line_is_broken_where_nothing_is_known() -> None:
    months = [Column(f"2018-{n:02}", [("fill-1", n)]) for n in range(1, 7)]
    svg = columns(months, "Months", WIDE, line=[1, 2, None, 4, None, None])
    [path] = re.findall('class="line-2" d="([^"]+)"', svg)
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_bars_are_as_long_as_their_numbers_and_what_is_not_told_has_none() -> None:
    rows = [Bar("Drugs", 200, "200"), Bar("Robbery", 100, "100"), Bar("Other", None, "not told")]
    svg = bars(rows, "Categories", WIDE)
    (long, _), (short, _) = rectangles(svg, "fill-1")
    assert long == pytest.approx(2 * short, abs=0.02)
    assert "not told" in svg


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_no_label_is_cut_however_long(width: int) -> None:
    label = "Black/African/Caribbean/Black British - Any other Black/African/Caribbean background"
    for svg in (
        bars([Bar(label, 3, "3")], "All", width),
        pairs([Pair(label, 3.0, None, NOTHING)], "All", width),
    ):
        told = re.findall("<text[^>]*>([^<]*)</text>", svg)
        assert label in " ".join(told)


def test_a_side_without_a_share_has_no_mark() -> None:
    svg = pairs([Pair("Drugs", 12.5, None, NOTHING), Pair("Robbery", 1.0, 2.0, "-1.0 pp")], "Shares", WIDE)
    assert svg.count("<circle") == 2
    assert svg.count('class="fill-2"') == 1
    assert svg.count('class="axis"') == 1


def test_published_words_cannot_become_marks() -> None:
    svg = both(lambda width: bars([Bar("<script>alert(1)</script>", 1, "<b>")], '"><x', width))
    assert "<script" not in svg
    assert "<b>" not in svg
    assert 'aria-label="&#34;&gt;&lt;x"' in svg


@pytest.mark.parametrize(
    ("most", "ticks"),
    [(0, [0, 1]), (1, [0, 1]), (7, [0, 2, 4, 6, 8]), (43_615, [0, 10_000, 20_000, 30_000, 40_000, 50_000])],
)
def test_an_axis_begins_at_zero_and_reaches_beyond_the_largest_value(most: float, ticks: list[float]) -> None:
    assert ticks_to(most) == ticks
