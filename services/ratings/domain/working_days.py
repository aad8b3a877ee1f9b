"""Deadlines in working days: weekends and England's bank holidays do not count, and no year is guessed."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

FILE: Final = Path(__file__).with_name("bank_holidays_england.toml")
LONDON: Final = ZoneInfo("Europe/London")
SATURDAY: Final = 5


class BeyondTheCalendar(ValueError):
    """A date in a year whose bank holidays the file does not hold."""


@dataclass(frozen=True)
class Calendar:
    """Bank holidays of the years from `first_year` to `last_year`, with where they were read."""

    holidays: frozenset[date]
    first_year: int
    last_year: int
    source: str

    def is_working_day(self, day: date) -> bool:
        """Raises BeyondTheCalendar for a year that the file does not hold."""
        if not self.first_year <= day.year <= self.last_year:
            raise BeyondTheCalendar(
                f"{day.isoformat()} is outside {self.first_year} to {self.last_year}: extend {FILE.name} first"
            )
        return day.weekday() < SATURDAY and day not in self.holidays


@cache
def england(file: Path = FILE) -> Calendar:
    """England's calendar; raises ValueError for a file with a year missing, a day on a weekend or in another year."""
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    first, last = int(read["first_year"]), int(read["last_year"])
    if [int(year) for year in read["days"]] != list(range(first, last + 1)):
        raise ValueError(f"{file.name}: each year from {first} to {last} once, in order")
    for year, days in read["days"].items():
        if any(day.year != int(year) or day.weekday() >= SATURDAY for day in days):
            raise ValueError(f"{file.name}: a day of {year} is in another year or on a weekend")
    holidays = frozenset(day for days in read["days"].values() for day in days)
    return Calendar(holidays, first, last, str(read["source"]))


def day_zero(notified: datetime) -> date:
    """The day in London on which a notification was recorded; raises ValueError for a moment without a time zone."""
    if notified.tzinfo is None:
        raise ValueError("a notification needs a time zone")
    return notified.astimezone(LONDON).date()


def deadline(day: date, working_days: int, calendar: Calendar) -> date:
    """The last of `working_days` working days after `day`, which is day 0 and never counts, working day or not.

    Raises BeyondTheCalendar rather than guess a holiday, and ValueError for fewer than one working day.
    """
    if working_days < 1:
        raise ValueError("a deadline is at least one working day away")
    calendar.is_working_day(day)
    left = working_days
    while left:
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
    return day
