"""The bundled ONS edition: nothing counted twice, nothing left out."""

import csv
from pathlib import Path

import pytest

from shared import reference
from shared.ons import OnsEdition, bundled

REFERENCE = Path(reference.__file__).parent

# Table P3, year ending December 2024, as published: "Total recorded crime (excluding fraud)".
PUBLISHED_TOTALS = {
    "england-and-wales": 87.9209,
    "cleveland": 124.6480,
    "durham": 94.0499,
    "northumbria": 94.9437,
    "cheshire": 71.1741,
    "cumbria": 73.1117,
    "greater-manchester": 109.8658,
    "lancashire": 83.8979,
    "merseyside": 93.5937,
    "humberside": 100.4700,
    "north-yorkshire": 54.7645,
    "south-yorkshire": 107.9753,
    "west-yorkshire": 115.2304,
    "derbyshire": 78.0075,
    "leicestershire": 84.1907,
    "lincolnshire": 70.7044,
    "northamptonshire": 74.4585,
    "nottinghamshire": 83.3605,
    "staffordshire": 75.5089,
    "warwickshire": 64.9231,
    "west-mercia": 61.2443,
    "west-midlands": 105.2565,
    "bedfordshire": 71.5928,
    "cambridgeshire": 73.7682,
    "essex": 78.0047,
    "hertfordshire": 65.8292,
    "norfolk": 63.7979,
    "suffolk": 58.0752,
    "metropolitan": 106.1607,
    "hampshire": 77.2180,
    "kent": 85.8743,
    "surrey": 60.1504,
    "sussex": 77.8418,
    "thames-valley": 67.0378,
    "avon-and-somerset": 94.0166,
    "devon-and-cornwall": 65.9896,
    "dorset": 65.6378,
    "gloucestershire": 71.0249,
    "wiltshire": 52.3892,
    "dyfed-powys": 71.7788,
    "gwent": 98.0128,
    "north-wales": 77.1137,
    "south-wales": 81.0515,
}


def test_every_force_with_published_rates_has_its_published_total() -> None:
    rates = bundled().rates
    # 13 rates of six decimals each: the sum is off by 0.0000065 at most, the total here by 0.00005.
    assert {area: sum(row.values()) for area, row in rates.items()} == pytest.approx(
        PUBLISHED_TOTALS, abs=6e-5
    )
    territorial = {force.id for force in reference.forces() if force.pfa_code}
    assert set(rates) == territorial - {"city-of-london"} | {OnsEdition.COUNTRY}


def test_violent_crime_is_violence_and_sexual_offences_and_no_part_of_them_twice() -> None:
    # England and Wales as published: 32.164584… and 3.376319….
    assert bundled().rates["england-and-wales"]["violent-crime"] == pytest.approx(
        32.164584 + 3.376319, abs=2e-6
    )
    assert bundled().offence_groups["violent-crime"] == "Violence against the person + Sexual offences"


def test_the_names_that_trap_have_their_own_rates() -> None:
    rates = bundled().rates
    # Devon & Cornwall, and the force of the West Midlands, which is not the region (85.8991).
    assert rates["devon-and-cornwall"]["violent-crime"] == pytest.approx(28.806124 + 3.511175, abs=2e-6)
    assert sum(rates["west-midlands"].values()) == pytest.approx(105.2565, abs=6e-5)
    assert "city-of-london" not in rates


def test_each_category_is_mapped_or_known_to_have_no_counterpart() -> None:
    with (REFERENCE / "ons_mapping.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["category"]: row["offence_groups"] for row in csv.DictReader(file)}
    assert list(listed) == [row.slug for row in reference.categories()]
    assert [slug for slug, groups in listed.items() if not groups] == [
        "anti-social-behaviour",
        "public-disorder-weapons",
    ]
    assert all(set(row) == set(bundled().offence_groups) for row in bundled().rates.values())


def test_the_edition_and_its_population_are_stated() -> None:
    assert (bundled().title, bundled().population) == ("year ending December 2024", "mid-2023")
