"""Sums of a cube against plain counting."""

from collections import Counter
from datetime import date
from random import Random

import numpy as np
import pytest

from services.gateway.cubes import Block, Cube
from shared.model import months_after

COLUMNS = ("force", "category")
FIRST = date(2018, 10, 1)
Row = tuple[int, int, int, int]
"""Place of the month, force, category, count."""


def rows(seed: int) -> list[Row]:
    random = Random(seed)
    return [
        (random.choice((0, 1, 3)), random.randrange(5), random.randrange(40), random.randrange(1, 9))
        for _ in range(500)
    ]


def cube_of(found: list[Row]) -> Cube:
    """Four months, of which the third has no row."""
    blocks = {}
    for place in range(4):
        own = [row for row in found if row[0] == place]
        columns = {name: np.array([row[n + 1] for row in own], np.int16) for n, name in enumerate(COLUMNS)}
        blocks[months_after(FIRST, place)] = Block(columns, np.array([row[3] for row in own], np.float64))
    return Cube.of(COLUMNS, blocks)


@pytest.mark.parametrize("months", [[0, 1, 2, 3], [3, 0], [2], []])
@pytest.mark.parametrize("by", [["force"], ["category"], ["month"], ["month", "force"], []])
@pytest.mark.parametrize("allowed", [{}, {"force": [1, 4]}, {"force": [1], "category": [3, 30, 39]}])
def test_sums_are_those_of_counting_row_by_row(
    months: list[int], by: list[str], allowed: dict[str, list[int]]
) -> None:
    found = rows(7)
    cube = cube_of(found)
    counted: Counter[tuple[int, ...]] = Counter()
    for month, force, category, n in found:
        values = {"month": month, "force": force, "category": category}
        if month in months and all(values[name] in numbers for name, numbers in allowed.items()):
            counted[tuple(values[name] for name in by)] += n
    for _ in range(2):  # the second time from what was summed before
        sums = cube.sums(by, months, allowed)
        assert {key: n for key, n in sums.items() if n} == counted


def test_a_cube_without_a_month_has_no_sums() -> None:
    assert Cube.of(COLUMNS, {}).sums(["force"], [], {}) == {}
