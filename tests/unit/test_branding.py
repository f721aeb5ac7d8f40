"""Branding from strangers: whatever is in it, a report gets lines of text and a readable colour."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporter.branding import Brand, read_branding
from services.reporter.letters import isolated
from services.reporter.problems import OrderError
from shared.brand_text import contrast_to_white


def branding(**fields: Any) -> dict[str, Any]:
    return {"name": "Bow Lane Lettings", **fields}


def refused(**fields: Any) -> OrderError:
    with pytest.raises(OrderError) as caught:
        read_branding(branding(**fields))
    return caught.value


def read(name: str) -> Brand | OrderError:
    try:
        return read_branding(branding(name=name))
    except OrderError as problem:
        return problem


# Text


@pytest.mark.parametrize(
    "name",
    [
        "Łódź & Søn, Århus",
        "شركة بو لين للتأجير",
        "נדל״ן ברחוב בו",  # noqa: RUF001
        "Homes 😀 🏠 👨‍👩‍👧 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ✉️ 1️⃣",
        "می‌خواهم",
        "خدماتِ جائیداد، لاہور ہاؤس",
        "<script>alert(1)</script> & <b>Sons</b>",
        "{{ 7 * 7 }} {% raw %}",
        'O\'Brien "& Co"',
    ],
)
def test_names_of_all_scripts_and_html_are_text(name: str) -> None:
    assert read_branding(branding(name=name, contact=[name])).name == name
    assert read_branding(branding(contact=[name])).contact == (name,)


@pytest.mark.parametrize(("name", "named"), [("不動産", "U+4E0D"), ("தமிழ்", "U+0BA4"), ("घर", "U+0918")])
def test_a_character_that_no_font_of_reports_has_is_refused_by_its_name(name: str, named: str) -> None:
    with pytest.raises(OrderError, match=f"{re.escape(named)} .* is in none of the report's fonts"):
        read_branding(branding(name=name))


@pytest.mark.parametrize("name", ["בית!", "1 مكتب", "«می» Ltd"])
def test_a_name_runs_in_the_direction_of_its_first_letter(name: str) -> None:
    assert isolated(name) == f"\u202b{name}\u202c"
    assert isolated(f"A {name}") == f"A {name}"
    assert isolated("1 £!") == "1 £!"


def test_groups_of_a_number_stay_in_their_order_in_a_line_that_runs_from_right_to_left() -> None:
    number = "+44 (0)20 7946-0000"
    assert isolated(f"مكتب {number}, 7") == f"\u202bمكتب \u202a{number}\u202c, 7\u202c"


def test_decomposed_accents_are_composed_and_white_space_around_is_taken_off() -> None:
    assert read_branding(branding(name=" Cafe\u0301 ")).name == "Café"


@pytest.mark.parametrize(
    ("char", "named"),
    [
        ("\n", "U+000A"),
        ("\t", "U+0009"),
        ("\x00", "U+0000"),
        ("\x9b", "U+009B"),
        ("\u2028", "U+2028 LINE SEPARATOR"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u202a", "U+202A LEFT-TO-RIGHT EMBEDDING"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\u2069", "U+2069 POP DIRECTIONAL ISOLATE"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\u00ad", "U+00AD SOFT HYPHEN"),
        ("\ue000", "U+E000"),
    ],
)
def test_what_is_invisible_breaks_the_line_or_turns_it_is_refused_by_name(char: str, named: str) -> None:
    problem = refused(name=f"Bow{char}Lane")
    assert problem.field == "branding.name"
    assert f"character 4 is {named}:" in problem.detail
    assert refused(contact=["fine", f"Bow{char}Lane"]).field == "branding.contact[1]"


def test_marks_piled_on_one_letter_are_refused_for_they_cover_the_lines_above() -> None:
    assert "marks on one letter" in refused(name="Z" + "\u0335" * 20).detail


@pytest.mark.parametrize("name", ["   ", "\u00a0", "\u200d", "\u0301"])
def test_a_name_that_shows_nothing_is_refused(name: str) -> None:
    assert "no visible character" in refused(name=name).detail


def test_joiners_in_a_row_are_refused() -> None:
    assert "invisible characters" in refused(name="a" + "\u200d" * 50).detail


def test_texts_and_lists_have_an_end() -> None:
    assert refused(name="x" * 10_000).detail == "branding.name: has 10,000 characters; 100 are allowed"
    assert refused(name="").detail == "branding.name: is empty"
    assert refused(contact=["x"] * 7).detail == "branding.contact: has more than 6 entries"
    assert refused(contact=["x", "y" * 101]).detail.startswith("branding.contact[1]: has 101 characters")
    assert read_branding(branding(name="x" * 100, contact=["y" * 100] * 6)).contact == ("y" * 100,) * 6


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (None, "branding: must be a JSON object"),
        (["name"], "branding: must be a JSON object"),
        ({}, "branding.name: is missing"),
        ({"name": 5}, "branding.name: must be text"),
        ({"name": "A", "contact": "B"}, "branding.contact: must be a list"),
        ({"name": "A", "contact": [5]}, "branding.contact[0]: must be text"),
        ({"name": "A", "logo": 5}, "branding.logo: must be text"),
        ({"name": "A", "color": "#000000"}, "branding.color: there is no such field"),
    ],
)
def test_branding_of_another_shape_is_refused(raw: object, detail: str) -> None:
    with pytest.raises(OrderError) as caught:
        read_branding(raw)
    assert caught.value.detail == detail


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_any_text_becomes_one_line_or_one_problem(text: str) -> None:
    brand = read(text)
    if isinstance(brand, OrderError):
        assert brand.field == "branding.name"
        assert brand.detail.isprintable()
    else:
        assert brand.name.strip() == brand.name != ""
        assert len(brand.name.splitlines()) == 1
        assert not set(brand.name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\0\n")


# Colour


def test_contrast_is_that_of_wcag() -> None:
    # Published examples: black 21, #767676 the lightest grey of 4.5, #777777 just below.
    assert contrast_to_white("#000000") == pytest.approx(21)
    assert contrast_to_white("#ffffff") == pytest.approx(1)
    assert contrast_to_white("#767676") == pytest.approx(4.54, abs=0.005)
    assert contrast_to_white("#777777") == pytest.approx(4.48, abs=0.005)


def test_a_dark_colour_is_taken_and_a_light_one_refused_with_its_ratio() -> None:
    assert read_branding(branding(colour="#12436D")).colour == "#12436d"
    assert read_branding(branding(colour="#767676")).colour == "#767676"
    problem = refused(colour="#777777")
    assert problem.field == "branding.colour"
    assert "contrast of 4.47:1 against white; 4.5:1 is needed" in problem.detail


@pytest.mark.parametrize("colour", ["red", "#fff", "#12436d;}", "#12436g", "12436d", "#12436d\n", ""])
def test_a_colour_in_another_notation_is_refused(colour: str) -> None:
    assert "is not a colour such as '#12436d'" in refused(colour=colour).detail
