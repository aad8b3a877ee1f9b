"""How a release is named: its date, and `.2`, `.3` … for later ones of the same day."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.ratings.problems import StepNotAllowed

MOST_A_DAY: Final = 99


def release_id(day: date, number: int) -> str:
    return day.isoformat() if number == 1 else f"{day.isoformat()}.{number}"


def next_number(taken: Iterable[int]) -> int:
    """Raises StepNotAllowed where the day is full."""
    number = max(taken, default=0) + 1
    if number > MOST_A_DAY:
        raise StepNotAllowed(f"There are {MOST_A_DAY} releases of this date already. Take another date.")
    return number
