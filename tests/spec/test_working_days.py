"""Deadlines over England's bank holidays (methods 4)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ratings.domain.working_days import BeyondTheCalendar, day_zero, deadline, england

MOVED = {date(2020, 5, 4): date(2020, 5, 8), date(2022, 5, 30): date(2022, 6, 2)}  # VE Day; the Platinum Jubilee
EXTRA = {date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8)}  # Jubilee, State Funeral, Coronation
DAYS = st.dates(date(2013, 1, 1), date(2027, 6, 30))


def test_ten_days_over_christmas() -> None:
    """Methods 4: 10 days from Thu 2024-12-19 = 2025-01-07."""
    assert deadline(date(2024, 12, 19), 10, england()) == date(2025, 1, 7)


def test_five_days_over_easter() -> None:
    """Methods 4: 5 days from Thu 2025-04-17 = 2025-04-28."""
    assert deadline(date(2025, 4, 17), 5, england()) == date(2025, 4, 28)


def test_a_notification_at_a_weekend_counts_from_the_next_working_day() -> None:
    friday, saturday, sunday = date(2025, 6, 6), date(2025, 6, 7), date(2025, 6, 8)
    assert {deadline(day, 1, england()) for day in (friday, saturday, sunday)} == {date(2025, 6, 9)}


def test_a_date_beyond_the_file_is_refused() -> None:
    """Methods 4: a date beyond the file's last year is refused; so is one before its first."""
    assert deadline(date(2027, 12, 30), 1, england()) == date(2027, 12, 31)
    for day, days in ((date(2027, 12, 30), 2), (date(2028, 1, 1), 1), (date(2012, 12, 31), 1)):
        with pytest.raises(BeyondTheCalendar):
            deadline(day, days, england())


@pytest.mark.parametrize("days", [0, -1])
def test_no_deadline_lies_before_tomorrow(days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        deadline(date(2025, 1, 2), days, england())


def test_day_zero_is_the_day_in_london() -> None:
    """Methods 4: day 0 = the recorded notification, Europe/London. 23:30 UTC in summer is past midnight there."""
    assert day_zero(datetime(2025, 7, 1, 23, 30, tzinfo=UTC)) == date(2025, 7, 2)
    assert day_zero(datetime(2025, 1, 1, 23, 30, tzinfo=UTC)) == date(2025, 1, 1)
    with pytest.raises(ValueError, match="time zone"):
        day_zero(datetime(2025, 7, 1, 23, 30))  # noqa: DTZ001 - that it has none is the point


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus 1991, after an anonymous letter to Nature, 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), (i, k) = divmod(b, 4), divmod(c, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + rest - 7 * ((a + 11 * h + 22 * rest) // 451) + 114, 31)
    return date(year, month, day + 1)


def _monday_on_or_after(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def _by_rule(year: int) -> set[date]:
    """The Act's days by rule, substitutes included, with the proclaimed changes."""
    holidays = {
        easter(year) - timedelta(days=2),
        easter(year) + timedelta(days=1),
        _monday_on_or_after(date(year, 5, 1)),
        _monday_on_or_after(date(year, 5, 25)),
        _monday_on_or_after(date(year, 8, 25)),
    }
    for day in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        free = day
        while free.weekday() >= 5 or free in holidays:
            free += timedelta(days=1)
        holidays.add(free)
    return {MOVED.get(day, day) for day in holidays} | {day for day in EXTRA if day.year == year}


def test_every_day_of_the_file_follows_from_the_rules_and_the_proclamations() -> None:
    calendar = england()
    by_rule = set[date]().union(*(_by_rule(year) for year in range(calendar.first_year, calendar.last_year + 1)))
    # with Christmas on a Sunday its substitute comes after Boxing Day: the days are the same, their names are not
    assert calendar.holidays == by_rule
    assert (calendar.first_year, calendar.last_year, len(by_rule)) == (2013, 2027, 15 * 8 + 3)
    assert "gov.uk" in calendar.source


@given(DAYS, st.integers(1, 60))
def test_a_deadline_is_a_working_day_with_as_many_between(day: date, days: int) -> None:
    end = deadline(day, days, england())
    between = [day + timedelta(days=step) for step in range(1, (end - day).days + 1)]
    assert sum(england().is_working_day(each) for each in between) == days
    assert england().is_working_day(end)


@pytest.mark.parametrize(
    "days", ["2013 = [2013-01-05]", "2013 = [2014-01-01]", "2014 = [2014-01-01]", "2013 = []\n2014 = []"]
)
def test_a_file_that_cannot_be_true_is_refused(tmp_path: Path, days: str) -> None:
    file = tmp_path / "holidays.toml"
    file.write_text(f'source = "x"\nfirst_year = 2013\nlast_year = 2013\n[days]\n{days}\n')
    with pytest.raises(ValueError, match=r"holidays\.toml"):
        england(file)
