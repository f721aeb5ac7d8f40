"""Postcodes: how they are read, and what is said of those that no report can be about."""

from dataclasses import replace
from datetime import date

import pytest

from shared.postcodes import Known, PostcodeError, Reason, country_of_area, location_of, normalise, unknown

EC2M = Known("EC2M 7PY", 51.51906, -0.08138, "E", None, "somebody")


def refusal(text: str) -> PostcodeError:
    with pytest.raises(PostcodeError) as caught:
        normalise(text)
    assert caught.value.reason is Reason.MALFORMED
    return caught.value


@pytest.mark.parametrize(
    ("text", "postcode"),
    [
        ("EC2M 7PY", "EC2M 7PY"),
        ("ec2m7py", "EC2M 7PY"),
        ("  Ec2M   7pY\n", "EC2M 7PY"),
        ("EC2M\N{NO-BREAK SPACE}7PY", "EC2M 7PY"),
        ("E C 2 M 7 P Y", "EC2M 7PY"),
        ("e16an", "E1 6AN"),
        ("E161AN", "E16 1AN"),
        ("m11ae", "M1 1AE"),
        ("CR26XH", "CR2 6XH"),
        ("w1a0ax", "W1A 0AX"),
        ("gir0aa", "GIR 0AA"),
    ],
)
def test_a_postcode_is_read_however_it_is_spaced_and_cased(text: str, postcode: str) -> None:
    assert normalise(text) == postcode


@pytest.mark.parametrize("text", ["SW1A", "sw1a 1", "EC2M7P", "E16", "M1"])
def test_the_first_part_of_a_postcode_is_told_apart(text: str) -> None:
    assert str(refusal(text)) == (
        f"{text!r} is only the first part of a postcode: write the whole postcode, such as EC2M 7PY"
    )


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_is_told_to_be_no_postcode(text: str) -> None:
    assert str(refusal(text)) == "no postcode: write a whole one, such as EC2M 7PY"


@pytest.mark.parametrize(
    "text",
    [
        "London",
        "EC2M-7PY",
        "EC2M 7PY; DROP TABLE postcode",
        "EC2M\x007PY",
        "EC2M\n7PY",
        "EC2M 7P\N{LATIN SMALL LETTER LONG S}",  # upper() would make an S of it
        "EC\N{FULLWIDTH DIGIT TWO}M 7PY",
        "\N{SLIGHTLY SMILING FACE}" * 3,
        "\N{RIGHT-TO-LEFT OVERRIDE}YP7 M2CE",
        "\ud800",
        "EC2M 7PY EC2M 7PY",
    ],
)
def test_what_is_no_postcode_is_repeated_readably(text: str) -> None:
    said = str(refusal(text))
    assert "is not a postcode: write a whole one, such as EC2M 7PY" in said
    assert said.isprintable()


def test_ten_thousand_characters_are_cut_in_the_message() -> None:
    assert len(str(refusal("x" * 10_000))) < 100


def test_a_postcode_in_use_in_england_or_wales_has_a_location() -> None:
    location = location_of(EC2M)
    assert (location.latitude, location.longitude, location.source) == (51.51906, -0.08138, "somebody")
    assert location_of(replace(EC2M, country="W")).postcode == "EC2M 7PY"
    assert location_of(replace(EC2M, country=None)).postcode == "EC2M 7PY"


@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        ({"country": "S"}, Reason.OUTSIDE, "is in Scotland, of whose police data.police.uk publishes no"),
        ({"country": "N"}, Reason.OUTSIDE, "is in Northern Ireland, whose police area has no counterpart"),
        ({"country": "L"}, Reason.OUTSIDE, "is in the Channel Islands"),
        ({"country": "M", "latitude": None, "longitude": None}, Reason.OUTSIDE, "is in the Isle of Man"),
        ({"country": "S", "terminated": date(2015, 6, 1)}, Reason.OUTSIDE, "is in Scotland"),
        ({"terminated": date(2015, 6, 1)}, Reason.TERMINATED, "has not been in use since 2015-06"),
        ({"latitude": None, "longitude": None}, Reason.NO_POSITION, "has no grid reference"),
    ],
)
def test_every_other_postcode_gets_its_own_answer(
    change: dict[str, object], reason: Reason, said: str
) -> None:
    with pytest.raises(PostcodeError, match=said) as caught:
        location_of(replace(EC2M, **change))  # type: ignore[arg-type]
    assert caught.value.reason is reason
    assert str(caught.value).startswith("EC2M 7PY ")


def test_an_unknown_postcode_has_its_own_answer() -> None:
    assert unknown("EC2M 9ZZ").reason is Reason.UNKNOWN
    assert str(unknown("EC2M 9ZZ")).startswith("EC2M 9ZZ is not known")


@pytest.mark.parametrize(
    ("postcode", "country"),
    [
        ("G1 1AA", "S"),
        ("EH1 1BB", "S"),
        ("BT1 1AA", "N"),
        ("JE2 3AB", "L"),
        ("IM1 1AA", "M"),
        ("GL1 1AA", None),
        ("GU1 1AA", None),
        ("TD15 1AA", None),  # Berwick-upon-Tweed
        ("DG16 5AA", None),  # both sides of the border
        ("E1 6AN", None),
        ("SY1 1AA", None),
    ],
)
def test_the_areas_that_lie_outside_whole_are_known(postcode: str, country: str | None) -> None:
    assert country_of_area(postcode) == country
