"""Of which months the British Transport Police has data."""

from collections import Counter
from datetime import date

from shared.area_figures.force_months import ForceMonths

MONTHS = [date(2020, month, 1) for month in range(1, 5)]


def test_few_crimes_on_railways_are_data_and_none_are_not() -> None:
    railway = Counter({MONTHS[0]: 5000, MONTHS[1]: 400, MONTHS[3]: 4000})
    known = ForceMonths({}, railway, {}, {})
    assert known.railway_months(MONTHS) == 3
    assert known.railway_months(MONTHS[1:3]) == 1


def test_what_came_with_a_month_that_only_other_forces_were_asked_for_is_no_month_of_data() -> None:
    known = ForceMonths({}, Counter(dict.fromkeys(MONTHS, 7)), {MONTHS[0]: ["kent"], MONTHS[1]: ["btp"]}, {})
    assert known.railway_months(MONTHS) == 3
