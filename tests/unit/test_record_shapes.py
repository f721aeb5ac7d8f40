"""Records as text."""

import csv
import io
import random

from services.gateway.record_shapes import BOOLEANS, FIELDS, last_record


def test_the_last_record_of_a_csv_is_found_whatever_is_in_its_quotes() -> None:
    numbers = random.Random(3)
    for _ in range(2000):
        rows = [
            ["".join(numbers.choices('a,"\n', k=numbers.randint(0, 6))) for _ in range(3)]
            for _ in range(numbers.randint(1, 5))
        ]
        target = io.StringIO()
        csv.writer(target, lineterminator="\n").writerows([["id", "b", "c"], *rows])
        text = target.getvalue().encode()
        kept = list(csv.reader(io.StringIO(text[: last_record(text)].decode(), newline="")))
        assert kept == [["id", "b", "c"], *rows[:-1]]


def test_every_record_begins_with_its_id() -> None:
    assert {fields[0] for fields in FIELDS.values()} == {"id"}
    assert {name for fields in FIELDS.values() for name in fields} >= BOOLEANS
