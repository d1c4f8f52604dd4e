"""Days as numbers, their calendar parts, and series without gaps."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from features.temporal import (
    day_number,
    day_numbers,
    day_of,
    day_of_month,
    day_of_year,
    month,
    netted,
    weekday,
)

DAYS = [date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29), date(2026, 11, 21)]


@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_its_number_and_back(day):
    assert day_of(day_number(day)) == day
    assert day_numbers(np.array([day.isoformat()], dtype="datetime64"))[0] == day_number(day)


def test_calendar_parts_are_those_of_the_calendar():
    days = [date(2023, 12, 25) + timedelta(days=n) for n in range(800)]
    numbers = np.array([day_number(day) for day in days])
    assert weekday(numbers).tolist() == [day.weekday() for day in days]
    assert day_of_month(numbers).tolist() == [day.day for day in days]
    assert month(numbers).tolist() == [day.month for day in days]
    assert day_of_year(numbers).tolist() == [day.timetuple().tm_yday for day in days]


def test_gaps_are_zero_and_a_days_rows_are_added_up():
    totals = netted(np.array([12, 10, 12]), [2.0, 3.0, 4.0], first=10, length=4)
    assert totals.tolist() == [3.0, 0.0, 6.0, 0.0]


def test_returns_are_netted_before_anything_is_floored():
    totals = netted(np.array([10, 10, 11]), [5.0, -2.0, -4.0], first=10, length=2)
    assert totals.tolist() == [3.0, 0.0]


def test_rows_outside_the_days_are_left_out():
    assert netted(np.array([9, 10, 99]), [1.0, 2.0, 3.0], first=10, length=2).tolist() == [2.0, 0.0]
