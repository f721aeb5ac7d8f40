"""Views of a map, the steps of its colours, and what it may fetch."""

import numpy as np
import pytest

from services.gateway.errors import ParameterError
from services.gateway.site.maps.policy import page_headers, worker_policy
from services.gateway.site.maps.state import is_sent_by_form, read_state
from services.gateway.site.maps.steps import classes_for, colour_of, steps_for
from services.gateway.site.maps.view import COUNTRY, SIZE, View, read_view
from shared.model import Dataset


@pytest.mark.parametrize(
    ("zoom", "level"), [(4, 17600), (5.99, 17600), (6, 4400), (8, 1100), (10, 275), (16, 275)]
)
def test_a_view_has_the_hexagons_of_the_tiles_of_its_zoom(zoom: float, level: int) -> None:
    assert View(52, -1, zoom).level == level


def test_the_corners_of_the_rectangle_are_the_corners_of_the_drawing() -> None:
    view = View(51.5, -0.1, 11)
    west, south, east, north = view.bbox()
    corners = view.pixels(np.array([[west, north], [east, south], [-0.1, 51.5]]))
    assert corners == pytest.approx(np.array([[0, 0], [SIZE, SIZE], [SIZE / 2, SIZE / 2]]), abs=1e-4)


def test_a_view_comes_back_from_its_address() -> None:
    assert read_view(View(51.5155, -0.0922, 11).text) == View(51.5155, -0.0922, 11)
    assert read_view(None) == COUNTRY
    with pytest.raises(ParameterError, match="at: 'x' is no view"):
        read_view("x")


def test_ways_lead_no_further_than_the_country_and_its_streets() -> None:
    assert View(51.5, -0.1, 16).zoomed(1) is None
    assert View(51.5, -0.1, 4).zoomed(-1) is None
    assert View(56.4, -0.1, 5).moved(0, -1) is None
    nearer = View(51.5, -0.1, 11).moved(1, 0)
    assert nearer is not None
    assert nearer.lon > -0.1


def test_steps_are_round_and_every_count_has_the_colour_that_the_legend_names() -> None:
    totals = [1, 3, 4, 9, 12, 40, 75, 130]
    steps = steps_for(totals)
    assert steps == [2, 5, 10, 20, 50]
    legend = {one.colour: one.label for one in classes_for(steps)}
    assert [legend[colour_of(total, steps)] for total in (4, 5, 19, 49, 50)] == [
        "2 to 4", "5 to 9", "10 to 19", "20 to 49", "50 or more",
    ]  # fmt: skip
    assert steps_for([]) == []
    assert [one.label for one in classes_for(steps_for([1, 1]))] == ["1 or more"]


def test_a_state_has_the_shortest_address_and_keeps_its_filters() -> None:
    given = {"from": ["2018-11"], "to": ["2018-10"], "category": ["burglary", "drugs"], "at": [""]}
    assert is_sent_by_form(given)
    state = read_state(Dataset.STREET, given)
    assert state.address() == "/maps/crime?month=2018-10..2018-11&category=burglary,drugs"
    assert state.address(cell="275.1.2").endswith("&cell=275.1.2")
    with pytest.raises(ParameterError, match="at most 60"):
        read_state(Dataset.STREET, {"month": ["2015-01..2020-12"]})


@pytest.mark.parametrize(
    ("given", "month"),
    [
        ("2018-10", "2018-10"),
        ("2018-10..2018-12", "2018-10..2018-12"),
        ("2018-11..2018-11", "2018-11"),
        ("2018-12,2018-11,2019-01", "2018-11..2019-01"),
        ("2018-10..2018-11,2018-11..2018-12", "2018-10..2018-12"),
    ],
)
def test_months_in_a_row_are_a_first_and_a_last_one(given: str, month: str) -> None:
    assert read_state(Dataset.STREET, {"month": [given]}).month == month
    assert is_sent_by_form({"month": [given]}) == ("," in given)


@pytest.mark.parametrize("given", ["2018-10,2018-12", "2018-10..2018-11,2019-01", "2019-01,2018-10"])
def test_months_with_a_gap_are_refused_with_what_is_valid(given: str) -> None:
    with pytest.raises(ParameterError, match=r"leaves months out: .*one month, or a first and a last one"):
        read_state(Dataset.STREET, {"month": [given]})


def test_an_operators_basemap_may_be_fetched_from_where_it_is_and_nowhere_else() -> None:
    policy = page_headers("https://tiles.example/style.json")["Content-Security-Policy"]
    assert "connect-src 'self' https://tiles.example;" in policy
    assert "img-src 'self' https://tiles.example" in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self' https://tiles.example;" in worker_policy("https://tiles.example/style.json")
    assert worker_policy(None) == "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
