"""Make `ons_rates.csv` from an ONS table: `python make_ons.py FILE EDITION POPULATION`.

Not needed at run time. FILE is the sheet "Table P3" (rates per 1,000) as CSV, its first row the column names;
EDITION is such as "year ending December 2024", POPULATION such as "mid-2023".
A force whose rates ONS withholds gets no row. Groups of `ons_mapping.csv` that do not add up to the published
total are an error: one is left out, or counted twice with a part of it.
"""

import csv
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
COUNTRY = ("K04000001", "england-and-wales")
TOTAL = "Total recorded crime (excluding fraud)"
WITHHELD = re.compile(r"\[[a-z]+[0-9]*\]")
"""Such as `[u1]`: ONS publishes no number."""


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table; notes are taken off its columns' names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {re.sub(r" \[note .*\]$", "", name): value for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def rates(row: dict[str, str], mapping: dict[str, list[str]]) -> dict[str, str]:
    """Recorded crimes per 1,000 residents by category slug; empty if they are withheld."""
    groups = {group for names in mapping.values() for group in names}
    if all(WITHHELD.fullmatch(row[group]) for group in groups):
        return {}
    total = sum(float(row[group]) for group in groups)
    if abs(total - float(row[TOTAL])) > 1e-9:
        raise ValueError(f"{row['Area Name']}: the groups add up to {total}, published are {row[TOTAL]}")
    return {slug: f"{sum(float(row[group]) for group in names):.6f}" for slug, names in mapping.items()}


def main(table: Path, edition: str, population: str) -> None:
    by_code = {row["Area Code"]: row for row in read(table)}
    listed = {row["category"]: row["offence_groups"] for row in read(HERE / "ons_mapping.csv")}
    mapping = {slug: groups.split("|") for slug, groups in listed.items() if groups}
    areas = [COUNTRY, *((row["pfa_code"], row["id"]) for row in read(HERE / "forces.csv") if row["pfa_code"])]
    found = {slug: rates(by_code[code], mapping) for code, slug in areas}
    with (HERE / "ons_rates.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["edition", "population", "area", *mapping], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {"edition": edition, "population": population, "area": slug} | row
            for slug, row in found.items()
            if row
        )
    print(f"without rates: {', '.join(slug for slug, row in found.items() if not row) or 'none'}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit('usage: python make_ons.py FILE "year ending December 2024" mid-2023')
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    except (OSError, ValueError) as error:
        sys.exit(str(error))
