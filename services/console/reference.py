"""`crimemaps reference`: tables that an operator may bring."""

from pathlib import Path

from cyclopts import App, Parameter

from services.console.ons_workbook import rates_file
from services.console.screen import note
from shared.errors import RequestError
from shared.ons import edition_of

reference = App(name="reference", default_parameter=Parameter(negative=()), version_flags=())


@reference.command
def ons(workbook: Path, *, out: Path = Path("ons_rates.csv")) -> None:
    """Make the rates of an edition of ONS for gateways and reporters to compare with.

    Set ONS_RATES to the file that is written and start them again: answers and reports then name the edition.

    Parameters
    ----------
    workbook
        The police force area data tables of ONS, .xlsx.
    out
        The file to write.
    """
    text, withheld = rates_file(workbook)
    try:
        edition = edition_of(text.splitlines())
        out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RequestError(f"nothing was written to {out}: {error}") from error
    note(f"{out}: {edition.title}, population {edition.population}, {len(edition.rates)} areas")
    if withheld:
        note(f"without rates, since ONS withholds them: {', '.join(withheld)}")
    note(f"set ONS_RATES={out.resolve()} for gateways and reporters, and start them again")
