"""Nothing that figures are made of changes unnoticed: what verifies a report goes by it."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from shared import reference
from shared.area_figures.counts import AreaCount, Counts, CrimeCount, MonthState, Neighbour, Place
from shared.area_figures.figures import work_out
from shared.area_figures.shapes import checksum
from shared.coverage import FIGURES_VERSION
from shared.model import Tier
from shared.ons import OnsEdition
from shared.reference.figures import TABLES, edition, edition_of
from shared.tiers import Window

FOLDER = Path(reference.__file__).parent
OTHERS = {"prior_density.csv.xz", "stop_outcomes.csv", "ons_mapping.csv", "ons_rates.csv"}
"""Tables that no figure of a report is made of, and those that the ONS edition names."""
PINNED = 3, "de8f9ef8d15438884083cba1a87387b49ee731c7c8e59b3272de1cf91e40e5ae"
"""FIGURES_VERSION, and the checksum of the figures below."""
FIRST, SECOND, THIRD = date(2018, 10, 1), date(2018, 11, 1), date(2018, 12, 1)


def counts() -> Counts:
    """Something of everything: a gap, a doubtful month, every outcome, a category without a name."""
    crimes = [
        CrimeCount(month, category, outcome, is_pending=outcome == "negative" and n == 3, n=n)
        for month in (FIRST, THIRD)
        for category, outcome, n in (
            ("burglary", "positive", 2),
            ("burglary", "negative", 3),
            ("anti-social-behaviour", "none", 7),
            ("violent-crime", "local", 1),
            ("of-tomorrow", "none", 1),
        )
    ]
    return Counts(
        place=Place("EC2M 7PY", 51.51906, -0.08138, "kent", "Kent Police", "a test"),
        window=Window(Tier.ESSENTIAL, FIRST, THIRD),
        months=[
            MonthState(FIRST, 1, date(2019, 1, 1), "published", "records are loaded"),
            MonthState(SECOND, None, None, "not_loaded", "no version of this month is loaded"),
            MonthState(THIRD, 2, date(2019, 2, 1), "partial_suspected", "few"),
        ],
        crimes=crimes,
        neighbours=[Neighbour("essex", "Essex Police", 1)],
        railway_months=1,
        locations=[("On or near Bow Lane", 9), ("On or near Abchurch Yard", 9), ("On or near Cornhill", 2)],
        area=[AreaCount(FIRST, "burglary", 40, 2), AreaCount(THIRD, "violent-crime", 60, 1)],
        country={"burglary": 400, "violent-crime": 800, "anti-social-behaviour": 900},
        country_forces=43,
        categories={
            "burglary": "Burglary",
            "violent-crime": "Violence",
            "anti-social-behaviour": "Anti-social behaviour",
        },
        outcome_groups={"positive": "Charge", "local": "Local", "negative": "Nobody", "none": "Nothing"},
        ons=OnsEdition(
            "year ending",
            "mid-2023",
            {"burglary": "Burglary", "violent-crime": "Violence against the person + Sexual offences"},
            {
                "england-and-wales": {"burglary": 4.0, "violent-crime": 36.5},
                "kent": {"burglary": 3.0, "violent-crime": 33.3},
            },
        ),
        revision="a test",
    )


def test_the_same_counts_give_the_same_figures_until_the_version_of_figures_is_raised() -> None:
    assert (FIGURES_VERSION, checksum(work_out(counts()))) == PINNED, (
        "Figures come out another way. Raise FIGURES_VERSION in shared/coverage.py, so that reports made "
        "before are called superseded, then write both values into PINNED."
    )


def test_every_table_is_one_that_figures_are_made_of_or_known_not_to_be() -> None:
    bundled = {path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".geojson", ".xz")}
    assert bundled == set(TABLES) | OTHERS


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of the tables, to be changed."""
    return Path(shutil.copytree(FOLDER, tmp_path / "reference"))


def test_the_same_tables_are_the_same_edition_wherever_they_are(tables: Path) -> None:
    assert edition_of(tables) == edition()


@pytest.mark.parametrize("name", TABLES)
def test_any_other_content_of_a_table_is_another_edition(tables: Path, name: str) -> None:
    text = (tables / name).read_text(encoding="utf-8")
    (tables / name).write_text(text[:-2] + "8" + text[-2:], encoding="utf-8")
    assert edition_of(tables) != edition()


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_table_that_figures_are_not_made_of_changes_no_edition(tables: Path, name: str) -> None:
    (tables / name).write_bytes(b"other")
    assert edition_of(tables) == edition()
