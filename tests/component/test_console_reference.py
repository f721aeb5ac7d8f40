"""`crimemaps reference`: a table of the operator's own, from the published workbook."""

from pathlib import Path

from shared import reference
from tests.crimemaps import crimemaps

WORKBOOK = Path(__file__).parents[1] / "data" / "ons" / "table_p3.xlsx"
BUNDLED = Path(reference.__file__).parent / "ons_rates.csv"


def test_the_published_workbook_becomes_the_file_that_services_are_given(tmp_path: Path) -> None:
    done = crimemaps("reference", "ons", str(WORKBOOK), cwd=tmp_path)
    assert done.returncode == 0, done
    assert (tmp_path / "ons_rates.csv").read_text() == BUNDLED.read_text()
    said = " ".join(done.stderr.split())
    assert "year ending December 2024, population mid-2023, 43 areas" in said
    assert "without rates, since ONS withholds them: city-of-london" in said


def test_a_file_that_is_no_workbook_or_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.xlsx"
    text.write_text("Area Code")
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(WORKBOOK.read_bytes()[:2000])
    for arguments, says in (
        ((str(text),), "is no Excel workbook"),
        ((str(cut),), "is no Excel workbook"),
        ((str(tmp_path / "none.xlsx"),), "No such file"),
        ((str(WORKBOOK), "--out", str(tmp_path)), f"nothing was written to {tmp_path}"),
    ):
        done = crimemaps("reference", "ons", *arguments, cwd=tmp_path)
        assert done.returncode == 2, done
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
