"""Steps of months, always from a given day."""

from calendar import isleap
from datetime import date
from typing import Final

_MONTH_DAYS: Final = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _last_day(year: int, month: int) -> int:
    return 29 if month == 2 and isleap(year) else _MONTH_DAYS[month]


def is_month_end(day: date) -> bool:
    """Whether *day* is the last of its month."""
    return day.day >= 28 and day.day == _last_day(day.year, day.month)


def add_months(day: date, months: int, *, to_month_end: bool = False) -> date:
    """Return the same day that many *months* later, or earlier.

    Where the month is too short, and with *to_month_end* always, it is the month's
    last day.
    """
    years, index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, index + 1
    last = _last_day(year, month)
    return date(year, month, last if to_month_end else min(day.day, last))
