"""Steps of months, always from a given day."""

from calendar import monthrange
from datetime import date


def is_month_end(day: date) -> bool:
    """Whether *day* is the last of its month."""
    return day.day >= 28 and day.day == monthrange(day.year, day.month)[1]


def add_months(day: date, months: int, *, to_month_end: bool = False) -> date:
    """Return the same day that many *months* later, or earlier.

    Where the month is too short, and with *to_month_end* always, it is the month's
    last day.
    """
    years, index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, index + 1
    last = monthrange(year, month)[1]
    return date(year, month, last if to_month_end else min(day.day, last))
