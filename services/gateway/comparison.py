"""Two sides beside each other: shares and their differences in percentage points. Pure."""

from collections.abc import Mapping

from services.gateway.statistics_schemas import ComparedRow
from shared.rates import percent, points

Counts = Mapping[str, int]


def compare(a: Counts, b: Counts) -> list[ComparedRow]:
    """A row for each slug that either side has, the larger share of `a` first."""
    total_a, total_b = sum(a.values()), sum(b.values())
    rows = []
    for slug in sorted(a.keys() | b.keys()):
        share_a, share_b = percent(a.get(slug, 0), total_a), percent(b.get(slug, 0), total_b)
        rows.append(
            ComparedRow(slug, a.get(slug, 0), share_a, b.get(slug, 0), share_b, points(share_a, share_b))
        )
    return sorted(rows, key=lambda row: (-row.a_count, -row.b_count, row.slug))
